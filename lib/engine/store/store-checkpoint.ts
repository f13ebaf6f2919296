import { join } from 'node:path';
import type { FileCallback, FileSystem } from '../../common/file-system.js';
import { CheckpointFile } from './checkpoint-file.js';

/** Recovery starts this many milliseconds before the recorded times. */
export const SAFETY_MARGIN = 3000;

/** Up to which store timestamps log, ConsumeQueues and index are on the disk (StoreCheckpoint). */
export class StoreCheckpoint {
  physicMsgTimestamp = 0;
  logicsMsgTimestamp = 0;
  indexMsgTimestamp = 0;
  private readonly file: CheckpointFile;

  constructor(storePath: string, fileSystem: FileSystem) {
    this.file = new CheckpointFile(join(storePath, 'checkpoint'), fileSystem);
  }

  /** A missing, short or unreadable file reads as zeros, which is safe: recovery then starts at the oldest file. */
  load(): void {
    const { file } = this;
    file.load();
    this.physicMsgTimestamp = file.at(0);
    this.logicsMsgTimestamp = file.at(1);
    this.indexMsgTimestamp = file.at(2);
  }

  /** Records before this time are in the log and the ConsumeQueues. */
  get minTimestamp(): number {
    return Math.max(0, Math.min(this.physicMsgTimestamp, this.logicsMsgTimestamp) - SAFETY_MARGIN);
  }

  save(done: FileCallback): void {
    this.file.save([this.physicMsgTimestamp, this.logicsMsgTimestamp, this.indexMsgTimestamp], done);
  }
}
