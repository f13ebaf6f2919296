import {
  bool,
  directory,
  integer,
  oneOf,
  resolveOptions,
  text,
  type OptionRules,
} from '../../common/option-rules.js';
import { DEFAULT_DELAY_LEVELS, parseDelayLevels } from '../../common/delay-level.js';

const MIB = 1024 * 1024;

/** How the store keeps messages; names, units and defaults are those of Apache's MessageStoreConfig unless said. */
export interface MessageStoreConfig {
  /** Directory of the store. Default: `.rocketmq/store`. */
  storePathRootDir: string;
  /** Bytes of a commit-log file; must stay as it was once there is data. Default: 1,073,741,824. */
  mappedFileSizeCommitLog: number;
  /** Bytes of a ConsumeQueue file, rounded up to a multiple of 20; must stay as it was once there is data. Default: 6,000,000. */
  mappedFileSizeConsumeQueue: number;
  /** Slots of an index file; must stay as it was once there is data. Default: 5,000,000. */
  maxHashSlotNum: number;
  /** Entries of an index file; must stay as it was once there is data. Default: 20,000,000. */
  maxIndexNum: number;
  /** Index messages by unique id and keys. Default: true. */
  messageIndexEnable: boolean;
  /**
   * When a send is acknowledged: after fdatasync, or when the kernel has the bytes (ASYNC_FLUSH, Apache's default). Default:
   * `SYNC_FLUSH`.
   */
  flushDiskType: 'SYNC_FLUSH' | 'ASYNC_FLUSH';
  /** Milliseconds between flushes with ASYNC_FLUSH. Default: 500. */
  flushIntervalCommitLog: number;
  /** Milliseconds between writes of ConsumeQueues and index; a queue of few new entries waits for the checkpoint. Default: 1000. */
  flushIntervalConsumeQueue: number;
  /** Milliseconds after which a send is answered FLUSH_DISK_TIMEOUT. Default: 5000. */
  syncFlushTimeout: number;
  /** Milliseconds that a write to the log may be stuck before messages are refused as SYSTEM_BUSY. Default: 1000. */
  osPageCacheBusyTimeOutMills: number;
  /** Largest body in bytes. Default: 4,194,304. */
  maxMessageSize: number;
  /** Append the checksum of the whole record to its properties (Apache's default: false). Default: true. */
  enabledAppendPropCRC: boolean;
  /** Delays of the levels from 1 on. Default: `1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h`. */
  messageDelayLevel: string;
  /** Hours that a commit-log file is kept. Default: 72. */
  fileReservedTime: number;
  /** Hours of the day, `;` between them, in which expired files are deleted. Default: `04`. */
  deleteWhen: string;
  /** Percent of used disk above which expired files are deleted at any hour. Default: 75. */
  diskMaxUsedSpaceRatio: number;
  /** Percent above which files are deleted although they have not expired. Default: 85. */
  diskSpaceCleanForciblyRatio: number;
  /** Percent above which sends are refused, and files deleted as above the two before, where these are larger. Default: 90. */
  diskSpaceWarningLevelRatio: number;
  /** Delete files that have not expired above `diskSpaceCleanForciblyRatio`. Default: true. */
  cleanFileForciblyEnable: boolean;
  /** Milliseconds between looks for files to delete. Default: 10,000. */
  cleanResourceInterval: number;
  /** Most files deleted in one look. Default: 10. */
  deleteFileBatchMax: number;
  /** Most messages of a pull that is read from memory. Default: 32. */
  maxTransferCountOnMessageInMemory: number;
  /** Most bytes of it. Default: 262,144. */
  maxTransferBytesOnMessageInMemory: number;
  /** Most messages of a pull that is read from the disk. Default: 8. */
  maxTransferCountOnMessageInDisk: number;
  /** Most bytes of it. Default: 65,536. */
  maxTransferBytesOnMessageInDisk: number;
  /** Percent of this machine's memory: messages nearer to the end of the log count as being in memory. Default: 40. */
  accessMessageInMemoryMaxRatio: number;
  /** Bytes of ConsumeQueue that a pull scans at least. Default: 16,000. */
  maxFilterMessageSize: number;
  /** Most messages of one query. Default: 64. */
  maxMsgsNumBatch: number;
  /** Take messages with a time of their own. Default: true. */
  timerWheelEnable: boolean;
  /** Seconds that such a message may wait at most. Default: 259,200. */
  timerMaxDelaySec: number;
  /** Seconds after which a waiting message is stored again, so that it does not leave with its log file; at most two thirds of `fileReservedTime`. Default: 172,800. */
  timerRollWindowSlot: number;
  /** Milliseconds between flushes of what is known of waiting messages. Default: 1000. */
  timerFlushIntervalMs: number;
  /** Bytes of a timer-log file; must stay as it was once there is data. Default: 104,857,600. */
  mappedFileSizeTimerLog: number;
  /** Bytes of the newest records that are kept in memory for consumers (not in Apache, which maps its files). Default: 33,554,432. */
  tailCacheSize: number;
  /** Most messages on their way to the disk: not written, or with SYNC_FLUSH not flushed (not in Apache). Default: 65,536. */
  maxPendingMessages: number;
  /** Most bytes of them, above which the store is busy (not in Apache). Default: 67,108,864. */
  maxPendingBytes: number;
}

export const storeRules: OptionRules<MessageStoreConfig> = {
  storePathRootDir: directory('.rocketmq/store'),
  mappedFileSizeCommitLog: integer(1024 * MIB, 4096, 8192 * MIB),
  mappedFileSizeConsumeQueue: integer(6_000_000, 20, 1024 * MIB),
  maxHashSlotNum: integer(5_000_000, 1, 100_000_000),
  maxIndexNum: integer(20_000_000, 2, 100_000_000),
  messageIndexEnable: bool(true),
  flushDiskType: oneOf('SYNC_FLUSH', ['SYNC_FLUSH', 'ASYNC_FLUSH']),
  flushIntervalCommitLog: integer(500, 1, 60_000),
  flushIntervalConsumeQueue: integer(1000, 1, 60_000),
  syncFlushTimeout: integer(5000, 1),
  osPageCacheBusyTimeOutMills: integer(1000, 1, 3_600_000),
  maxMessageSize: integer(4 * MIB, 1, 128 * MIB),
  enabledAppendPropCRC: bool(true),
  messageDelayLevel: text(
    DEFAULT_DELAY_LEVELS,
    'delays such as "1s 10s 1m 2h 1d" with a blank between them',
    (value) => parseDelayLevels(value) !== undefined,
  ),
  fileReservedTime: integer(72, 0, 24 * 3650),
  deleteWhen: text('04', 'hours from 00 to 23, ";" between them', isHourList),
  diskMaxUsedSpaceRatio: integer(75, 10, 95),
  diskSpaceCleanForciblyRatio: integer(85, 30, 100),
  diskSpaceWarningLevelRatio: integer(90, 35, 100),
  cleanFileForciblyEnable: bool(true),
  cleanResourceInterval: integer(10_000, 1),
  deleteFileBatchMax: integer(10, 1, 10_000),
  maxTransferCountOnMessageInMemory: integer(32, 1, 1024),
  maxTransferBytesOnMessageInMemory: integer(262_144, 1, 16 * MIB),
  maxTransferCountOnMessageInDisk: integer(8, 1, 1024),
  maxTransferBytesOnMessageInDisk: integer(65_536, 1, 16 * MIB),
  accessMessageInMemoryMaxRatio: integer(40, 0, 95),
  maxFilterMessageSize: integer(16_000, 20, 16 * MIB),
  maxMsgsNumBatch: integer(64, 1, 1024),
  timerWheelEnable: bool(true),
  timerMaxDelaySec: integer(259_200, 1, 3650 * 86_400),
  timerRollWindowSlot: integer(172_800, 60, 6 * 86_400),
  timerFlushIntervalMs: integer(1000, 1, 60_000),
  mappedFileSizeTimerLog: integer(100 * MIB, 4096, 1024 * MIB),
  tailCacheSize: integer(32 * MIB, 1 * MIB, 4096 * MIB),
  maxPendingMessages: integer(65_536, 1, 10_000_000),
  maxPendingBytes: integer(64 * MIB, 1, 4096 * MIB),
};

/** Fills in defaults; {@link ConfigurationError} for a value that is not allowed. */
export function resolveMessageStoreConfig(given: Partial<MessageStoreConfig> = {}): MessageStoreConfig {
  const config = resolveOptions('engine', storeRules, given);
  config.mappedFileSizeConsumeQueue = Math.ceil(config.mappedFileSizeConsumeQueue / 20) * 20;
  return config;
}

export const storeOptionNames: ReadonlySet<string> = new Set(Object.keys(storeRules));

function isHourList(value: string): boolean {
  return value.split(';').every((hour) => /^([01]?\d|2[0-3])$/.test(hour.trim()));
}
