import { join } from 'node:path';
import { ConfigurationError } from '../../errors/configuration.error.js';
import type { Clock } from '../../common/clock.js';
import type { Logger } from '../../common/logger.js';
import type { FileSystem } from '../../common/file-system.js';
import type { OpenFiles } from './open-files.js';
import { ReadPatience } from './read-patience.js';
import { PAGE_SIZE, SegmentFile } from './segment-file.js';

export interface StoreFiles {
  readonly fileSystem: FileSystem;
  readonly openFiles: OpenFiles;
  readonly logger: Logger;
}

/**
 * A sequence of files of one length, each named by the position of its first byte (MappedFileQueue): the commit
 * log, or one ConsumeQueue. Files may be missing in between when a disk lost them.
 */
export class SegmentFileQueue {
  segments: SegmentFile[] = [];
  /** Whether files are missing in between. */
  hasGap = false;
  /** Files that were cut, or whose length did not reach the disk. */
  private short: SegmentFile[] = [];
  private clock: Clock | undefined;

  constructor(
    readonly directory: string,
    readonly fileSize: number,
    /** The option that sets `fileSize`, for error texts. */
    private readonly sizeOption: string,
    private readonly files: StoreFiles,
  ) {}

  get first(): SegmentFile | undefined {
    return this.segments[0];
  }

  get last(): SegmentFile | undefined {
    return this.segments.at(-1);
  }

  /**
   * Takes in the files of the directory with the lengths that they have: a later one may show that `fileSize` is wrong.
   *
   * @throws ConfigurationError when they were written with another file size.
   */
  load(): void {
    const names = this.files.fileSystem
      .list(this.directory)
      .filter((name) => /^\d{20}$/.test(name))
      .sort();
    if (names.length > 0 && this.sizeOf(names.at(-1)!) === 0) {
      this.files.fileSystem.remove(join(this.directory, names.pop()!));
    }
    this.short = [];
    this.segments = names.map((name) => this.loadSegment(name));
    this.hasGap = this.segments.some(
      ({ startOffset }, i) => i > 0 && this.segments[i - 1]!.endOffset < startOffset,
    );
  }

  /** Gives the files that are too short their full length: zeros read as "no record here". */
  completeFiles(): void {
    for (const segment of this.short) {
      const size = this.files.fileSystem.sizeOf(segment.path);
      this.files.logger.warn(
        `${segment.path} has ${size} of ${this.fileSize} bytes${segment === this.last ? '' : ', data is missing'}`,
      );
      segment.setLength();
    }
    this.short = [];
  }

  /** From now on what the disk cannot read is tried for a while before it counts as zeros: a start cannot wait. */
  bePatient(clock: Clock): void {
    this.clock = clock;
    for (const segment of this.segments) segment.patience = new ReadPatience(clock);
  }

  /** The file that holds the byte at `offset`. */
  find(offset: number): SegmentFile | undefined {
    const { segments } = this;
    if (segments.length === 0) return undefined;
    const guess = segments[Math.floor((offset - segments[0]!.startOffset) / this.fileSize)];
    if (guess?.contains(offset)) return guess;
    return segments.find((segment) => segment.contains(offset));
  }

  /** Where the first file behind `offset` starts. */
  startAfter(offset: number): number {
    return this.segments.find(({ startOffset }) => startOffset > offset)?.startOffset ?? offset;
  }

  /** Creates the file that starts at `startOffset`, full of zeros. Its entry does not survive a power cut yet. */
  create(startOffset: number): SegmentFile {
    this.files.fileSystem.makeDirectory(this.directory);
    const segment = new SegmentFile(
      this.pathOf(startOffset),
      startOffset,
      this.fileSize,
      this.files.openFiles,
    );
    segment.create();
    if (this.clock !== undefined) segment.patience = new ReadPatience(this.clock);
    const next = this.segments.findIndex((other) => other.startOffset > startOffset);
    this.segments.splice(next < 0 ? this.segments.length : next, 0, segment);
    return segment;
  }

  /**
   * A kernel counts pages as clean whose flush has failed: it shows their bytes, also to the next process, but no later flush
   * has them, however well it ends. Written again they are dirty again.
   */
  rewrite(from: number, to: number): void {
    const page = Buffer.allocUnsafe(PAGE_SIZE);
    for (const segment of this.segments) {
      const end = Math.min(to, segment.endOffset);
      for (let offset = Math.max(from, segment.startOffset); offset < end;) {
        const length = Math.min(PAGE_SIZE - (offset % PAGE_SIZE), end - offset);
        segment.rewrite(page, length, offset);
        offset += length;
      }
    }
  }

  /** Deletes a file. */
  remove(segment: SegmentFile): void {
    segment.remove(this.files.fileSystem);
    this.segments = this.segments.filter((other) => other !== segment);
  }

  /** Deletes every file that starts at `offset` or behind it. */
  removeFrom(offset: number): void {
    for (const segment of this.segments.filter(({ startOffset }) => startOffset >= offset))
      this.remove(segment);
  }

  /** Deletes all files, and the directory itself unless somebody else has a file there. */
  destroy(): void {
    const { fileSystem } = this.files;
    this.removeFrom(0);
    if (fileSystem.isDirectory(this.directory) && fileSystem.list(this.directory).length === 0) {
      fileSystem.removeDirectory(this.directory);
    }
  }

  private pathOf(startOffset: number): string {
    return join(this.directory, String(startOffset).padStart(20, '0'));
  }

  private sizeOf(name: string): number {
    return this.files.fileSystem.sizeOf(join(this.directory, name)) ?? 0;
  }

  private loadSegment(name: string): SegmentFile {
    const path = join(this.directory, name);
    const startOffset = Number(name);
    const size = this.sizeOf(name);
    if (startOffset % this.fileSize !== 0 || size > this.fileSize) {
      throw new ConfigurationError(
        `${path} has ${size} bytes, but ${this.sizeOption} is ${this.fileSize}; ` +
          'set it to the length of the files that are there',
      );
    }
    const segment = new SegmentFile(path, startOffset, this.fileSize, this.files.openFiles);
    if (size < this.fileSize) this.short.push(segment);
    return segment;
  }
}
