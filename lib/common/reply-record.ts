import { crc32 } from './crc32.js';
import { writeInt64 } from './int64.js';
import { MESSAGE_MAGIC_CODE_V2, RecordLayout } from './message-layout.js';
import { DEFAULT_MAX_MESSAGE_SIZE, MessageExt } from './message-ext.js';
import { withHostFlags } from './message-sys-flag.js';
import { parseSocketHost, type SocketHost } from './socket-host.js';

const UNKNOWN_HOST: SocketHost = { address: Buffer.alloc(4), port: 0 };

/** What is known of a message that no broker's record stands for. */
export interface ReplyFields {
  readonly topic: string;
  readonly queueId: number;
  readonly flag: number;
  readonly sysFlag: number;
  readonly bornTimestamp: number;
  readonly bornHost: string;
  readonly storeTimestamp: number;
  readonly storeHost: string;
  readonly reconsumeTimes: number;
  readonly properties: ReadonlyMap<string, string>;
}

/**
 * A reply, which travels without a record, as a message: the view of a record that is made for it.
 *
 * @throws RangeError when a number does not fit.
 */
export function replyMessage(
  fields: ReplyFields,
  body: Buffer,
  maxMessageSize = DEFAULT_MAX_MESSAGE_SIZE,
): MessageExt {
  const bornHost = hostOf(fields.bornHost);
  const storeHost = hostOf(fields.storeHost);
  const message = new MessageExt(record(fields, bornHost, storeHost, body), 0, maxMessageSize);
  for (const [name, value] of fields.properties) message.putProperty(name, value);
  return message;
}

/** Java may write a host with its name before a slash, or by a name alone, which must not cost the reply. */
function hostOf(text: string): SocketHost {
  try {
    return parseSocketHost(text.slice(text.lastIndexOf('/') + 1));
  } catch {
    return UNKNOWN_HOST;
  }
}

function record(fields: ReplyFields, bornHost: SocketHost, storeHost: SocketHost, body: Buffer): Buffer {
  const topic = Buffer.from(fields.topic, 'latin1');
  const born = RecordLayout.BORN_HOST + bornHost.address.length + 4;
  const stored = born + 8 + storeHost.address.length + 4;
  const bytes = Buffer.alloc(stored + 12 + 4 + body.length + 2 + topic.length + 2);
  bytes.writeInt32BE(bytes.length, RecordLayout.TOTAL_SIZE);
  bytes.writeInt32BE(MESSAGE_MAGIC_CODE_V2, RecordLayout.MAGIC_CODE);
  bytes.writeInt32BE(crc32(body), RecordLayout.BODY_CRC);
  bytes.writeInt32BE(fields.queueId, RecordLayout.QUEUE_ID);
  bytes.writeInt32BE(fields.flag, RecordLayout.FLAG);
  bytes.writeInt32BE(withHostFlags(fields.sysFlag, bornHost, storeHost), RecordLayout.SYS_FLAG);
  writeInt64(bytes, RecordLayout.BORN_TIMESTAMP, fields.bornTimestamp);
  writeHost(bytes, RecordLayout.BORN_HOST, bornHost);
  writeInt64(bytes, born, fields.storeTimestamp);
  writeHost(bytes, born + 8, storeHost);
  bytes.writeInt32BE(fields.reconsumeTimes, stored);
  bytes.writeInt32BE(body.length, stored + 12);
  body.copy(bytes, stored + 16);
  bytes.writeUInt16BE(topic.length, stored + 16 + body.length);
  topic.copy(bytes, stored + 16 + body.length + 2);
  return bytes;
}

function writeHost(bytes: Buffer, position: number, { address, port }: SocketHost): void {
  address.copy(bytes, position);
  bytes.writeInt32BE(port, position + address.length);
}
