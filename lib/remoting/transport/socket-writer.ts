import type { Socket } from 'node:net';

/** Frames of fewer bytes on average are copied into one buffer: the system call takes longer for many buffers. */
const MAX_JOINED = 4096;

/** Writes to a socket with one call what one callback of the event loop, and the promises behind it, have to say. */
export class SocketWriter {
  /** Frames, or parts of them. */
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
    const { frames, queuedBytes, socket } = this;
    this.frames = [];
    this.queuedBytes = 0;
    if (socket.destroyed) return;
    if (frames.length === 1) socket.write(frames[0]!);
    else if (queuedBytes / frames.length <= MAX_JOINED) socket.write(Buffer.concat(frames));
    else this.writeTogether(frames);
  }

  private writeTogether(frames: readonly Buffer[]): void {
    this.socket.cork();
    for (const frame of frames) this.socket.write(frame);
    this.socket.uncork();
  }
}
