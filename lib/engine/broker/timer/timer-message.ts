import { MessageConst } from '../../../common/message-const.js';
import { decodeMessage } from '../../../common/message-decoder.js';
import type { MessageExt } from '../../../common/message-ext.js';
import { isReviveTopic, reviveTopicOf } from '../../../common/mix-all.js';
import { isNotAllowedSendTopic, TIMER_TOPIC, topicNameFault } from '../../../common/topic-validator.js';
import type { MessageExtBrokerInner } from '../../store/message-ext-broker-inner.js';
import type { TimerProgress } from '../../store/timer/timer-checkpoint.js';
import type { TimerUnit } from '../../store/timer/timer-unit.js';
import { TIMER_PRECISION } from '../../store/timer/timer-wheel.js';
import type { BrokerController } from '../broker-controller.js';
import { copyOf, readableQueueId } from '../message-copy.js';
import { isAhead } from '../pop/pop-check-point.js';

/** How long after its time a message may have been stored again for another turn. */
const ROLL_TOLERANCE = 60_000;

/** What a stored message says of its delivery. */
export interface TimedMessage {
  readonly message: MessageExt;
  /** Milliseconds since the epoch, a whole second. */
  readonly delayedTime: number;
  readonly realTopic: string;
  readonly realQueueId: number;
  readonly isDelete: boolean;
}

/** Reads what the hook of the send wrote; undefined when it cannot have been that. */
export function readTimedMessage(message: MessageExt, broker: BrokerController): TimedMessage | undefined {
  const outMs = message.getProperty(MessageConst.TIMER_OUT_MS) ?? '';
  const topic = message.getProperty(MessageConst.REAL_TOPIC) ?? '';
  // The cluster may have had another name.
  const realTopic = isReviveTopic(topic) ? reviveTopicOf(broker.config.brokerClusterName) : topic;
  const queueId = Number(message.getProperty(MessageConst.REAL_QUEUE_ID));
  const isTopic = topicNameFault(realTopic) === undefined && !isNotAllowedSendTopic(realTopic);
  if (!/^\d{1,15}$/.test(outMs) || !isTopic || !Number.isInteger(queueId)) return undefined;
  const delayedTime = Number(outMs) - (Number(outMs) % TIMER_PRECISION);
  const isDelete = message.getProperty(MessageConst.TIMER_DEL_UNIQKEY) !== undefined;
  const realQueueId = readableQueueId(broker, realTopic, queueId);
  return { message, delayedTime, realTopic, realQueueId, isDelete };
}

/** How far the timers were when everything was taken up anew. */
export interface Rebuild extends TimerProgress {
  /** The latest time of the clock at which something was taken up before, if that is known. */
  readonly takenUpTo?: number;
}

/**
 * Whether it is about popped messages, and from before the clock was set back to `now`: their time is no time of the clock, but counts
 * from the pop.
 */
export function isPoppedAhead({ message, realTopic }: TimedMessage, now: number): boolean {
  // Store timestamps stay ahead for a while when the clock is set back.
  return isAhead(message.bornTimestamp, now) && isReviveTopic(realTopic);
}

/** Whether a message that was due at `target`, there or for another turn, was stored again before everything was taken up anew. */
export function hadTurn(
  timed: TimedMessage,
  target: number,
  { queueOffset, readTimeMs, takenUpTo = Infinity }: Rebuild,
): boolean {
  if (timed.message.queueOffset >= queueOffset) return false;
  const latest = target === timed.delayedTime ? target : target + ROLL_TOLERANCE;
  // By the clock: the timers may have been far behind it, and then what was popped meanwhile was in the wheel.
  return latest < readTimeMs || isPoppedAhead(timed, takenUpTo);
}

/** The record of the timer topic for which a unit stands; what is no such record is named in the log. */
export function lookTimedMessage(
  broker: BrokerController,
  { offsetPy, sizePy }: TimerUnit,
): TimedMessage | undefined {
  const { store, logger } = broker;
  const record = store.lookMessageByOffset(offsetPy, sizePy);
  const message = record && decodeMessage(record);
  const timed = message?.topic === TIMER_TOPIC ? readTimedMessage(message, broker) : undefined;
  if (timed === undefined)
    logger.error(`The waiting message at byte ${offsetPy} of the commit log cannot be read and is lost`);
  return timed;
}

/**
 * Whether one of these keys of recalls is for the message (TimerMessageStore#buildDeleteKey). Apache 5.3.2 and 5.3.3 write
 * the topic in front; all others leave it out, unless `appendTopicForTimerDeleteKey` says otherwise.
 */
export function isRecalled({ message, realTopic }: TimedMessage, deleteKeys: ReadonlySet<string>): boolean {
  const uniqKey = message.getProperty(MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX);
  if (uniqKey === undefined) return false;
  return deleteKeys.has(buildDeleteKey(realTopic, uniqKey)) || deleteKeys.has(uniqKey);
}

export function buildDeleteKey(realTopic: string, uniqKey: string): string {
  return `${realTopic}+${uniqKey}`;
}

/** The message under its real topic (TimerMessageStore#convert); `enqueueTime` is when it was put into the wheel. */
export function deliveredMessage(
  { message, realTopic, realQueueId }: TimedMessage,
  enqueueTime: string,
  now: number,
): MessageExtBrokerInner {
  return copyTo(message, realTopic, realQueueId, enqueueTime, now);
}

/** The message, to wait for another turn of the wheel. */
export function rolledMessage(
  { message }: TimedMessage,
  enqueueTime: string,
  now: number,
): MessageExtBrokerInner {
  const rolled = copyTo(message, TIMER_TOPIC, 0, enqueueTime, now);
  const times = Number(message.getProperty(MessageConst.TIMER_ROLL_TIMES) ?? 0) + 1;
  return { ...rolled, properties: new Map(rolled.properties).set(MessageConst.TIMER_ROLL_TIMES, `${times}`) };
}

function copyTo(message: MessageExt, topic: string, queueId: number, enqueueTime: string, now: number) {
  const properties = new Map(message.properties)
    .set(MessageConst.TIMER_ENQUEUE_MS, enqueueTime)
    .set(MessageConst.TIMER_DEQUEUE_MS, `${now}`);
  return copyOf(message, { topic, queueId, properties });
}
