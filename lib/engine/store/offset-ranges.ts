/** A set of offsets that mostly lie side by side; takes memory by range, not by offset. */
export class OffsetRanges {
  /** Sorted, without overlap. */
  private ranges: { from: number; to: number }[] = [];

  get isEmpty(): boolean {
    return this.ranges.length === 0;
  }

  has(offset: number): boolean {
    let low = 0;
    let high = this.ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.ranges[middle]!.to <= offset) low = middle + 1;
      else high = middle;
    }
    return low < this.ranges.length && this.ranges[low]!.from <= offset;
  }

  /** Whether it has an offset from `from` to below `to`. */
  overlaps(from: number, to: number): boolean {
    return this.ranges.some((range) => range.from < to && range.to > from);
  }

  /** Adds the offsets from `from` to below `to`. */
  add(from: number, to: number): void {
    const apart = this.ranges.filter((range) => range.to < from || range.from > to);
    const touching = this.ranges.filter((range) => range.to >= from && range.from <= to);
    const start = Math.min(from, ...touching.map((range) => range.from));
    const end = Math.max(to, ...touching.map((range) => range.to));
    this.ranges = [...apart, { from: start, to: end }].sort((a, b) => a.from - b.from);
  }

  /** Takes out the offsets from `from` to below `to`. */
  remove(from: number, to: number): void {
    this.ranges = this.ranges.flatMap((range) => [
      ...(range.from < from ? [{ from: range.from, to: Math.min(range.to, from) }] : []),
      ...(range.to > to ? [{ from: Math.max(range.from, to), to: range.to }] : []),
    ]);
  }

  /** The ranges as they are. */
  *[Symbol.iterator](): IterableIterator<{ readonly from: number; readonly to: number }> {
    yield* this.ranges;
  }
}
