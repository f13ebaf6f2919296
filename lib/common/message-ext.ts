import { hexSlice, utf8Slice } from './buffer-text.js';
import { crc32 } from './crc32.js';
import { decompressBody } from './compression.js';
import { int32At, readInt64, writeInt64 } from './int64.js';
import { MessageConst } from './message-const.js';
import {
  bodyLengthPosition,
  bornHostAddressLength,
  RecordLayout,
  storeHostAddressLength,
  storeTimestampPosition,
  topicRange,
} from './message-layout.js';
import { decodeProperties, encodeProperties } from './message-properties.js';
import { MessageSysFlag } from './message-sys-flag.js';
import { Message } from './message.js';
import { repeatedText } from './repeated-text.js';
import { formatSocketHost } from './socket-host.js';
import { NO_BYTES } from './no-bytes.js';

/** Bytes of the largest body, unless an option says otherwise (`maxMessageSize` of Apache's broker and producer). */
export const DEFAULT_MAX_MESSAGE_SIZE = 4 * 1024 * 1024;

/** Bits of the sysFlag that tell of the body of a batch. */
const FLAGS_OF_A_BATCH =
  MessageSysFlag.NEED_UNWRAP |
  MessageSysFlag.INNER_BATCH |
  MessageSysFlag.COMPRESSED |
  MessageSysFlag.COMPRESSION_TYPE_MASK;

/** What each message of a batch has of its own. */
export interface InnerMessage {
  readonly flag: number;
  readonly body: Buffer;
  readonly properties: ReadonlyMap<string, string>;
}

/**
 * A message as a broker stored it: what its sender set and what the broker added. Offsets are safe integers.
 * It is a view of the record: body, properties and hosts are read when they are first asked for.
 */
export class MessageExt extends Message {
  brokerName = '';
  readonly queueId: number;
  /** Position in its queue. */
  readonly queueOffset: number;
  /** Position of the record in the commit log. */
  readonly commitLogOffset: number;
  readonly sysFlag: number;
  /** Milliseconds since the epoch, by the sender's clock. */
  readonly bornTimestamp: number;
  /** Milliseconds since the epoch, by the broker's clock. */
  readonly storeTimestamp: number;
  /** How often this message was delivered and failed before. */
  reconsumeTimes: number;
  readonly preparedTransactionOffset: number;
  private readonly bodyPosition: number;
  private readonly propertiesPosition: number;
  private bodyRead = false;
  private consumedSince: number | undefined;

  /**
   * `record` holds a complete record at `start`; see {@link decodeMessage} for input that may not. A body that inflates to more than
   * `maxMessageSize` bytes is refused.
   */
  constructor(
    private readonly record: Buffer,
    private readonly start: number,
    private readonly maxMessageSize = DEFAULT_MAX_MESSAGE_SIZE,
  ) {
    const sysFlag = int32At(record, start + RecordLayout.SYS_FLAG);
    const bodyPosition = start + bodyLengthPosition(sysFlag);
    const topic = topicRange(record, start);
    super(repeatedText(record, topic.position, topic.position + topic.length), NO_BYTES);
    this.flag = int32At(record, start + RecordLayout.FLAG);
    this.queueId = int32At(record, start + RecordLayout.QUEUE_ID);
    this.queueOffset = readInt64(record, start + RecordLayout.QUEUE_OFFSET);
    this.commitLogOffset = readInt64(record, start + RecordLayout.PHYSICAL_OFFSET);
    this.sysFlag = sysFlag;
    this.bornTimestamp = readInt64(record, start + RecordLayout.BORN_TIMESTAMP);
    this.storeTimestamp = readInt64(record, start + storeTimestampPosition(sysFlag));
    this.reconsumeTimes = int32At(record, bodyPosition - 12);
    this.preparedTransactionOffset = readInt64(record, bodyPosition - 8);
    this.bodyPosition = bodyPosition;
    this.propertiesPosition = topic.position + topic.length;
  }

  /** Bytes of the record in the commit log. */
  get storeSize(): number {
    return int32At(this.record, this.start + RecordLayout.TOTAL_SIZE);
  }

  /**
   * The body, decompressed when it was compressed. Otherwise a view of the answer in which it came (up to 256 KiB): copy what you keep.
   *
   * @throws RocketMQError `DECOMPRESSION` when it cannot be decompressed.
   */
  override get body(): Buffer {
    if (!this.bodyRead) this.body = this.readBody();
    return this.bytes;
  }

  override set body(body: Buffer) {
    this.bytes = body;
    this.bodyRead = true;
  }

  override get properties(): Map<string, string> {
    if (this.propertyMap === undefined) {
      const start = this.propertiesPosition + 2;
      const length = this.record.readInt16BE(this.propertiesPosition);
      this.propertyMap = decodeProperties(utf8Slice(this.record, start, start + length));
      // The checksum belongs to the record, not to the message.
      this.propertyMap.delete(MessageConst.CRC32);
      this.noteConsumeStart();
    }
    return this.propertyMap;
  }

  /**
   * When a listener was called with it, in milliseconds since the epoch; undefined before. It is the property
   * CONSUME_START_TIME too, for which properties that nobody asks for need not be read.
   */
  get consumeStartTimestamp(): number | undefined {
    return this.consumedSince;
  }

  set consumeStartTimestamp(timestamp: number) {
    this.consumedSince = timestamp;
    this.noteConsumeStart();
  }

  /** The id that its sender gave it, else {@link offsetMsgId}. */
  get msgId(): string {
    return this.getProperty(MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX) ?? this.offsetMsgId;
  }

  /** Store host and commit-log offset in hex: the id by which a broker finds the record without an index. */
  get offsetMsgId(): string {
    const storeHost = this.storeHostPosition;
    const hostEnd = storeHost + storeHostAddressLength(this.sysFlag) + 4;
    const offset = this.start + RecordLayout.PHYSICAL_OFFSET;
    return (
      hexSlice(this.record, storeHost, hostEnd) + hexSlice(this.record, offset, offset + 8)
    ).toUpperCase();
  }

  /** `ip:port` of the sender. */
  get bornHost(): string {
    return formatSocketHost(
      this.record,
      this.start + RecordLayout.BORN_HOST,
      bornHostAddressLength(this.sysFlag),
    );
  }

  /** `ip:port` of the broker that stored it. */
  get storeHost(): string {
    return formatSocketHost(this.record, this.storeHostPosition, storeHostAddressLength(this.sysFlag));
  }

  /** The body as it was stored, which may be compressed. */
  get storedBody(): Buffer {
    const start = this.bodyPosition + 4;
    return this.record.subarray(start, start + int32At(this.record, this.bodyPosition));
  }

  /** Whether the stored body has the checksum that was stored with it. */
  isBodyIntact(): boolean {
    const stored = int32At(this.record, this.start + RecordLayout.BODY_CRC);
    return stored === crc32(this.storedBody);
  }

  /**
   * A message of the batch that the body of this record is, as a record of its own that is not one
   * (MessageDecoder#decodeMessage with a list).
   */
  innerMessage(index: number, { flag, body, properties }: InnerMessage): MessageExt {
    const head = Buffer.from(this.record.subarray(this.start, this.bodyPosition + 4));
    const topicPosition = this.bodyPosition + 4 + this.storedBody.length;
    const topic = this.record.subarray(topicPosition, this.propertiesPosition);
    const text = Buffer.from(encodeProperties(properties));
    const textLength = Buffer.from([text.length >> 8, text.length]);
    const record = Buffer.concat([head, body, topic, textLength, text]);
    record.writeInt32BE(record.length, RecordLayout.TOTAL_SIZE);
    record.writeInt32BE(crc32(body), RecordLayout.BODY_CRC);
    record.writeInt32BE(flag, RecordLayout.FLAG);
    writeInt64(record, RecordLayout.QUEUE_OFFSET, this.queueOffset + index);
    record.writeInt32BE(this.sysFlag & ~FLAGS_OF_A_BATCH, RecordLayout.SYS_FLAG);
    record.writeInt32BE(body.length, head.length - 4);
    return new MessageExt(record, 0, this.maxMessageSize);
  }

  private get storeHostPosition(): number {
    return this.start + storeTimestampPosition(this.sysFlag) + 8;
  }

  private noteConsumeStart(): void {
    if (this.consumedSince === undefined) return;
    this.propertyMap?.set(MessageConst.CONSUME_START_TIMESTAMP, String(this.consumedSince));
  }

  private readBody(): Buffer {
    const stored = this.storedBody;
    const isCompressed = (this.sysFlag & MessageSysFlag.COMPRESSED) !== 0;
    return isCompressed ? decompressBody(stored, this.sysFlag, this.maxMessageSize) : stored;
  }
}
