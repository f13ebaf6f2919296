import { DEAD_LETTER_ATTEMPTS, MessageConst } from '../../common/message-const.js';
import type { MessageExt } from '../../common/message-ext.js';
import { isDlqTopic } from '../../common/mix-all.js';

/**
 * Dead messages that a listener of a dead-letter queue gets. They still have the attempts, and the topic of the retries, of the group that
 * gave them up: a broker that takes one back makes it dead again at once, or sends it on as a message of that topic. So their attempts
 * are counted anew, and the client sends them to the retry topic itself.
 */

/** Before the first call with a message from a dead-letter queue. */
export function beginSecondLife(message: MessageExt): void {
  const origin = message.getProperty(MessageConst.RETRY_TOPIC);
  if (origin !== undefined) message.putProperty(MessageConst.DLQ_ORIGIN_TOPIC, origin);
  message.putProperty(DEAD_LETTER_ATTEMPTS, String(message.reconsumeTimes));
}

/** Any sender may set the property; it means something in what came from a dead-letter queue only. */
export function hasSecondLife(message: MessageExt): boolean {
  return isDlqTopic(message.topic) && message.getProperty(DEAD_LETTER_ATTEMPTS) !== undefined;
}

/** Attempts before this one, in the group that has the message now. */
export function attemptsOf(message: MessageExt): number {
  return message.reconsumeTimes - earlierAttempts(message);
}

/** Attempts of a message in the group that gave it up. */
export function earlierAttempts(message: MessageExt): number {
  if (!hasSecondLife(message)) return 0;
  const attempts = Number(message.getProperty(DEAD_LETTER_ATTEMPTS));
  const isPossible = Number.isSafeInteger(attempts) && attempts >= 0 && attempts <= message.reconsumeTimes;
  return isPossible ? attempts : 0;
}
