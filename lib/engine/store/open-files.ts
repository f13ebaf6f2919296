import type { Logger } from '../../common/logger.js';
import type { FileCallback, FileSystem, StoreFile } from '../../common/file-system.js';

interface OpenFile {
  readonly file: StoreFile;
  /** Asynchronous transfers under way; the file must stay open for them. */
  pins: number;
  /** Whether to close it when they have ended: its number could name another file before. */
  isForgotten: boolean;
}

/** Keeps at most `maxOpenFiles` files open, but for those in use, and closes the one that was not used for longest. */
export class OpenFiles {
  private readonly files = new Map<string, OpenFile>();
  /** Those that stay open. */
  private readonly kept = new Set<string>();

  constructor(
    private readonly fileSystem: FileSystem,
    private readonly maxOpenFiles: number,
    readonly logger: Logger,
  ) {}

  /** The open file, for use before the next call of any method here. */
  get(path: string): StoreFile {
    return this.touch(path).file;
  }

  /** The same of a file that is created if there is none. */
  create(path: string): StoreFile {
    this.close(path);
    return this.add(path, this.fileSystem.create(path)).file;
  }

  /** Once it is open, the file stays so until {@link letClose}. */
  keepOpen(path: string): void {
    this.kept.add(path);
  }

  letClose(path: string): void {
    this.kept.delete(path);
  }

  /** Bytes that the file takes up on the disk. */
  allocatedSizeOf(path: string): number {
    return this.fileSystem.allocatedSizeOf(path);
  }

  readAsync(
    path: string,
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    done: (error: Error | null, bytesRead: number) => void,
  ): void {
    const open = this.tryPin(path);
    if (open instanceof Error) return done(open, 0);
    open.file.readAsync(buffer, offset, length, position, (error, bytesRead) => {
      this.unpin(open);
      done(error, bytesRead);
    });
  }

  writeAsync(path: string, buffer: Buffer, length: number, position: number, done: FileCallback): void {
    const open = this.tryPin(path);
    if (open instanceof Error) return process.nextTick(done, open);
    open.file.writeAsync(buffer, 0, length, position, this.unpinning(open, done));
  }

  syncAsync(path: string, done: FileCallback): void {
    const open = this.tryPin(path);
    if (open instanceof Error) return done(open);
    open.file.syncAsync(this.unpinning(open, done));
  }

  /** Forgets a file that is about to be deleted or renamed. */
  close(path: string): void {
    const open = this.files.get(path);
    if (open === undefined) return;
    this.files.delete(path);
    open.isForgotten = true;
    if (open.pins === 0) open.file.close();
  }

  closeAll(): void {
    for (const path of this.files.keys()) this.close(path);
  }

  private touch(path: string): OpenFile {
    const open = this.files.get(path);
    if (open === undefined) return this.add(path, this.fileSystem.open(path));
    this.files.delete(path);
    this.files.set(path, open);
    return open;
  }

  private add(path: string, file: StoreFile): OpenFile {
    this.makeRoom();
    const open = { file, pins: 0, isForgotten: false };
    this.files.set(path, open);
    return open;
  }

  private makeRoom(): void {
    if (this.files.size < this.maxOpenFiles) return;
    for (const [path, open] of this.files) {
      if (open.pins === 0 && !this.kept.has(path)) return this.close(path);
    }
  }

  /** An error is for the callback: nobody is there to catch it. */
  private tryPin(path: string): OpenFile | Error {
    try {
      const open = this.touch(path);
      open.pins++;
      return open;
    } catch (error) {
      return error as Error;
    }
  }

  private unpin(open: OpenFile): void {
    open.pins--;
    if (open.isForgotten && open.pins === 0) open.file.close();
  }

  private unpinning(open: OpenFile, done: FileCallback): FileCallback {
    return (error) => {
      this.unpin(open);
      done(error);
    };
  }
}
