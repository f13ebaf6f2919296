import { int32At } from '../../common/int64.js';
import { NO_BYTES } from '../../common/no-bytes.js';
import { RemotingCodecError } from '../../errors/remoting-codec.error.js';

/** Longest frame in bytes, its length field included (NettySystemConfig, `com.rocketmq.remoting.frameMaxLength`). */
export const MAX_FRAME_SIZE = 16 * 1024 * 1024;

/** Bytes of the length that leads a frame, and of the header mark that every frame has. */
const LENGTH_SIZE = 4;
const MIN_LENGTH = 4;

/** What a connection begins with whose client takes the server for one that encrypts. */
const TLS_HANDSHAKE = 0x1603;

/** Takes a frame, which lies in `buffer` from `start` to `end` without its length field. */
export type OnFrame = (buffer: Buffer, start: number, end: number) => void;

/**
 * Cuts a stream into frames (NettyDecoder). A frame that lies in one chunk stays there; only one that arrives in
 * pieces is copied, and the copy grows with what has arrived, not with what was announced.
 */
export class FrameCutter {
  /** The beginning of an incomplete frame: the first `filled` bytes. */
  private partial = NO_BYTES;
  private filled = 0;
  private begun = 0;
  /** What came behind the frame at which it was told to pause. */
  private rest: Buffer = NO_BYTES;
  private isPaused = false;

  constructor(
    private readonly onFrame: OnFrame,
    private readonly maxFrameSize = MAX_FRAME_SIZE,
  ) {}

  /** The number of the frame that has begun and is incomplete; 0 when there is none. */
  get incomplete(): number {
    return this.filled > 0 ? this.begun : 0;
  }

  /** Memory that it takes. */
  get incompleteBytes(): number {
    return this.partial.length;
  }

  /**
   * Takes the next bytes of the stream and hands out the frames that they complete.
   *
   * @throws RemotingCodecError for a length that is negative, too short or above the limit. The stream cannot be
   * cut any further then.
   */
  push(chunk: Buffer): void {
    let position = this.filled > 0 ? this.continuePartial(chunk) : 0;
    while (!this.isPaused && chunk.length - position >= LENGTH_SIZE) {
      const end = position + this.frameSize(chunk, position);
      if (end > chunk.length) break;
      this.onFrame(chunk, position + LENGTH_SIZE, end);
      position = end;
    }
    if (position >= chunk.length) return;
    if (this.isPaused) this.rest = chunk.subarray(position);
    else if (chunk.length - position < LENGTH_SIZE) this.keep(chunk, position, chunk.length);
    else this.keep(chunk, position, chunk.length, this.frameSize(chunk, position));
  }

  /** Hands out no more of what was pushed; nothing may be pushed until {@link resume}. */
  pause(): void {
    this.isPaused = true;
  }

  /** Goes on where it paused; throws as {@link push} does. */
  resume(): void {
    const { rest } = this;
    this.rest = NO_BYTES;
    this.isPaused = false;
    if (rest.length > 0) this.push(rest);
  }

  /** Adds to the incomplete frame what it lacks; returns how much of the chunk that was. */
  private continuePartial(chunk: Buffer): number {
    let position = 0;
    if (this.filled < LENGTH_SIZE) {
      position = Math.min(LENGTH_SIZE - this.filled, chunk.length);
      this.keep(chunk, 0, position);
      if (this.filled < LENGTH_SIZE) return position;
    }
    const size = this.frameSize(this.partial, 0);
    const end = Math.min(position + size - this.filled, chunk.length);
    this.keep(chunk, position, end, size);
    if (this.filled === size) this.handOutPartial();
    return end;
  }

  private handOutPartial(): void {
    const { partial, filled } = this;
    this.partial = NO_BYTES;
    this.filled = 0;
    this.onFrame(partial, LENGTH_SIZE, filled);
  }

  /** Doubling keeps the copying linear, and mostly leaves room for the rest; a frame known to end at `size` takes no more. */
  private keep(chunk: Buffer, start: number, end: number, size = Infinity): void {
    if (this.filled === 0) this.begun++;
    const needed = this.filled + end - start;
    if (needed > this.partial.length) {
      const grown = Buffer.allocUnsafe(Math.min(2 * needed, size));
      this.partial.copy(grown, 0, 0, this.filled);
      this.partial = grown;
    }
    chunk.copy(this.partial, this.filled, start, end);
    this.filled = needed;
  }

  /** Bytes of the frame at `position`, its length field included. */
  private frameSize(buffer: Buffer, position: number): number {
    const length = int32At(buffer, position);
    if (length < MIN_LENGTH || length > this.maxFrameSize - LENGTH_SIZE) {
      const hint = length >>> 16 === TLS_HANDSHAKE ? ' (it seems to be encrypted with TLS)' : '';
      throw new RemotingCodecError(
        `A frame of ${length} bytes${hint}: it has ${MIN_LENGTH} to ${this.maxFrameSize - LENGTH_SIZE}`,
      );
    }
    return LENGTH_SIZE + length;
  }
}
