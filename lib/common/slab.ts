import { viewOf } from './int64.js';

const SIZE = 64 * 1024;
/** What is larger than this gets memory of its own, so that little is wasted at the end of a slab. */
const MAX_SHARED = SIZE / 4;

/**
 * Memory for many short-lived buffers, which share an allocation. Who needs one says how long it may become, writes, and takes what it
 * has become: texts need not be measured before they are written.
 */
export class Slab {
  buffer: Buffer = Buffer.alloc(0);
  /** Of {@link buffer}. */
  view = viewOf(this.buffer);
  private used = 0;

  /** Where in {@link buffer} the next `maxLength` bytes can be written. */
  reserve(maxLength: number): number {
    if (this.used + maxLength > this.buffer.length) {
      this.buffer = Buffer.allocUnsafeSlow(maxLength > MAX_SHARED ? maxLength : SIZE);
      this.view = viewOf(this.buffer);
      this.used = 0;
    }
    return this.used;
  }

  /** The bytes from where {@link reserve} said up to `end`. */
  take(end: number): Buffer {
    const start = this.used;
    this.used = end;
    return this.buffer.subarray(start, end);
  }
}
