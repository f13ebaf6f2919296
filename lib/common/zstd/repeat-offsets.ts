/** The last three offsets of a frame, which its sequences refer to by the numbers 1 to 3 (RFC 8878, 3.1.1.5). */
export class RepeatOffsets {
  private first = 1;
  private second = 4;
  private third = 8;

  /** The offset that Offset_Value `value` means. */
  resolve(value: number, literalsLength: number): number {
    if (value > 3) return this.push(value - 3);
    // Without literals a match at the first offset would belong to the match before; the numbers mean the next ones.
    const number = literalsLength === 0 ? value + 1 : value;
    switch (number) {
      case 1:
        return this.first;
      case 2:
        [this.first, this.second] = [this.second, this.first];
        return this.first;
      case 3:
        return this.push(this.third);
      default:
        return this.push(this.first - 1);
    }
  }

  private push(offset: number): number {
    this.third = this.second;
    this.second = this.first;
    this.first = offset;
    return offset;
  }
}
