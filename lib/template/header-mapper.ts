import { KEY_SEPARATOR, MessageConst, RESERVED_PROPERTIES } from '../common/message-const.js';
import type { Message } from '../common/message.js';
import type { Logger } from '../common/logger.js';
import { MessageConversionError } from '../errors/index.js';
import { RocketMQHeaders } from './rocketmq-headers.js';

const PREFIXED_KEYS = 'rocketmq_KEYS';

/** Turns headers into properties of a message (RocketMQUtil#getAndWrapMessage). */
export class HeaderMapper {
  private readonly warned = new Set<string>();

  constructor(private readonly logger: Logger) {}

  apply(headers: ReadonlyMap<string, unknown>, message: Message): void {
    for (const [name, value] of headers) this.applyOne(name, value, message);
    if (message.keys === undefined && headers.has(PREFIXED_KEYS))
      message.setKeys(keysOf(PREFIXED_KEYS, headers.get(PREFIXED_KEYS)));
  }

  private applyOne(name: string, value: unknown, message: Message): void {
    if (name === RocketMQHeaders.KEYS) message.setKeys(keysOf(name, value));
    else if (name === RocketMQHeaders.FLAG) message.flag = flagOf(value);
    else if (name === RocketMQHeaders.WAIT_STORE_MSG_OK) this.applyWait(value, message);
    else if (RESERVED_PROPERTIES.has(name)) this.warnOnce(name);
    else message.putUserProperty(name, textOf(name, value));
  }

  private applyWait(value: unknown, message: Message): void {
    if (String(value) === 'false') message.waitStoreMsgOK = false;
  }

  private warnOnce(name: string): void {
    if (this.warned.has(name)) return;
    this.warned.add(name);
    const hint = HINTS.get(name) ?? 'the system uses it';
    this.logger.warn(`The header "${name}" is ignored: ${hint}. This is said once.`);
  }
}

/** What to use instead of a header that has no effect. */
const HINTS: ReadonlyMap<string, string> = new Map([
  [MessageConst.TAGS, 'give the tag with the destination ("topic:tag") or the option `tag`'],
  [MessageConst.DELAY_TIME_LEVEL, 'use the option `delayLevel`'],
]);

function keysOf(name: string, value: unknown): string {
  return Array.isArray(value)
    ? value.map((key) => textOf(name, key)).join(KEY_SEPARATOR)
    : textOf(name, value);
}

/** @throws MessageConversionError for what would be `[object Object]`. */
export function textOf(name: string, value: unknown, kind = 'header'): string {
  if (Array.isArray(value)) return value.map((item) => textOf(name, item, kind)).join();
  if (!hasText(value))
    throw new MessageConversionError(
      `The ${kind} "${name}" has no text: give it a text, a number, a truth value or a Date`,
    );
  return value instanceof Date ? value.toISOString() : String(value);
}

function hasText(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (value instanceof Date) return !Number.isNaN(value.getTime());
  const { toString } = value as { toString?: unknown };
  return typeof toString === 'function' && toString !== Object.prototype.toString;
}

/** As there, what is no integer counts as 0. */
function flagOf(value: unknown): number {
  const flag = Number(value);
  return Number.isInteger(flag) ? flag | 0 : 0;
}
