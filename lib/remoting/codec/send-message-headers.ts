import type { SendMessageRequestHeader } from '../header/send-message-request-header.js';
import { boolean, int, long, properties, text } from './field-type.js';
import { SendMessageHeaderV2 } from './send-message-header-v2.js';
import { headerCodec, type HeaderCodec, optional, required, withDefault } from './header-codec.js';

const NO_PROPERTIES: ReadonlyMap<string, string> = new Map();

/** The header with its full names, as SEND_MESSAGE and SEND_REPLY_MESSAGE have it (SendMessageRequestHeader). Only read, never sent. */
export const sendMessageHeaderV1: HeaderCodec<SendMessageRequestHeader> = headerCodec({
  producerGroup: required(text),
  topic: required(text),
  defaultTopic: required(text),
  defaultTopicQueueNums: required(int),
  queueId: required(int),
  sysFlag: required(int),
  bornTimestamp: required(long),
  flag: required(int),
  properties: withDefault(properties, NO_PROPERTIES),
  reconsumeTimes: withDefault(int, 0),
  maxReconsumeTimes: optional(int),
  brokerName: withDefault(text, '', 'bname'),
  unitMode: optional(boolean),
});

/**
 * The header with names of one letter, as SEND_MESSAGE_V2, SEND_REPLY_MESSAGE_V2 and SEND_BATCH_MESSAGE have it
 * (SendMessageRequestHeaderV2): the letters follow the order of Java's class, with `m` for the batch.
 */
export const sendMessageHeaderV2 = (isBatch: boolean): HeaderCodec<SendMessageRequestHeader> =>
  new SendMessageHeaderV2(sendMessageTableV2(isBatch), isBatch);

/** The same by way of the table alone. */
export const sendMessageTableV2 = (isBatch: boolean): HeaderCodec<SendMessageRequestHeader> =>
  headerCodec(
    {
      producerGroup: required(text, 'a'),
      topic: required(text, 'b'),
      defaultTopic: required(text, 'c'),
      defaultTopicQueueNums: required(int, 'd'),
      queueId: required(int, 'e'),
      sysFlag: required(int, 'f'),
      bornTimestamp: required(long, 'g'),
      flag: required(int, 'h'),
      properties: withDefault(properties, NO_PROPERTIES, 'i'),
      reconsumeTimes: withDefault(int, 0, 'j'),
      maxReconsumeTimes: optional(int, 'l'),
      brokerName: withDefault(text, '', 'n'),
      unitMode: optional(boolean, 'k'),
    },
    { m: String(isBatch) },
  );
