/** Sizes of what is kept, by their logarithm: from 16 KiB to 512 KiB. */
const MIN_BITS = 14;
const MAX_BITS = 19;
/** Less than this is not worth it. */
const MIN_SIZE = 8192;
/** Bytes that are kept. */
const MAX_KEPT = 4 * 1024 * 1024;

/** Who needs memory for a while. */
export interface Allocator {
  /** Bytes that may have any value. */
  allocate(size: number): Buffer;
}

/**
 * Memory that is used again: what lies outside of V8's heap makes it collect garbage from all of the heap, thirty times a second
 * where much is read.
 */
export class BufferPool implements Allocator {
  private readonly free: Buffer[][] = Array.from({ length: MAX_BITS - MIN_BITS + 1 }, () => []);
  private kept = 0;

  allocate(size: number): Buffer {
    const bits = bitsOf(size);
    if (bits === undefined) return Buffer.allocUnsafe(size);
    const memory = this.free[bits - MIN_BITS]!.pop();
    if (memory === undefined) return Buffer.allocUnsafeSlow(2 ** bits).subarray(0, size);
    this.kept -= memory.length;
    return memory.subarray(0, size);
  }

  /** Takes back what {@link allocate} gave, which nobody may use any more. What never comes back is garbage as usual. */
  release(buffer: Buffer): void {
    const bits = bitsOf(buffer.length);
    if (bits === undefined || this.kept + 2 ** bits > MAX_KEPT) return;
    this.free[bits - MIN_BITS]!.push(Buffer.from(buffer.buffer, 0, 2 ** bits));
    this.kept += 2 ** bits;
  }
}

function bitsOf(size: number): number | undefined {
  if (size <= MIN_SIZE || size > 2 ** MAX_BITS) return undefined;
  return Math.max(MIN_BITS, 32 - Math.clz32(size - 1));
}
