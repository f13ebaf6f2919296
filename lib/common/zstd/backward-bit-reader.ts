/** Of 32: shifting by all of them would shift by none. */
const MAX_HELD_BITS = 31;

/** Reads a bitstream from its end to its begin (RFC 8878, 4.1 and 4.2.2). Above the highest bit that is set, which marks the end, nothing belongs to it. */
export class BackwardBitReader {
  private at: number;
  /** The lowest `heldBits` bits of it were taken from the bytes and not read yet. */
  private held: number;
  private heldBits: number;

  constructor(private readonly bytes: Buffer) {
    const last = bytes.length === 0 ? 0 : bytes[bytes.length - 1]!;
    if (last === 0) throw new Error('a zstd bitstream without the mark of its end');
    this.at = bytes.length - 1;
    this.held = last;
    this.heldBits = 31 - Math.clz32(last);
  }

  get bitsLeft(): number {
    return this.at * 8 + this.heldBits;
  }

  /** Up to 24 bits. */
  read(count: number): number {
    if (this.heldBits < count) this.hold();
    this.skip(count);
    return (this.held >>> this.heldBits) & ((1 << count) - 1);
  }

  /** As {@link read}, but the bits stay; those before the begin are zeros. */
  peek(count: number): number {
    if (this.heldBits < count) this.hold();
    const missing = count - this.heldBits;
    const bits = missing > 0 ? this.held << missing : this.held >>> -missing;
    return bits & ((1 << count) - 1);
  }

  /** Of bits that {@link peek} gave. */
  skip(count: number): void {
    if (count > this.heldBits) throw new Error('a zstd bitstream is too short');
    this.heldBits -= count;
  }

  /** A stream that was not consumed exactly was not made for what was read from it. */
  expectEnd(): void {
    if (this.bitsLeft > 0) throw new Error(`a zstd bitstream has ${this.bitsLeft} bits too many`);
  }

  /** Takes bytes until no further one fits. */
  private hold(): void {
    for (; this.heldBits <= MAX_HELD_BITS - 8 && this.at > 0; this.heldBits += 8) {
      this.held = (this.held << 8) | this.bytes[--this.at]!;
    }
  }
}
