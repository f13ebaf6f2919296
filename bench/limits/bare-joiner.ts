import type { Socket } from 'node:net';

const SIZE = 64 * 1024;

/** Joins the frames of a turn into one write. */
export class BareJoiner {
  /** Where {@link add} writes. */
  bytes = Buffer.allocUnsafeSlow(SIZE);
  /** What was written to the socket, and what is to be. */
  private sent = 0;
  private used = 0;

  constructor(private readonly socket: Socket) {}

  /** Adds a copy of a frame; returns where it stands in {@link bytes}. */
  add(frame: Buffer): number {
    if (this.used + frame.length > SIZE) this.startAnew();
    if (this.used === this.sent) process.nextTick(() => this.flush());
    const start = this.used;
    this.bytes.set(frame, start);
    this.used += frame.length;
    return start;
  }

  private startAnew(): void {
    this.flush();
    this.bytes = Buffer.allocUnsafeSlow(SIZE);
    this.sent = this.used = 0;
  }

  private flush(): void {
    if (this.used === this.sent) return;
    this.socket.write(this.bytes.subarray(this.sent, this.used));
    this.sent = this.used;
  }
}
