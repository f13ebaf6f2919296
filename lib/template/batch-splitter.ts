import type { Message } from '../common/message.js';
import { encodeProperties } from '../common/message-properties.js';
import { MQClientError } from '../errors/index.js';
import { ResponseCode } from '../remoting/response-code.js';

/** Room for what a record has besides body, topic and properties: 91 bytes, unique id, checksum, the name of a namespace. */
const OVERHEAD = 256;

/**
 * Messages in their order, as batches that a broker takes: what counts there are its records (MessageExtEncoder#encode).
 *
 * @throws MQClientError for a message that is too large by itself, before any is sent.
 */
export function splitBatch(messages: readonly Message[], maxMessageSize: number): Message[][] {
  const batches: Message[][] = [];
  let room = 0;
  for (const message of messages) {
    const { topic, body, properties } = message;
    if (body.length > maxMessageSize) throw tooLarge(message, maxMessageSize);
    const size = OVERHEAD + topic.length + body.length + Buffer.byteLength(encodeProperties(properties));
    if (size <= room) batches.at(-1)!.push(message);
    else batches.push([message]);
    room = (size <= room ? room : maxMessageSize) - size;
  }
  return batches;
}

function tooLarge({ topic, body }: Message, maxMessageSize: number): MQClientError {
  const text = `A message of topic ${topic} has ${body.length} bytes, over max value, MAX: ${maxMessageSize}; nothing was sent`;
  return new MQClientError(text, { responseCode: ResponseCode.MESSAGE_ILLEGAL, topic });
}
