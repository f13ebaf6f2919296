import type { Message } from '../common/message.js';
import { MQClientError } from '../errors/index.js';
import type { RocketMQSendOptions } from '../interfaces/send-options.interface.js';

const UNIT_MILLIS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const DURATION = /^(?:\d{1,12}(?:ms|[smhd]))+$/;

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

/** Milliseconds of a text such as `90s` or `1h30m`; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  let millis = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|[smhd])/g))
    millis += Number(count) * UNIT_MILLIS[unit!]!;
  return millis;
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
