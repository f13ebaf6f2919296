const TWO_32 = 4294967296;

/**
 * Reads a signed big-endian 64-bit integer.
 *
 * @throws RangeError beyond ±2^53, where a JavaScript number would silently round.
 */
export function readInt64(buffer: Buffer, offset: number): number {
  const value = int32At(buffer, offset) * TWO_32 + (int32At(buffer, offset + 4) >>> 0);
  if (!Number.isSafeInteger(value)) {
    throw new RangeError(
      `64-bit value ${buffer.readBigInt64BE(offset)} at byte ${offset} is not a safe integer`,
    );
  }
  return value;
}

/** Writes a signed big-endian 64-bit integer; `value` must be a safe integer. */
export function writeInt64(buffer: Buffer, offset: number, value: number): void {
  setInt64(viewOf(buffer), offset, value);
}

/** The bytes of a buffer as a view. */
export function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
}

/** A signed big-endian integer of 32 bits that lies in the buffer for certain: half the time of `readInt32BE`, which makes sure of it. */
export function int32At(buffer: Buffer, position: number): number {
  return (
    (buffer[position]! << 24) |
    (buffer[position + 1]! << 16) |
    (buffer[position + 2]! << 8) |
    buffer[position + 3]!
  );
}

/** Reads an offset or time where damage may have put any bits; -1 when it is not one (2^53 and above, or negative). */
export function readOffset(buffer: Buffer, position: number): number {
  const high = int32At(buffer, position) >>> 0;
  return high < 0x200000 ? high * TWO_32 + (int32At(buffer, position + 4) >>> 0) : -1;
}

/**
 * Writes a 64-bit integer through a view. Views are several times faster than the `write…` methods of `Buffer`, which
 * matters where every message passes (1 ns against 7 for 32 bits).
 */
export function setInt64(view: DataView, offset: number, value: number): void {
  view.setInt32(offset, Math.floor(value / TWO_32));
  view.setInt32(offset + 4, value | 0);
}
