import { join } from 'node:path';
import { makeDurableDirectory } from '../../../common/durable-directory.js';
import { crc32 } from '../../../common/crc32.js';
import type { FileCallback, FileSystem } from '../../../common/file-system.js';
import { CheckpointFile } from '../checkpoint-file.js';
import { wholeSlots } from './timer-wheel.js';

/** Bytes of Apache's seven numbers. */
const LENGTH = 56;
/** How many numbers the checksum covers, and where Apache counts versions. */
const COVERED = 10;
const COUNTER = 6;

/** Of the messages of the timer topic below `queueOffset`, those that were due before `readTimeMs` are delivered. */
export interface TimerProgress {
  readonly queueOffset: number;
  readonly readTimeMs: number;
}

/** How far timers are taken up and delivered (TimerCheckpoint): `config/timercheck`. */
export class TimerCheckpoint {
  /** Everything due before is delivered; milliseconds since the epoch, a whole second. */
  lastReadTimeMs = 0;
  lastTimerLogFlushPos = 0;
  /** The next message of the timer topic to take up. */
  lastTimerQueueOffset = 0;
  /** How far it was when the log was built anew, as after the clock was set back. Apache's broker does not read it. */
  earlier: TimerProgress = { queueOffset: 0, readTimeMs: 0 };
  /** Units due at `lastReadTimeMs` before this position are delivered, when not all of them are. Apache's broker delivers them again. */
  deliveredTo = 0;
  /** When it was written; by Apache's broker, when it last took something up. */
  savedAt = 0;
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
    if (file.load() < LENGTH || this.isDamaged()) return false;
    // Apache's broker may have shorter slots (timerPrecisionMs).
    this.lastReadTimeMs = wholeSlots(file.at(0));
    this.lastTimerLogFlushPos = file.at(1);
    this.lastTimerQueueOffset = Math.min(file.at(2), file.at(3));
    this.stateVersion = file.at(4);
    this.savedAt = file.at(5);
    this.counter = file.at(6);
    this.earlier = { queueOffset: file.at(7), readTimeMs: file.at(8) };
    this.deliveredTo = this.isOwn ? file.at(9) : 0;
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
    const { earlier } = this;
    numbers.push(++this.counter, earlier.queueOffset, earlier.readTimeMs, this.deliveredTo);
    this.file.save([...numbers, this.counter, checksumOf(numbers)], done);
  }

  /** The counter stands beside the checksum once more: Apache's broker leaves both as they were, and counts on when it delivers. */
  private get isOwn(): boolean {
    const counter = this.file.at(COUNTER);
    return counter !== 0 && this.file.at(COVERED) === counter;
  }

  private isDamaged(): boolean {
    const numbers = Array.from({ length: COVERED }, (_, index) => this.file.at(index));
    return this.isOwn && this.file.at(COVERED + 1) !== checksumOf(numbers);
  }
}

function checksumOf(numbers: readonly number[]): number {
  return crc32(Buffer.from(numbers.join()));
}
