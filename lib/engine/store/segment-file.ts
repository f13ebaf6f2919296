import { OpenError, type FileCallback, type FileSystem } from '../../common/file-system.js';
import { OffsetRanges } from './offset-ranges.js';
import type { OpenFiles } from './open-files.js';
import { isPassing, type ReadPatience } from './read-patience.js';

export const PAGE_SIZE = 4096;

/** One file of a {@link SegmentFileQueue} (MappedFile). Positions are those of the whole sequence. */
export class SegmentFile {
  readonly endOffset: number;
  /** What the disk could not read so far. */
  readonly unreadable = new OffsetRanges();
  /** Absent where what cannot be read is given up at once. */
  patience: ReadPatience | undefined;
  private isRemoved = false;

  constructor(
    readonly path: string,
    readonly startOffset: number,
    readonly size: number,
    private readonly openFiles: OpenFiles,
  ) {
    this.endOffset = startOffset + size;
  }

  /** Bytes that take up space on the disk; infinitely many when it does not say. */
  get allocatedSize(): number {
    try {
      return this.openFiles.allocatedSizeOf(this.path);
    } catch {
      return Infinity;
    }
  }

  contains(offset: number): boolean {
    return offset >= this.startOffset && offset < this.endOffset;
  }

  /**
   * Reads bytes of this file; returns how many there were. Those that the disk cannot read are zeros.
   *
   * @throws OpenError when the file is there and cannot be opened, Error when the disk may read it later: neither says anything of what
   * is in it.
   */
  read(buffer: Buffer, bufferOffset: number, length: number, offset: number): number {
    try {
      return this.readOrThrow(buffer, bufferOffset, length, offset);
    } catch {
      return this.readByPage(buffer, bufferOffset, length, offset);
    }
  }

  readOrThrow(buffer: Buffer, bufferOffset: number, length: number, offset: number): number {
    const bytesRead = this.openFiles
      .get(this.path)
      .read(buffer, bufferOffset, length, offset - this.startOffset);
    this.patience?.onRead(offset, bytesRead);
    return bytesRead;
  }

  /** The same as {@link read}, off the event loop. */
  readAsync(
    buffer: Buffer,
    bufferOffset: number,
    length: number,
    offset: number,
    done: (error: Error | null, bytesRead: number) => void,
  ): void {
    const position = offset - this.startOffset;
    this.openFiles.readAsync(this.path, buffer, bufferOffset, length, position, (failure, bytesRead) => {
      if (failure === null) {
        this.patience?.onRead(offset, bytesRead);
        return done(null, bytesRead);
      }
      let error: Error | null = null;
      try {
        this.readByPage(buffer, bufferOffset, length, offset);
      } catch (passing) {
        error = passing as Error;
      }
      done(error, length);
    });
  }

  write(buffer: Buffer, bufferOffset: number, length: number, offset: number): void {
    this.openFiles.get(this.path).write(buffer, bufferOffset, length, offset - this.startOffset);
  }

  /** Writes what is there. */
  rewrite(page: Buffer, length: number, offset: number): void {
    try {
      this.readOrThrow(page, 0, length, offset);
      this.write(page, 0, length, offset);
    } catch {
      // That the disk fails is known by now, and a page that it cannot read or write stays as it is.
    }
  }

  /** A file that was deleted in the meantime has nothing to lose. */
  writeAsync(buffer: Buffer, length: number, offset: number, done: FileCallback): void {
    if (this.isRemoved) return done(null);
    this.openFiles.writeAsync(this.path, buffer, length, offset - this.startOffset, done);
  }

  sync(): void {
    this.openFiles.get(this.path).sync();
  }

  syncAsync(done: FileCallback): void {
    if (this.isRemoved) return done(null);
    this.openFiles.syncAsync(this.path, done);
  }

  /** Creates the file, full of zeros. */
  create(): void {
    this.openFiles.create(this.path).truncate(this.size);
  }

  /** Keeps the file open: nothing that is written to it later needs it to be opened. */
  keepOpen(): void {
    this.openFiles.keepOpen(this.path);
  }

  letClose(): void {
    this.openFiles.letClose(this.path);
  }

  /** Deletes the file. */
  remove(fileSystem: FileSystem): void {
    this.isRemoved = true;
    this.letClose();
    this.openFiles.close(this.path);
    fileSystem.remove(this.path);
  }

  /** One bad sector must not make its neighbours unreadable; zeros are no record and no entry. */
  private readByPage(buffer: Buffer, bufferOffset: number, length: number, offset: number): number {
    buffer.fill(0, bufferOffset, bufferOffset + length);
    if (this.isRemoved) return length;
    for (let done = 0; done < length;) {
      const position = offset + done - this.startOffset;
      const count = Math.min(PAGE_SIZE - (position % PAGE_SIZE), length - done);
      try {
        this.readOrThrow(buffer, bufferOffset + done, count, offset + done);
      } catch (error) {
        if (error instanceof OpenError) return this.readGone(length, error);
        this.giveUp(offset + done, count, error);
      }
      done += count;
    }
    return length;
  }

  /** Nothing is left of a file that somebody has deleted; of any other all may be read later. */
  private readGone(length: number, error: OpenError): number {
    if (!error.isGone) throw error;
    this.noteUnreadable(this.startOffset, this.size, error);
    return length;
  }

  /** What may be read later must not be taken for zeros. */
  private giveUp(offset: number, length: number, error: unknown): void {
    if (!isPassing(error) && (this.patience?.isOver(offset) ?? true))
      return this.noteUnreadable(offset, length, error);
    const place = `${this.path} at byte ${offset - this.startOffset}`;
    throw new Error(`${place} cannot be read, and is tried again (${String(error)})`, { cause: error });
  }

  private noteUnreadable(offset: number, length: number, error: unknown): void {
    if (this.unreadable.has(offset)) return;
    this.unreadable.add(offset, offset + length);
    this.openFiles.logger.error(
      `${this.path} cannot be read at byte ${offset - this.startOffset} (${length} bytes): ${String(error)}`,
    );
  }

  /** Makes everything from `offset` on zeros, on a full disk too. */
  clearFrom(offset: number): void {
    this.openFiles.get(this.path).truncate(offset - this.startOffset);
    this.setLength();
  }

  /** Gives the file its full length; what was not written reads as zeros. */
  setLength(): void {
    this.openFiles.get(this.path).truncate(this.size);
  }
}

/** Flushes files one after the other, up to the first that fails. */
export function syncAll(segments: readonly SegmentFile[], done: FileCallback, next = 0): void {
  const segment = segments[next];
  if (segment === undefined) return done(null);
  segment.syncAsync((error) => {
    if (error !== null) done(error);
    else syncAll(segments, done, next + 1);
  });
}
