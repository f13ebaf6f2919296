import { decodeProperties, encodeProperties } from '../../common/message-properties.js';
import { MAX_PROPERTIES_LENGTH } from '../../common/message-layout.js';
import { utf8Slice } from '../../common/buffer-text.js';
import { int32At } from '../../common/int64.js';
import { RemotingCodecError } from '../../errors/remoting-codec.error.js';
import type { InnerMessage } from '../../common/message-ext.js';
import type { MessageBatch } from '../body/message-batch.js';

/** Where the parts of an item lie; magic code and checksum are 0, the broker computes its own. */
const ItemLayout = { TOTAL_SIZE: 0, FLAG: 12, BODY_LENGTH: 16, BODY: 20 } as const;

/** Bytes of an item without body and properties. */
const MIN_ITEM_SIZE = ItemLayout.BODY + 2;

const NO_PROPERTIES: ReadonlyMap<string, string> = new Map();

/**
 * Encodes the messages of a batch (MessageDecoder#encodeMessages).
 *
 * @throws RemotingCodecError when the properties of one are too long.
 */
export function encodeMessageBatch(batch: MessageBatch): Buffer {
  const texts = batch.map(({ properties }) => Buffer.from(encodeProperties(properties)));
  const size = batch.reduce((sum, { body }, i) => sum + MIN_ITEM_SIZE + body.length + texts[i]!.length, 0);
  const buffer = Buffer.alloc(size);
  let position = 0;
  batch.forEach((message, i) => {
    position = writeItem(buffer, position, message, texts[i]!);
  });
  return buffer;
}

function writeItem(buffer: Buffer, start: number, { flag, body }: InnerMessage, properties: Buffer): number {
  if (properties.length > MAX_PROPERTIES_LENGTH) {
    throw new RemotingCodecError(
      `A message of a batch has ${properties.length} bytes of properties, more than ${MAX_PROPERTIES_LENGTH}`,
    );
  }
  const bodyEnd = start + ItemLayout.BODY + body.length;
  const end = bodyEnd + 2 + properties.length;
  buffer.writeInt32BE(end - start, start + ItemLayout.TOTAL_SIZE);
  buffer.writeInt32BE(flag, start + ItemLayout.FLAG);
  buffer.writeInt32BE(body.length, start + ItemLayout.BODY_LENGTH);
  body.copy(buffer, start + ItemLayout.BODY);
  buffer.writeInt16BE(properties.length, bodyEnd);
  properties.copy(buffer, bodyEnd + 2);
  return end;
}

/**
 * The reverse (MessageDecoder#decodeMessages), of the first `max` messages. The bodies are views.
 *
 * @throws RemotingCodecError when the lengths do not add up.
 */
export function decodeMessageBatch(buffer: Buffer, max = Infinity): MessageBatch {
  const batch: InnerMessage[] = [];
  for (let position = 0; position < buffer.length && batch.length < max;) {
    const end = position + itemSize(buffer, position);
    batch.push(readItem(buffer, position, end));
    position = end;
  }
  return batch;
}

function itemSize(buffer: Buffer, start: number): number {
  const available = buffer.length - start;
  const size = available < MIN_ITEM_SIZE ? 0 : int32At(buffer, start + ItemLayout.TOTAL_SIZE);
  if (size < MIN_ITEM_SIZE || size > available) {
    throw new RemotingCodecError(`A message of a batch leaves the body at byte ${start}`);
  }
  return size;
}

function readItem(buffer: Buffer, start: number, end: number): InnerMessage {
  const bodyStart = start + ItemLayout.BODY;
  const bodyEnd = bodyStart + int32At(buffer, start + ItemLayout.BODY_LENGTH);
  const isInside = bodyEnd >= bodyStart && bodyEnd <= end - 2;
  const propertiesStart = bodyEnd + 2;
  if (!isInside || propertiesStart + (int32At(buffer, bodyEnd) >> 16) !== end) {
    throw new RemotingCodecError(`The lengths of a message of a batch do not add up at byte ${start}`);
  }
  return {
    flag: int32At(buffer, start + ItemLayout.FLAG),
    body: buffer.subarray(bodyStart, bodyEnd),
    properties:
      propertiesStart < end ? decodeProperties(utf8Slice(buffer, propertiesStart, end)) : NO_PROPERTIES,
  };
}
