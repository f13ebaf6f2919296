export const PAGE_SIZE = 4096;

/** The content of one file: what the kernel has, and what of it a power cut leaves. */
export class SimulatedFile {
  private pages = new Map<number, Buffer>();
  private durablePages = new Map<number, Buffer>();
  private durableSize = 0;
  size = 0;
  modifiedAt = 0;
  /** Pages that were written since they were last flushed, or since a flush of them failed, and when. */
  private readonly dirty = new Map<number, number>();
  private writes = 0;
  isLocked = false;

  /** Pages that take up space on the disk. */
  get pageCount(): number {
    return this.pages.size;
  }

  hasPage(page: number): boolean {
    return this.pages.has(page);
  }

  read(buffer: Buffer, offset: number, length: number, position: number): number {
    const count = Math.max(Math.min(length, this.size - position), 0);
    for (let done = 0; done < count;) {
      const { page, start, length: piece } = pieceAt(position + done, count - done);
      const bytes = this.pages.get(page);
      if (bytes === undefined) buffer.fill(0, offset + done, offset + done + piece);
      else bytes.copy(buffer, offset + done, start, start + piece);
      done += piece;
    }
    return count;
  }

  write(buffer: Buffer, offset: number, length: number, position: number): void {
    for (let done = 0; done < length;) {
      const { page, start, length: piece } = pieceAt(position + done, length - done);
      buffer.copy(this.pageForWrite(page), start, offset + done, offset + done + piece);
      done += piece;
    }
    this.size = Math.max(this.size, position + length);
  }

  truncate(length: number): void {
    for (const page of [...this.pages.keys()]) {
      if (page * PAGE_SIZE < length) continue;
      this.pages.delete(page);
      this.dirty.set(page, ++this.writes);
    }
    const rest = length % PAGE_SIZE;
    const last = Math.floor(length / PAGE_SIZE);
    if (length < this.size && rest > 0 && this.pages.has(last)) this.pageForWrite(last).fill(0, rest);
    this.size = length;
  }

  /** What a flush that starts now will have made durable when it ends. */
  startSync(): () => void {
    const { size } = this;
    const flushed = [...this.dirty].map(([page, write]) => ({ page, write, bytes: this.copyOf(page) }));
    return () => {
      this.durableSize = size;
      for (const { page, write, bytes } of flushed) {
        setPage(this.durablePages, page, bytes);
        if (this.dirty.get(page) === write) this.dirty.delete(page);
      }
    };
  }

  /** A flush that fails: the kernel counts the pages as clean although the disk did not take all of them. */
  failSync(keep: () => boolean): void {
    for (const page of this.dirty.keys()) if (keep()) setPage(this.durablePages, page, this.copyOf(page));
    this.dirty.clear();
  }

  /** Of what was not flushed, each page and the length survive by chance. */
  losePower(keep: () => boolean): void {
    for (const page of this.dirty.keys()) if (keep()) setPage(this.durablePages, page, this.copyOf(page));
    if (keep()) this.durableSize = this.size;
    for (const page of [...this.durablePages.keys()]) {
      if (page * PAGE_SIZE >= this.durableSize) this.durablePages.delete(page);
    }
    this.pages = new Map([...this.durablePages].map(([page, bytes]) => [page, Buffer.from(bytes)]));
    this.size = this.durableSize;
    this.dirty.clear();
    this.isLocked = false;
  }

  private pageForWrite(page: number): Buffer {
    let bytes = this.pages.get(page);
    if (bytes === undefined) this.pages.set(page, (bytes = Buffer.alloc(PAGE_SIZE)));
    this.dirty.set(page, ++this.writes);
    return bytes;
  }

  private copyOf(page: number): Buffer | undefined {
    const bytes = this.pages.get(page);
    return bytes && Buffer.from(bytes);
  }
}

function setPage(pages: Map<number, Buffer>, page: number, bytes: Buffer | undefined): void {
  if (bytes === undefined) pages.delete(page);
  else pages.set(page, bytes);
}

function pieceAt(position: number, length: number): { page: number; start: number; length: number } {
  const page = Math.floor(position / PAGE_SIZE);
  const start = position - page * PAGE_SIZE;
  return { page, start, length: Math.min(PAGE_SIZE - start, length) };
}
