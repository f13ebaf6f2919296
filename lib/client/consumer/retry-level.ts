import { DEFAULT_DELAY_LEVELS, parseDelayLevels } from '../../common/delay-level.js';
import { MessageConst } from '../../common/message-const.js';
import type { MessageExt } from '../../common/message-ext.js';

/** Seconds until the next attempt of a popped message, by how often it came before (`popDelayLevel`). */
export const POP_DELAY_LEVEL = [
  10, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 1200, 1800, 3600, 7200,
];

/** Milliseconds of the levels from 1 up, as brokers have them unless told otherwise. */
const LEVELS = parseDelayLevels(DEFAULT_DELAY_LEVELS)!;
const POP_LEVELS = POP_DELAY_LEVEL.slice(1).map((seconds) => seconds * 1000);

/** The first level after whose delay so many milliseconds are over, else the last; popped messages have levels of their own. */
export function retryLevelAfter(millis: number, message: MessageExt): number {
  const levels = message.getProperty(MessageConst.POP_CK) === undefined ? LEVELS : POP_LEVELS;
  const index = levels.findIndex((delay) => delay >= millis);
  return index === -1 ? levels.length : index + 1;
}
