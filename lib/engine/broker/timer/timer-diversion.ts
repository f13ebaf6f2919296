import type { Clock } from '../../../common/clock.js';
import { hasTimer, MessageConst, TIMER_PROPERTIES } from '../../../common/message-const.js';
import { TIMER_TOPIC } from '../../../common/topic-validator.js';
import { failure, type RemotingResponse } from '../../../remoting/remoting-command.js';
import { ResponseCode } from '../../../remoting/response-code.js';
import type { MessageExtBrokerInner } from '../../store/message-ext-broker-inner.js';
import type { MessageStoreConfig } from '../../store/message-store-config.js';
import { TIMER_PRECISION } from '../../store/timer/timer-wheel.js';
import type { BrokerController } from '../broker-controller.js';

const { TIMER_DELAY_SEC, TIMER_DELAY_MS, TIMER_DELIVER_MS, TIMER_OUT_MS, TIMER_DEL_UNIQKEY } = MessageConst;

/**
 * Sends a message with a time of its own to the timer topic, from which it is delivered when it is due
 * (HookUtils#checkIfTimerMessage, #transformTimerMessage). A delay level wins over it; a time that is over is none.
 *
 * @returns the message to store, or the refusal.
 */
export function divertTimed(
  message: MessageExtBrokerInner,
  config: MessageStoreConfig,
  clock: Clock,
): MessageExtBrokerInner | RemotingResponse<never> {
  const { properties } = message;
  if (!isTimed(message)) return message;
  if (!config.timerWheelEnable)
    return failure(
      ResponseCode.SYSTEM_ERROR,
      'this broker takes no timed messages: timerWheelEnable is false',
    );
  const now = clock.now();
  const deliverMs = deliverTime(properties, now);
  if (deliverMs === undefined) return refuse(properties, 'is no number of milliseconds or seconds');
  if (deliverMs <= now)
    return properties.has(TIMER_DEL_UNIQKEY)
      ? refuse(properties, 'is over, there is nothing to recall')
      : message;
  const maxDelay = config.timerMaxDelaySec * 1000;
  if (deliverMs - now > maxDelay)
    return refuse(properties, `is ${deliverMs - now} ms away, more than the max delay ${maxDelay}ms`);
  const timed = new Map(properties)
    .set(TIMER_OUT_MS, `${slotTime(deliverMs)}`)
    .set(MessageConst.REAL_TOPIC, message.topic)
    .set(MessageConst.REAL_QUEUE_ID, `${message.queueId}`);
  return { ...message, topic: TIMER_TOPIC, queueId: 0, properties: timed };
}

/** What waits leaves with its log files; whether all of the timer topic was delivered only the timers know. */
export function warnOfStoppedTimers({ store, storeConfig, logger }: BrokerController): void {
  const isEmpty = store.getMinOffsetInQueue(TIMER_TOPIC, 0) >= store.getMaxOffsetInQueue(TIMER_TOPIC, 0);
  if (storeConfig.timerWheelEnable || isEmpty) return;
  logger.warn(
    'timerWheelEnable is false: timed messages that wait, and popped ones that are not acknowledged, do not come, ' +
      'and are lost when their log files expire (fileReservedTime)',
  );
}

/** Whether {@link divertTimed} made a message of the timer topic, and not a refusal. */
export function isMessage(
  diverted: MessageExtBrokerInner | RemotingResponse<never>,
): diverted is MessageExtBrokerInner {
  return 'topic' in diverted;
}

function isTimed({ topic, properties }: MessageExtBrokerInner): boolean {
  if (!hasTimer(properties) || topic === TIMER_TOPIC || properties.has(TIMER_OUT_MS)) return false;
  return !(Number(properties.get(MessageConst.DELAY_TIME_LEVEL) ?? 0) > 0);
}

/** Milliseconds since the epoch; undefined when the first of the three properties is no integer. */
function deliverTime(properties: ReadonlyMap<string, string>, now: number): number | undefined {
  const seconds = properties.get(TIMER_DELAY_SEC);
  const millis = properties.get(TIMER_DELAY_MS);
  const text = seconds ?? millis ?? properties.get(TIMER_DELIVER_MS) ?? '';
  if (!/^[+-]?\d{1,16}$/.test(text)) return undefined;
  if (seconds !== undefined) return now + Number(seconds) * 1000;
  return millis === undefined ? Number(text) : now + Number(text);
}

/** The slot is read when its second is over, so a whole second is in the slot before. */
function slotTime(deliverMs: number): number {
  const rest = deliverMs % TIMER_PRECISION;
  return deliverMs - (rest === 0 ? TIMER_PRECISION : rest);
}

function refuse(properties: ReadonlyMap<string, string>, reason: string): RemotingResponse<never> {
  const name = TIMER_PROPERTIES.find((key) => properties.has(key))!;
  return failure(
    ResponseCode.MESSAGE_ILLEGAL,
    `timer message illegal: ${name}=${properties.get(name)!.slice(0, 30)} ${reason}`,
  );
}
