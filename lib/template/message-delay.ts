import { parseDuration } from '../common/duration.js';
import type { Message } from '../common/message.js';
import { MQClientError } from '../errors/index.js';
import type { RocketMQSendOptions } from '../interfaces/send-options.interface.js';

/** Sets when a message is to be delivered; @throws MQClientError for a time that is none, or two of them. */
export function applyDelay(message: Message, { delay, deliverAt, delayLevel }: RocketMQSendOptions): void {
  if (delay === undefined && deliverAt === undefined) return;
  if (delay !== undefined && deliverAt !== undefined) throw conflict('delay', 'deliverAt');
  if (delayLevel !== undefined && delayLevel !== 0)
    throw conflict('delayLevel', delay === undefined ? 'deliverAt' : 'delay');
  if (deliverAt !== undefined) message.setDeliverTimeMs(timeOf(deliverAt));
  else if (millisOf(delay!) > 0) message.setDelayTimeMs(millisOf(delay!));
}

function millisOf(delay: number | string): number {
  const millis = typeof delay === 'string' ? parseDuration(delay) : delay;
  if (millis !== undefined && Number.isSafeInteger(millis) && millis >= 0) return millis;
  throw new MQClientError(
    `delay is ${JSON.stringify(delay)}; allowed: milliseconds from 0 up, or text such as "90s", "10m", "1h30m", "2d"`,
  );
}

function timeOf(deliverAt: Date | number): number {
  const time = deliverAt instanceof Date ? deliverAt.getTime() : deliverAt;
  if (Number.isSafeInteger(time) && time > 0) return time;
  throw new MQClientError(
    `deliverAt is ${String(deliverAt)}; allowed: a Date, or milliseconds since the epoch above 0`,
  );
}

function conflict(first: string, second: string): MQClientError {
  return new MQClientError(
    `${first} and ${second} both say when the message is to be delivered: leave one out`,
  );
}
