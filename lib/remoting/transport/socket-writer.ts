import type { Socket } from 'node:net';

/** Writes to a socket with one call what one callback of the event loop, and the promises behind it, have to say. */
export class SocketWriter {
  private frames: Buffer[] = [];
  private queuedBytes = 0;

  constructor(private readonly socket: Socket) {}

  /** Bytes that the peer has not taken yet. */
  get backlog(): number {
    return this.queuedBytes + this.socket.writableLength;
  }

  write(frame: Buffer): void {
    this.frames.push(frame);
    this.queuedBytes += frame.length;
    if (this.frames.length === 1) process.nextTick(() => this.flush());
  }

  private flush(): void {
    const { frames } = this;
    this.frames = [];
    this.queuedBytes = 0;
    if (this.socket.destroyed) return;
    this.socket.write(frames.length === 1 ? frames[0]! : Buffer.concat(frames));
  }
}
