/** Takes a frame, its length field included, that lies in `bytes` from `start` to `end`. */
export type OnBareFrame = (bytes: Buffer, start: number, end: number) => void;

/** Cuts a stream into frames without a view of each. */
export class BareCutter {
  private rest: Buffer = Buffer.alloc(0);

  constructor(private readonly onFrame: OnBareFrame) {}

  push(chunk: Buffer): void {
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    let start = 0;
    while (bytes.length - start >= 4) {
      const end = start + 4 + bytes.readInt32BE(start);
      if (end > bytes.length) break;
      this.onFrame(bytes, start, end);
      start = end;
    }
    this.rest = bytes.subarray(start);
  }
}
