import { join } from 'node:path';
import { makeDurableDirectory } from '../../../common/durable-directory.js';
import type { FileCallback, FileSystem, StoreFile } from '../../../common/file-system.js';
import { readOffset, writeInt64 } from '../../../common/int64.js';

const CHECKPOINT_SIZE = 4096;

/** How far timers are taken up and delivered (TimerCheckpoint): `config/timercheck`. */
export class TimerCheckpoint {
  /** Everything due before is delivered; milliseconds since the epoch, a whole second. */
  lastReadTimeMs = 0;
  lastTimerLogFlushPos = 0;
  /** The next message of the timer topic to take up. */
  lastTimerQueueOffset = 0;
  private stateVersion = 0;
  private counter = 0;
  private readonly directory: string;
  private readonly path: string;
  private readonly bytes = Buffer.alloc(CHECKPOINT_SIZE);

  constructor(
    storePath: string,
    private readonly fileSystem: FileSystem,
  ) {
    this.directory = join(storePath, 'config');
    this.path = join(this.directory, 'timercheck');
  }

  /** False when there is none that can be read: then nothing is known to be delivered. */
  load(): boolean {
    if (!this.fileSystem.exists(this.path)) return false;
    let isRead = true;
    try {
      isRead = this.fileSystem.readFile(this.path).copy(this.bytes) >= 56;
    } catch {
      isRead = false;
    }
    if (!isRead) this.bytes.fill(0);
    this.lastReadTimeMs = this.at(0);
    this.lastTimerLogFlushPos = this.at(8);
    this.lastTimerQueueOffset = Math.min(this.at(16), this.at(24));
    this.stateVersion = this.at(32);
    this.counter = this.at(48);
    return isRead && this.lastReadTimeMs > 0;
  }

  save(now: number, done: FileCallback): void {
    const { lastReadTimeMs, lastTimerLogFlushPos, lastTimerQueueOffset: queueOffset, stateVersion } = this;
    // The master's offset is the fourth: Apache takes up everything anew from where it says.
    const fields = [lastReadTimeMs, lastTimerLogFlushPos, queueOffset, queueOffset, stateVersion, now];
    for (const [index, value] of [...fields, ++this.counter].entries())
      writeInt64(this.bytes, index * 8, value);
    let file: StoreFile | undefined;
    try {
      makeDurableDirectory(this.fileSystem, this.directory);
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

  private at(position: number): number {
    return Math.max(0, readOffset(this.bytes, position));
  }
}
