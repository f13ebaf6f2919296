import { OpenError, type FileCallback, type FileSystem, type StoreFile } from '../../common/file-system.js';
import { readOffset, writeInt64 } from '../../common/int64.js';

const CHECKPOINT_SIZE = 4096;

/** One page of numbers, overwritten in place: up to where something is safe (StoreCheckpoint, TimerCheckpoint). */
export class CheckpointFile {
  private readonly bytes = Buffer.alloc(CHECKPOINT_SIZE);

  constructor(
    private readonly path: string,
    private readonly fileSystem: FileSystem,
  ) {}

  /**
   * Returns how many bytes there were; of a file that is missing or cannot be read none, and all numbers are 0.
   *
   * @throws OpenError
   */
  load(): number {
    this.bytes.fill(0);
    if (!this.fileSystem.exists(this.path)) return 0;
    try {
      return this.fileSystem.readFile(this.path).copy(this.bytes);
    } catch (error) {
      if (error instanceof OpenError) throw error;
      return 0;
    }
  }

  /** The number at `index`; a damaged one counts as 0, older than everything. */
  at(index: number): number {
    return Math.max(readOffset(this.bytes, index * 8), 0);
  }

  /** Calls `done` when the numbers survive a power cut. */
  save(numbers: readonly number[], done: FileCallback): void {
    for (const [index, number] of numbers.entries()) writeInt64(this.bytes, index * 8, number);
    let file: StoreFile | undefined;
    try {
      file = this.fileSystem.create(this.path);
      file.write(this.bytes, 0, CHECKPOINT_SIZE, 0);
    } catch (error) {
      file?.close();
      return done(error as Error);
    }
    file.syncAsync((error) => {
      file.close();
      done(error);
    });
  }
}
