import { attemptsOf } from '../client/consumer/second-life.js';
import { DEAD_LETTER_LEVEL, MAX_DELAY_LEVEL } from '../common/delay-level.js';
import type { MessageExt } from '../common/message-ext.js';
import { integer } from '../common/option-rules.js';
import { MQClientError } from '../errors/index.js';
import type { RocketMQDelayLevels } from '../interfaces/message-listener-options.interface.js';
import { illegalDelayLevel } from '../rocketmq.messages.js';

/** A level; -1 is the dead-letter queue. */
export const delayLevelRule = integer(0, DEAD_LETTER_LEVEL, MAX_DELAY_LEVEL);

/** A level for each attempt: the last one counts for all that follow. */
const MAX_LEVELS = 1000;

export function areDelayLevels(value: unknown): boolean {
  if (!Array.isArray(value)) return typeof value === 'function' || delayLevelRule.accepts(value);
  return value.length > 0 && value.length <= MAX_LEVELS && value.every(delayLevelRule.accepts);
}

/**
 * The level of the next attempt of a message.
 *
 * @throws MQClientError when a function returns none; what it throws itself.
 */
export function delayLevelOf(levels: RocketMQDelayLevels, message: MessageExt, error: unknown): number {
  if (typeof levels === 'number') return levels;
  if (typeof levels !== 'function') return levels[Math.min(attemptsOf(message), levels.length - 1)]!;
  const level: unknown = levels(message, error);
  if (delayLevelRule.accepts(level)) return level as number;
  throw new MQClientError(illegalDelayLevel(String(level), delayLevelRule.allowed));
}
