import type { Socket } from 'node:net';
import type { Clock } from '../../common/clock.js';

/** Writes all frames of one turn of the event loop to a socket with one call. */
export class SocketWriter {
  private frames: Buffer[] = [];
  private queuedBytes = 0;

  constructor(
    private readonly socket: Socket,
    private readonly clock: Clock,
  ) {}

  /** Bytes that the peer has not taken yet. */
  get backlog(): number {
    return this.queuedBytes + this.socket.writableLength;
  }

  write(frame: Buffer): void {
    this.frames.push(frame);
    this.queuedBytes += frame.length;
    if (this.frames.length === 1) this.clock.setImmediate(() => this.flush());
  }

  private flush(): void {
    const { frames } = this;
    this.frames = [];
    this.queuedBytes = 0;
    if (this.socket.destroyed) return;
    this.socket.write(frames.length === 1 ? frames[0]! : Buffer.concat(frames));
  }
}
