import { join } from 'node:path';
import { readOffset, writeInt64 } from '../../common/int64.js';
import type { FileCallback, FileSystem, StoreFile } from '../../common/file-system.js';

const CHECKPOINT_SIZE = 4096;
/** Recovery starts this many milliseconds before the recorded times. */
export const SAFETY_MARGIN = 3000;

/** Up to which store timestamps log, ConsumeQueues and index are on the disk (StoreCheckpoint). */
export class StoreCheckpoint {
  physicMsgTimestamp = 0;
  logicsMsgTimestamp = 0;
  indexMsgTimestamp = 0;
  private readonly path: string;
  private readonly bytes = Buffer.alloc(CHECKPOINT_SIZE);

  constructor(
    storePath: string,
    private readonly fileSystem: FileSystem,
  ) {
    this.path = join(storePath, 'checkpoint');
  }

  /** A missing, short or unreadable file reads as zeros, which is safe: recovery then starts at the oldest file. */
  load(): void {
    if (!this.fileSystem.exists(this.path)) return;
    try {
      this.fileSystem.readFile(this.path).copy(this.bytes);
    } catch {
      return;
    }
    this.physicMsgTimestamp = this.timeAt(0);
    this.logicsMsgTimestamp = this.timeAt(8);
    this.indexMsgTimestamp = this.timeAt(16);
  }

  /** A damaged time counts as older than everything. */
  private timeAt(position: number): number {
    return Math.max(readOffset(this.bytes, position), 0);
  }

  /** Records before this time are in the log and the ConsumeQueues. */
  get minTimestamp(): number {
    return Math.max(0, Math.min(this.physicMsgTimestamp, this.logicsMsgTimestamp) - SAFETY_MARGIN);
  }

  save(done: FileCallback): void {
    writeInt64(this.bytes, 0, this.physicMsgTimestamp);
    writeInt64(this.bytes, 8, this.logicsMsgTimestamp);
    writeInt64(this.bytes, 16, this.indexMsgTimestamp);
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
