import type { Socket } from 'node:net';

/** Frames of fewer bytes on average are copied into one buffer: the system call takes longer for many buffers. */
const MAX_JOINED = 4096;

/** Writes to a socket with one call what one callback of the event loop, and the promises behind it, have to say. */
export class SocketWriter {
  /** Frames, parts of them, or several that lie next to each other in the memory that they share. */
  private pieces: Buffer[] = [];
  /** The last piece, of which no view is made before it is known where it ends. */
  private memory: ArrayBufferLike | undefined;
  private start = 0;
  private end = 0;
  private queuedBytes = 0;

  constructor(private readonly socket: Socket) {}

  /** Bytes that the peer has not taken yet. */
  get backlog(): number {
    return this.queuedBytes + this.socket.writableLength;
  }

  write(frame: Buffer): void {
    const { byteOffset, length } = frame;
    if (this.memory === undefined) process.nextTick(() => this.flush());
    if (byteOffset !== this.end || frame.buffer !== this.memory) {
      this.endPiece();
      this.memory = frame.buffer;
      this.start = this.end = byteOffset;
    }
    this.end += length;
    this.queuedBytes += length;
  }

  private endPiece(): void {
    if (this.memory !== undefined)
      this.pieces.push(Buffer.from(this.memory, this.start, this.end - this.start));
    this.memory = undefined;
  }

  private flush(): void {
    this.endPiece();
    const { pieces, queuedBytes, socket } = this;
    this.pieces = [];
    this.queuedBytes = 0;
    if (socket.destroyed) return;
    if (pieces.length === 1) socket.write(pieces[0]!);
    else if (queuedBytes / pieces.length <= MAX_JOINED) socket.write(Buffer.concat(pieces));
    else this.writeTogether(pieces);
  }

  private writeTogether(pieces: readonly Buffer[]): void {
    this.socket.cork();
    for (const piece of pieces) this.socket.write(piece);
    this.socket.uncork();
  }
}
