import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../../lib/errors/configuration.error.js';
import {
  resolveMessageStoreConfig,
  type MessageStoreConfig,
} from '../../../lib/engine/store/message-store-config.js';

describe('resolveMessageStoreConfig', () => {
  it("has Apache's defaults, but for what is safer", () => {
    expect(resolveMessageStoreConfig()).toMatchObject({
      ...{ mappedFileSizeCommitLog: 1_073_741_824, mappedFileSizeConsumeQueue: 6_000_000 },
      ...{ maxHashSlotNum: 5_000_000, maxIndexNum: 20_000_000, messageIndexEnable: true },
      ...{ flushIntervalCommitLog: 500, flushIntervalConsumeQueue: 1000, syncFlushTimeout: 5000 },
      ...{ maxMessageSize: 4_194_304, fileReservedTime: 72, deleteWhen: '04' },
      ...{ diskMaxUsedSpaceRatio: 75, diskSpaceCleanForciblyRatio: 85, diskSpaceWarningLevelRatio: 90 },
      ...{ cleanFileForciblyEnable: true, cleanResourceInterval: 10_000, deleteFileBatchMax: 10 },
      ...{ maxTransferCountOnMessageInMemory: 32, maxTransferBytesOnMessageInMemory: 262_144 },
      ...{ maxTransferCountOnMessageInDisk: 8, maxTransferBytesOnMessageInDisk: 65_536 },
      ...{ accessMessageInMemoryMaxRatio: 40, maxFilterMessageSize: 16_000, maxMsgsNumBatch: 64 },
      messageDelayLevel: '1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h',
      ...{ flushDiskType: 'SYNC_FLUSH', enabledAppendPropCRC: true },
    });
  });

  it('rounds the size of ConsumeQueue files up to whole entries', () => {
    expect(resolveMessageStoreConfig({ mappedFileSizeConsumeQueue: 2001 }).mappedFileSizeConsumeQueue).toBe(
      2020,
    );
  });

  it.each<[Partial<MessageStoreConfig>, string]>([
    [{ mappedFileSizeCommitLog: 1 }, 'engine.mappedFileSizeCommitLog is 1; allowed: an integer from 4096'],
    [{ deleteWhen: '24' }, 'engine.deleteWhen is "24"; allowed: hours from 00 to 23'],
    [{ deleteWhen: '04,05' }, 'engine.deleteWhen is "04,05"'],
    [{ messageDelayLevel: '1s 5x' }, 'engine.messageDelayLevel is "1s 5x"; allowed: delays such as'],
    [{ storePathRootDir: '' }, 'engine.storePathRootDir is ""; allowed: a directory'],
    [{ storePathRootDir: '~' }, 'engine.storePathRootDir is "~"; allowed: a directory, without "~"'],
    [{ storePathRootDir: '~/store' }, 'engine.storePathRootDir is "~/store"; allowed: a directory, without'],
    [
      { flushDiskType: 'NEVER' as never },
      'engine.flushDiskType is "NEVER"; allowed: SYNC_FLUSH, ASYNC_FLUSH',
    ],
    [{ diskMaxUsedSpaceRatio: 9 }, 'engine.diskMaxUsedSpaceRatio is 9; allowed: an integer from 10 to 95'],
  ])('refuses %j, and says what is allowed', (given, message) => {
    expect(() => resolveMessageStoreConfig(given)).toThrow(ConfigurationError);
    expect(() => resolveMessageStoreConfig(given)).toThrow(message);
  });

  it.each([
    '"/data/store"',
    "'/data/store'",
    '${user.home}/store',
    '/data/store # main',
    'C:datastore',
    'C:\tdata',
  ])('refuses %j, which would be a new store below the working directory', (storePathRootDir) => {
    const text = `engine.storePathRootDir is ${JSON.stringify(storePathRootDir)}; allowed: a directory, without "~"`;
    expect(() => resolveMessageStoreConfig({ storePathRootDir })).toThrow(text);
  });

  it.each(["/home/o'neil/store", '/home/me/C#/project #2/store', 'C:\\data\\store', 'c:/data', 'a~b'])(
    'takes %j',
    (storePathRootDir) => {
      expect(resolveMessageStoreConfig({ storePathRootDir }).storePathRootDir).toBe(storePathRootDir);
    },
  );
});
