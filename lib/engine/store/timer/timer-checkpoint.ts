import { join } from 'node:path';
import { makeDurableDirectory } from '../../../common/durable-directory.js';
import type { FileCallback, FileSystem } from '../../../common/file-system.js';
import { CheckpointFile } from '../checkpoint-file.js';

/** Bytes of the seven numbers. */
const LENGTH = 56;

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
  private readonly file: CheckpointFile;

  constructor(
    storePath: string,
    private readonly fileSystem: FileSystem,
  ) {
    this.directory = join(storePath, 'config');
    this.file = new CheckpointFile(join(this.directory, 'timercheck'), fileSystem);
  }

  /** False when there is none that can be read: then nothing is known to be delivered. */
  load(): boolean {
    const { file } = this;
    if (file.load() < LENGTH) return false;
    this.lastReadTimeMs = file.at(0);
    this.lastTimerLogFlushPos = file.at(1);
    this.lastTimerQueueOffset = Math.min(file.at(2), file.at(3));
    this.stateVersion = file.at(4);
    this.counter = file.at(6);
    return this.lastReadTimeMs > 0;
  }

  save(now: number, done: FileCallback): void {
    const { lastReadTimeMs, lastTimerLogFlushPos, lastTimerQueueOffset: queueOffset, stateVersion } = this;
    try {
      makeDurableDirectory(this.fileSystem, this.directory);
    } catch (error) {
      return done(error as Error);
    }
    // The master's offset is the fourth: Apache takes up everything anew from where it says.
    const numbers = [lastReadTimeMs, lastTimerLogFlushPos, queueOffset, queueOffset, stateVersion, now];
    this.file.save([...numbers, ++this.counter], done);
  }
}
