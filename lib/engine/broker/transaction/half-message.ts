import { MessageConst } from '../../../common/message-const.js';
import type { MessageExt } from '../../../common/message-ext.js';
import { MessageSysFlag } from '../../../common/message-sys-flag.js';
import { TopicNames } from '../../../common/topic-validator.js';
import type { MessageExtBrokerInner } from '../../store/message-ext-broker-inner.js';
import { copyOf } from '../message-copy.js';

/** Most milliseconds in which a message is not checked, while each look stores it anew. */
const MAX_IMMUNITY = 24 * 3_600_000;

/** Whether a message that is sent waits for the end of a transaction (SendMessageProcessor#sendMessage). */
export function isPrepared(properties: ReadonlyMap<string, string>, reconsumeTimes: number): boolean {
  if (properties.get(MessageConst.TRANSACTION_PREPARED)?.toLowerCase() !== 'true') return false;
  return reconsumeTimes === 0 || !(Number(properties.get(MessageConst.DELAY_TIME_LEVEL) ?? 0) > 0);
}

/** A prepared message as it waits in the half topic (TransactionalMessageBridge#parseHalfMessageInner). */
export function toHalfMessage(message: MessageExtBrokerInner, now: number): MessageExtBrokerInner {
  const properties = new Map(message.properties);
  const uniqKey = properties.get(MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX);
  if (uniqKey !== undefined) properties.set(MessageConst.TRANSACTION_ID, uniqKey);
  properties.delete(MessageConst.TRANSACTION_PREPARED_QUEUE_OFFSET);
  properties.set(MessageConst.REAL_TOPIC, message.topic);
  properties.set(MessageConst.REAL_QUEUE_ID, String(message.queueId));
  const sysFlag = withoutTransaction(message.sysFlag);
  // Its age decides when it is given up.
  const bornTimestamp = Math.min(message.bornTimestamp, now);
  return { ...message, topic: TopicNames.TRANS_HALF, queueId: 0, sysFlag, bornTimestamp, properties };
}

/** What consumers get of a half message (EndTransactionProcessor#endMessageTransaction). */
export function toCommitted(
  half: MessageExt,
  destination: { topic: string; queueId: number },
): MessageExtBrokerInner {
  const message = copyOf(half, { ...destination, properties: half.properties });
  const sysFlag = withoutTransaction(message.sysFlag) | MessageSysFlag.TRANSACTION_COMMIT_TYPE;
  return { ...message, sysFlag, preparedTransactionOffset: half.commitLogOffset };
}

/**
 * The half message once more, for the end of its queue. It names the position of the first one: that is by which all of
 * them are known as one transaction.
 */
export function toRenewed(half: MessageExt, checkTimes: number | undefined): MessageExtBrokerInner {
  const properties = new Map(half.properties);
  properties.set(MessageConst.TRANSACTION_PREPARED_QUEUE_OFFSET, String(originOf(half)));
  if (checkTimes !== undefined) properties.set(MessageConst.TRANSACTION_CHECK_TIMES, String(checkTimes));
  // Apache's broker does not wait for the flush; here the old record is given up only when the new one is safe.
  properties.set(MessageConst.WAIT_STORE_MSG_OK, 'true');
  return copyOf(half, { topic: TopicNames.TRANS_HALF, queueId: 0, properties });
}

/** A half message whose producer was asked too often. */
export function toDiscarded(half: MessageExt): MessageExtBrokerInner {
  return copyOf(half, { topic: TopicNames.TRANS_CHECK_MAX_TIME, queueId: 0, properties: half.properties });
}

/** Position of the first record of a half message in its queue, which all its renewals name. */
export function originOf(half: MessageExt): number {
  const origin = Number(half.getProperty(MessageConst.TRANSACTION_PREPARED_QUEUE_OFFSET) ?? NaN);
  return Number.isSafeInteger(origin) ? origin : half.queueOffset;
}

/** How often the producer was asked already. */
export function checkTimesOf(half: MessageExt): number {
  const times = Number(half.getProperty(MessageConst.TRANSACTION_CHECK_TIMES) ?? 0);
  return Number.isSafeInteger(times) ? Math.max(times, 0) : 0;
}

/**
 * Milliseconds from its birth on in which a message with a time of its own is not checked (#getImmunityTime);
 * undefined for all others.
 */
export function immunityOf(half: MessageExt, transactionTimeOut: number): number | undefined {
  const text = half.getProperty(MessageConst.CHECK_IMMUNITY_TIME_IN_SECONDS);
  if (text === undefined) return undefined;
  if (!/^-?\d{1,12}$/.test(text) || text === '-1') return transactionTimeOut;
  return Math.min(Number(text) * 1000, MAX_IMMUNITY);
}

function withoutTransaction(sysFlag: number): number {
  return sysFlag & ~MessageSysFlag.TRANSACTION_ROLLBACK_TYPE;
}
