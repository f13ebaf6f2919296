import { KEY_SEPARATOR, MessageConst, RESERVED_PROPERTIES } from '../common/message-const.js';
import type { Message } from '../common/message.js';
import type { Logger } from '../common/logger.js';
import { RocketMQHeaders } from './rocketmq-headers.js';

const PREFIXED_KEYS = 'rocketmq_KEYS';

/** Turns headers into properties of a message (RocketMQUtil#getAndWrapMessage). */
export class HeaderMapper {
  private readonly warned = new Set<string>();

  constructor(private readonly logger: Logger) {}

  apply(headers: ReadonlyMap<string, unknown>, message: Message): void {
    for (const [name, value] of headers) this.applyOne(name, value, message);
    if (message.keys === undefined && headers.has(PREFIXED_KEYS))
      message.setKeys(keysOf(headers.get(PREFIXED_KEYS)));
  }

  private applyOne(name: string, value: unknown, message: Message): void {
    if (name === RocketMQHeaders.KEYS) message.setKeys(keysOf(value));
    else if (name === RocketMQHeaders.FLAG) message.flag = flagOf(value);
    else if (name === RocketMQHeaders.WAIT_STORE_MSG_OK) this.applyWait(value, message);
    else if (RESERVED_PROPERTIES.has(name)) this.warnOnce(name);
    else message.putUserProperty(name, String(value));
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

function keysOf(value: unknown): string {
  return Array.isArray(value) ? value.join(KEY_SEPARATOR) : String(value);
}

/** As there, what is no integer counts as 0. */
function flagOf(value: unknown): number {
  const flag = Number(value);
  return Number.isInteger(flag) ? flag | 0 : 0;
}
