import type { Socket } from 'node:net';

/** Frames of fewer bytes on average are copied into one buffer: the system call takes longer for many buffers. */
const MAX_JOINED = 4096;

/**
 * So many bytes do not wait for the end of the turn: the peer works on them while the rest is made. With 16 to 64 sends of 1 KiB in
 * flight client and broker would take turns otherwise, and one of two processors would have nothing to do.
 */
const MAX_KEPT = 8 * 1024;

type OnWritten = (error?: Error | null) => void;

/** Writes to a socket with one call what one callback of the event loop, and the promises behind it, have to say, unless it is long. */
export class SocketWriter {
  /** Frames, parts of them, or several that lie next to each other in the memory that they share. */
  private pieces: Buffer[] = [];
  /** Who wants to know that the piece of the same index was written. */
  private callbacks: (OnWritten | undefined)[] = [];
  /** The last piece, of which no view is made before it is known where it ends. */
  private memory: ArrayBufferLike | undefined;
  private start = 0;
  private end = 0;
  private onWritten: OnWritten | undefined;
  private queuedBytes = 0;

  constructor(private readonly socket: Socket) {}

  /** Bytes that the peer has not taken yet. */
  get backlog(): number {
    return this.queuedBytes + this.socket.writableLength;
  }

  /** `onWritten` is called when the bytes, which lie in memory of their own, are not needed any more; with an error they may still be. */
  write(frame: Buffer, onWritten?: OnWritten): void {
    const { byteOffset, length } = frame;
    if (this.memory === undefined) process.nextTick(() => this.flush());
    if (byteOffset !== this.end || frame.buffer !== this.memory) {
      this.endPiece();
      this.memory = frame.buffer;
      this.start = this.end = byteOffset;
    }
    this.end += length;
    this.queuedBytes += length;
    this.onWritten = onWritten;
    if (this.queuedBytes >= MAX_KEPT) this.flush();
  }

  private endPiece(): void {
    if (this.memory === undefined) return;
    this.pieces.push(Buffer.from(this.memory, this.start, this.end - this.start));
    this.callbacks.push(this.onWritten);
    this.memory = undefined;
  }

  private flush(): void {
    this.endPiece();
    if (this.pieces.length === 0) return;
    const { pieces, callbacks, queuedBytes, socket } = this;
    this.pieces = [];
    this.callbacks = [];
    this.queuedBytes = 0;
    if (socket.destroyed || socket.writableEnded) return;
    if (pieces.length === 1) socket.write(pieces[0]!, callbacks[0]);
    else if (queuedBytes / pieces.length <= MAX_JOINED) {
      socket.write(Buffer.concat(pieces));
      for (const onWritten of callbacks) onWritten?.();
    } else this.writeTogether(pieces, callbacks);
  }

  private writeTogether(pieces: readonly Buffer[], callbacks: readonly (OnWritten | undefined)[]): void {
    this.socket.cork();
    pieces.forEach((piece, i) => this.socket.write(piece, callbacks[i]));
    this.socket.uncork();
  }
}
