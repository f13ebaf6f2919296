/** Reads the headers and sections of a frame one behind the other; never past the end. */
export class ByteReader {
  private at = 0;

  constructor(private readonly bytes: Buffer) {}

  get left(): number {
    return this.bytes.length - this.at;
  }

  /** A little-endian number of up to six bytes. */
  readUInt(size: number): number {
    this.expect(size);
    const value = size === 0 ? 0 : this.bytes.readUIntLE(this.at, size);
    this.at += size;
    return value;
  }

  peekByte(): number {
    this.expect(1);
    return this.bytes[this.at]!;
  }

  take(size: number): Buffer {
    this.expect(size);
    this.at += size;
    return this.bytes.subarray(this.at - size, this.at);
  }

  takeRest(): Buffer {
    return this.take(this.left);
  }

  private expect(size: number): void {
    if (size > this.left) throw new Error(`${this.left} bytes of zstd data where ${size} are needed`);
  }
}
