import type { FileSystem } from '../../common/file-system.js';
import type { AppendPipeline } from './append-pipeline.js';
import type { CommitLog } from './commit-log.js';
import type { MessageStoreConfig } from './message-store-config.js';
import { readRecordHead } from './record-head.js';
import type { StoreStatsService } from './store-stats-service.js';

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** As MixAll#humanReadableByteCount. */
function readableBytes(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return power === 0 ? `${bytes} B` : `${(bytes / 1024 ** power).toFixed(1)} ${UNITS[power]}`;
}

/** What a store knows of itself; `dispatchedOffset` is behind the newest record in the ConsumeQueues. */
export function storeRuntimeInfo(
  log: CommitLog,
  pipeline: AppendPipeline,
  dispatchedOffset: number,
  stats: StoreStatsService,
  { config, fileSystem }: { readonly config: MessageStoreConfig; readonly fileSystem: FileSystem },
): [string, string][] {
  const { used, usable } = fileSystem.diskSpace(config.storePathRootDir);
  const ratio = used + usable === 0 ? 0 : used / (used + usable);
  const earliest = readRecordHead(log, log.minOffset)?.storeTimestamp ?? -1;
  return [
    ...stats.toRuntimeInfo(),
    ['commitLogMinOffset', String(log.minOffset)],
    ['commitLogMaxOffset', String(log.maxOffset)],
    ['commitLogDiskRatio', String(ratio)],
    [`commitLogDiskRatio_${log.segments.directory}`, String(ratio)],
    ['consumeQueueDiskRatio', String(ratio)],
    ['commitLogDirCapacity', `Total : ${readableBytes(used + usable)}, Free : ${readableBytes(usable)}.`],
    ['dispatchMaxBuffer', '0'],
    ['dispatchBehindBytes', String(pipeline.endOffset - dispatchedOffset)],
    ['pageCacheLockTimeMills', '0'],
    ['remainTransientStoreBufferNumbs', '0'],
    ['remainHowManyDataToFlush', readableBytes(pipeline.unflushedBytes)],
    ['earliestMessageTimeStamp', String(earliest)],
  ];
}
