import { MQClientError } from '../errors/mq-client.error.js';
import { hasTimer, KEY_SEPARATOR, MessageConst, RESERVED_PROPERTIES } from './message-const.js';

/** A message to send: topic, body, and properties, some of which have a meaning to RocketMQ. */
export class Message {
  topic: string;
  /** Free for the application; travels with the message. */
  flag = 0;
  protected bytes: Buffer;
  protected propertyMap: Map<string, string> | undefined;

  constructor(topic: string, body: Buffer, tags?: string, keys?: string | readonly string[]) {
    this.topic = topic;
    this.bytes = body;
    if (tags !== undefined && tags !== '') this.tags = tags;
    if (keys !== undefined && keys.length > 0) this.setKeys(keys);
  }

  get body(): Buffer {
    return this.bytes;
  }

  set body(body: Buffer) {
    this.bytes = body;
  }

  /** System and user properties, as they travel. */
  get properties(): Map<string, string> {
    return (this.propertyMap ??= new Map());
  }

  getProperty(name: string): string | undefined {
    return this.properties.get(name);
  }

  /** Sets any property, reserved ones included. */
  putProperty(name: string, value: string): void {
    this.properties.set(name, value);
  }

  /**
   * Sets a property of the application (Message#putUserProperty).
   *
   * @throws MQClientError when the name is reserved, or name or value is blank.
   */
  putUserProperty(name: string, value: string): void {
    if (RESERVED_PROPERTIES.has(name)) {
      throw new MQClientError(`The property "${name}" is used by the system, choose another name`);
    }
    if (name.trim() === '' || value.trim() === '') {
      throw new MQClientError(`The name and value of a property can not be blank (property "${name}")`);
    }
    this.putProperty(checkText(name, name), checkText(name, value));
  }

  get tags(): string | undefined {
    return this.getProperty(MessageConst.TAGS);
  }

  set tags(tags: string) {
    this.putProperty(MessageConst.TAGS, checkText(MessageConst.TAGS, tags));
  }

  /** The index keys, joined by a blank. */
  get keys(): string | undefined {
    return this.getProperty(MessageConst.KEYS);
  }

  setKeys(keys: string | readonly string[]): void {
    const text = typeof keys === 'string' ? keys : keys.join(KEY_SEPARATOR);
    this.putProperty(MessageConst.KEYS, checkText(MessageConst.KEYS, text));
  }

  /** 1 to 18, or 0 for no delay. */
  get delayTimeLevel(): number {
    return Number(this.getProperty(MessageConst.DELAY_TIME_LEVEL) ?? 0);
  }

  set delayTimeLevel(level: number) {
    this.putProperty(MessageConst.DELAY_TIME_LEVEL, String(level));
  }

  /** Delivers the message so many seconds after the broker has got it (Message#setDelayTimeSec). */
  setDelayTimeSec(seconds: number): void {
    this.putProperty(MessageConst.TIMER_DELAY_SEC, String(seconds));
  }

  /** Delivers the message so many milliseconds after the broker has got it, rounded up to its whole second. */
  setDelayTimeMs(millis: number): void {
    this.putProperty(MessageConst.TIMER_DELAY_MS, String(millis));
  }

  /** Delivers the message at a time, in milliseconds since the epoch, rounded up to the whole second. */
  setDeliverTimeMs(timestamp: number): void {
    this.putProperty(MessageConst.TIMER_DELIVER_MS, String(timestamp));
  }

  /** Whether one of the three was set. */
  get isTimed(): boolean {
    return hasTimer(this.properties);
  }

  /** Whether the broker answers only after the message is as safe as its flush and replication mode promise. */
  get waitStoreMsgOK(): boolean {
    return this.getProperty(MessageConst.WAIT_STORE_MSG_OK) !== 'false';
  }

  set waitStoreMsgOK(wait: boolean) {
    this.putProperty(MessageConst.WAIT_STORE_MSG_OK, String(wait));
  }
}

/** What stands between names, values and properties on the wire: within one of them it would forge others. */
const SEPARATORS = ['\u0001', '\u0002'];

function checkText(property: string, text: string): string {
  if (!SEPARATORS.some((separator) => text.includes(separator))) return text;
  throw new MQClientError(
    `The property ${JSON.stringify(property)} has a control character, U+0001 or U+0002, in its name or value`,
  );
}
