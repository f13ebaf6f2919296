import { parseDuration } from './duration.js';

/** RocketMQ's 18 delay levels (MessageStoreConfig.messageDelayLevel). */
export const DEFAULT_DELAY_LEVELS = '1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h';
export const MAX_DELAY_LEVEL = 18;
/** In place of a level: to the dead-letter queue. */
export const DEAD_LETTER_LEVEL = -1;

/** Delay in milliseconds of level `index + 1`; undefined when the text is no list of delays. */
export function parseDelayLevels(text: string): number[] | undefined {
  const parts = text.trim().split(/ +/);
  if (!parts.every((part) => /^\d{1,9}[smhd]$/.test(part))) return undefined;
  return parts.map((part) => parseDuration(part)!);
}

/** When a message of `level` that was stored at `storeTimestamp` is due (ScheduleMessageService#computeDeliverTimestamp). */
export function deliverTimestamp(
  delayLevels: readonly number[],
  level: number,
  storeTimestamp: number,
): number {
  return storeTimestamp + (delayLevels[level - 1] ?? 1000);
}
