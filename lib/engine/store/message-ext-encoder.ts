import { utf8Write } from '../../common/buffer-text.js';
import { crc32, fullCrc32, INT_MAX } from '../../common/crc32.js';
import { combineCrc32, continueCrc32 } from '../../common/crc32-parts.js';
import { setInt64, viewOf } from '../../common/int64.js';
import { MessageConst } from '../../common/message-const.js';
import {
  bodyLengthPosition,
  MAX_PROPERTIES_LENGTH,
  MESSAGE_MAGIC_CODE,
  MESSAGE_MAGIC_CODE_V2,
  RecordLayout,
  storeTimestampPosition,
} from '../../common/message-layout.js';
import { withHostFlags } from '../../common/message-sys-flag.js';
import type { SocketHost } from '../../common/socket-host.js';
import type { MessageExtBrokerInner } from './message-ext-broker-inner.js';

const NAME_VALUE_SEPARATOR = 1;
const PROPERTY_SEPARATOR = 2;
const CRC_DIGITS = 10;
/** What stands before the digits of the checksum. */
export const CRC_NAME = Buffer.from(MessageConst.CRC32 + String.fromCharCode(NAME_VALUE_SEPARATOR), 'latin1');
/** `__CRC32#`, separator, ten digits, separator: the last bytes of a record with its own checksum. */
export const PROPERTY_CRC_LENGTH = CRC_NAME.length + CRC_DIGITS + 1;
/** Everything of a record but body and topic, at most: IPv6 hosts, version 2, longest properties. */
export const MAX_RECORD_OVERHEAD = 91 + 24 + 1 + MAX_PROPERTIES_LENGTH;

/** The checksum over a record that ends with its checksum property. */
export function recordCrc(buffer: Buffer, start: number, end: number): number {
  return crc32(buffer.subarray(start, end - PROPERTY_CRC_LENGTH));
}

/** Writes records in their stored form into one buffer (MessageExtEncoder and CommitLog.AppendMessageCallback). */
export class MessageExtEncoder {
  private readonly view: DataView;

  constructor(
    readonly buffer: Buffer,
    private readonly appendPropCrc: boolean,
  ) {
    this.view = viewOf(buffer);
  }

  /**
   * Writes the record of `message` at `start`, where there is room for it.
   *
   * @returns its length, or -1 when its properties are longer than 32,767 bytes.
   */
  encode(
    start: number,
    message: MessageExtBrokerInner,
    topic: Buffer,
    queueOffset: number,
    commitLogOffset: number,
    storeTimestamp: number,
  ): number {
    const { view } = this;
    const { body } = message;
    const bodyCrc = fullCrc32(body);
    const isVersion2 = topic.length > 127;
    const sysFlag = withHostFlags(message.sysFlag, message.bornHost, message.storeHost);
    view.setInt32(start + RecordLayout.MAGIC_CODE, isVersion2 ? MESSAGE_MAGIC_CODE_V2 : MESSAGE_MAGIC_CODE);
    view.setInt32(start + RecordLayout.BODY_CRC, bodyCrc & INT_MAX);
    view.setInt32(start + RecordLayout.QUEUE_ID, message.queueId);
    view.setInt32(start + RecordLayout.FLAG, message.flag);
    setInt64(view, start + RecordLayout.QUEUE_OFFSET, queueOffset);
    setInt64(view, start + RecordLayout.PHYSICAL_OFFSET, commitLogOffset);
    view.setInt32(start + RecordLayout.SYS_FLAG, sysFlag);
    this.writeOrigin(start, message, sysFlag, storeTimestamp);
    const bodyStart = start + bodyLengthPosition(sysFlag) + 4;
    const properties = this.writeBodyAndTopic(bodyStart, body, topic, isVersion2);
    const end = this.writeProperties(properties, message);
    if (end - properties > MAX_PROPERTIES_LENGTH) return -1;
    view.setInt16(properties - 2, end - properties);
    view.setInt32(start, end - start);
    if (this.appendPropCrc) this.writeCrc(start, bodyStart, body.length, bodyCrc, end);
    return end - start;
  }

  /** The checksum over all of it; that of the body, most of the work, is known. */
  private writeCrc(start: number, bodyStart: number, bodyLength: number, bodyCrc: number, end: number): void {
    const head = continueCrc32(0, this.view, start, bodyStart);
    const upToBody = combineCrc32(head, bodyCrc, bodyLength);
    const crc = continueCrc32(upToBody, this.view, bodyStart + bodyLength, end - PROPERTY_CRC_LENGTH);
    this.writeCrcDigits(end - 1 - CRC_DIGITS, crc & INT_MAX);
  }

  /** From whom and when the message came, and where and when it was stored. */
  private writeOrigin(
    start: number,
    message: MessageExtBrokerInner,
    sysFlag: number,
    storeTimestamp: number,
  ): void {
    const { view } = this;
    setInt64(view, start + RecordLayout.BORN_TIMESTAMP, message.bornTimestamp);
    this.writeHost(start + RecordLayout.BORN_HOST, message.bornHost);
    const position = start + storeTimestampPosition(sysFlag);
    setInt64(view, position, storeTimestamp);
    const next = this.writeHost(position + 8, message.storeHost);
    view.setInt32(next, message.reconsumeTimes);
    setInt64(view, next + 4, message.preparedTransactionOffset);
  }

  private writeHost(position: number, { address, port }: SocketHost): number {
    const next = this.writeShort(address, position);
    this.view.setInt32(next, port);
    return next + 4;
  }

  /** Returns where the properties begin, behind their length. */
  private writeBodyAndTopic(position: number, body: Buffer, topic: Buffer, isVersion2: boolean): number {
    const { buffer } = this;
    this.view.setInt32(position - 4, body.length);
    buffer.set(body, position);
    let next = position + body.length;
    if (isVersion2) buffer[next++] = topic.length >>> 8;
    buffer[next++] = topic.length & 0xff;
    return this.writeShort(topic, next) + 2;
  }

  /** A few bytes, for which a native call costs more than a loop. */
  private writeShort(bytes: Buffer, position: number): number {
    const { buffer } = this;
    for (let i = 0; i < bytes.length; i++) buffer[position + i] = bytes[i]!;
    return position + bytes.length;
  }

  /** Returns the end of the properties; one behind the longest allowed when they do not fit. */
  private writeProperties(start: number, message: MessageExtBrokerInner): number {
    const { properties, brokerProperties } = message;
    const tail = brokerProperties.length + (this.appendPropCrc ? PROPERTY_CRC_LENGTH : 0);
    const limit = start + MAX_PROPERTIES_LENGTH - tail;
    if (limit < start) return start + MAX_PROPERTIES_LENGTH + 1;
    let position = start;
    for (const [name, value] of properties) {
      if (!fits(name, value, limit - position)) return start + MAX_PROPERTIES_LENGTH + 1;
      position = this.writeText(position, name);
      this.buffer[position++] = NAME_VALUE_SEPARATOR;
      position = this.writeText(position, value);
      this.buffer[position++] = PROPERTY_SEPARATOR;
    }
    this.buffer.set(brokerProperties, position);
    position += brokerProperties.length;
    return this.appendPropCrc ? this.reserveCrc(position) : position;
  }

  private reserveCrc(position: number): number {
    this.writeShort(CRC_NAME, position);
    this.buffer[position + PROPERTY_CRC_LENGTH - 1] = PROPERTY_SEPARATOR;
    return position + PROPERTY_CRC_LENGTH;
  }

  private writeText(position: number, text: string): number {
    const { length } = text;
    if (length > SHORT_TEXT) return position + utf8Write(this.buffer, text, position);
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 0x7f) return position + utf8Write(this.buffer, text, position);
      this.buffer[position + i] = unit;
    }
    return position + length;
  }

  /** Decimal, the least significant digit first, filled up with zeros. */
  private writeCrcDigits(position: number, value: number): void {
    let rest = value;
    for (let i = 0; i < CRC_DIGITS; i++) {
      const quotient = (rest / 10) | 0;
      this.buffer[position + i] = 48 + rest - quotient * 10;
      rest = quotient;
    }
  }
}

/** Short ASCII texts, which most are, are written faster by hand than by a native call. */
const SHORT_TEXT = 48;

/** Whether a property has room; three bytes hold any UTF-16 unit, so most need not be measured. */
function fits(name: string, value: string, room: number): boolean {
  const length = name.length + value.length + 2;
  return length * 3 <= room || Buffer.byteLength(name) + Buffer.byteLength(value) + 2 <= room;
}
