import { MAX_DELAY_LEVEL } from '../common/delay-level.js';
import type { Message } from '../common/message.js';
import { MQClientError } from '../errors/index.js';
import type { RocketMQSendOptions } from '../interfaces/send-options.interface.js';
import { textOf } from './header-mapper.js';
import { applyDelay } from './message-delay.js';

/** Names of the options of a send. */
export const SEND_OPTIONS: Readonly<Record<keyof RocketMQSendOptions, true>> = {
  timeout: true,
  delayLevel: true,
  delay: true,
  deliverAt: true,
  keys: true,
  tag: true,
  flag: true,
  waitStoreMsgOK: true,
  properties: true,
  hashKey: true,
  queueSelector: true,
  signal: true,
};

/** Puts what a send asks for into its message; @throws MQClientError for a value that is not allowed. */
export function applyOptions(message: Message, options: RocketMQSendOptions): void {
  const { delayLevel, keys, properties, flag, waitStoreMsgOK } = options;
  if (keys !== undefined) message.setKeys(checkKeys(keys));
  if (delayLevel !== undefined && delayLevel !== 0) message.delayTimeLevel = checkDelayLevel(delayLevel);
  applyDelay(message, options);
  if (flag !== undefined) message.flag = checkFlag(flag);
  if (waitStoreMsgOK === false) message.waitStoreMsgOK = false;
  if (properties === undefined) return;
  for (const [name, value] of Object.entries(properties)) {
    // As of headers: SQL92 finds nothing where nothing is.
    if (value !== undefined && value !== null) message.putUserProperty(name, textOf(name, value, 'property'));
  }
}

function checkKeys(keys: string | readonly string[]): string | readonly string[] {
  if (typeof keys === 'string' || Array.isArray(keys)) return keys;
  throw new MQClientError(`keys is ${String(keys)}; allowed: a text, or an array of texts`);
}

/** A tag is put into the message with its topic. */
export function checkTag(tag: string | undefined): string | undefined {
  if (tag === undefined || typeof tag === 'string') return tag;
  throw new MQClientError(`tag is ${String(tag)}; allowed: a text`);
}

/** A broker with fewer levels takes its highest. */
function checkDelayLevel(delayLevel: number): number {
  if (Number.isInteger(delayLevel) && delayLevel >= 1 && delayLevel <= MAX_DELAY_LEVEL) return delayLevel;
  throw new MQClientError(`delayLevel is ${delayLevel}; allowed: 0 (no delay) to ${MAX_DELAY_LEVEL}`);
}

function checkFlag(flag: number): number {
  if (Number.isInteger(flag) && flag === (flag | 0)) return flag;
  throw new MQClientError(`flag is ${flag}; allowed: integers of 32 bits`);
}
