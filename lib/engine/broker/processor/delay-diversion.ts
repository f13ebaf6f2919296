import { MessageConst, TIMER_PROPERTIES } from '../../../common/message-const.js';
import { TopicNames } from '../../../common/topic-validator.js';
import type { MessageExtBrokerInner } from '../../store/message-ext-broker-inner.js';

/**
 * Sends a message with a delay level to the schedule topic, from which it is delivered when it is due
 * (HookUtils#handleScheduleMessage, #transformDelayLevelMessage).
 *
 * @throws RangeError when the level is not an integer.
 */
export function divertDelayed(message: MessageExtBrokerInner, maxDelayLevel: number): MessageExtBrokerInner {
  const text = message.properties.get(MessageConst.DELAY_TIME_LEVEL);
  if (text === undefined) return message;
  if (!/^-?\d{1,9}$/.test(text)) throw new RangeError(`For input string: "${text}" (property DELAY)`);
  if (Number(text) <= 0) return message;
  const level = Math.min(Number(text), maxDelayLevel);
  const properties = new Map(message.properties);
  for (const name of TIMER_PROPERTIES) properties.delete(name);
  properties.set(MessageConst.DELAY_TIME_LEVEL, String(level));
  properties.set(MessageConst.REAL_TOPIC, message.topic);
  properties.set(MessageConst.REAL_QUEUE_ID, String(message.queueId));
  return { ...message, topic: TopicNames.SCHEDULE, queueId: level - 1, properties };
}
