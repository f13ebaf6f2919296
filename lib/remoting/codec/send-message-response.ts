import type { SendMessageResponseHeader } from '../header/send-message-response-header.js';
import { boolean, int, long, text } from './field-type.js';
import {
  FieldName,
  headerCodec,
  type HeaderCodec,
  type HeaderTexts,
  optional,
  required,
  withDefault,
} from './header-codec.js';
import { type HeaderFields, isName, POSITIONS_PER_FIELD } from './header-fields.js';

/** The answer to a send, by way of a table. */
export const sendMessageResponseTable: HeaderCodec<SendMessageResponseHeader> = headerCodec({
  msgId: required(text),
  queueId: required(int),
  queueOffset: required(long),
  transactionId: optional(text),
  regionId: withDefault(text, 'DefaultRegion', 'MSG_REGION'),
  traceOn: withDefault(boolean, true, 'TRACE_ON'),
  recallHandle: optional(text),
});

/** Without a recall handle. No two have the same length. */
const NAMES = ['msgId', 'queueId', 'queueOffset', 'transactionId', 'MSG_REGION', 'TRACE_ON'].map(
  (name) => new FieldName(name),
);
const [MSG_ID, QUEUE_ID, QUEUE_OFFSET, TRANSACTION_ID, REGION, TRACE_ON] = NAMES.map(
  ({ bytes }) => bytes,
) as [Buffer, Buffer, Buffer, Buffer, Buffer, Buffer];

/** The answer to a send, which comes with every message: what is unusual in it is left to the table. */
export const sendMessageResponse: HeaderCodec<SendMessageResponseHeader> = {
  encode(header: SendMessageResponseHeader): HeaderTexts {
    const { transactionId } = header;
    if (transactionId === undefined || header.recallHandle !== undefined)
      return sendMessageResponseTable.encode(header);
    const values = [
      header.msgId,
      int.write(header.queueId),
      long.write(header.queueOffset),
      transactionId,
      header.regionId,
      boolean.write(header.traceOn),
    ];
    return { names: NAMES, values };
  },

  decode(fields: HeaderFields): SendMessageResponseHeader {
    return read(fields) ?? sendMessageResponseTable.decode(fields);
  },
};

/** Undefined when there is anything but the usual fields. */
function read({ buffer, positions, end: fieldsEnd }: HeaderFields): SendMessageResponseHeader | undefined {
  let msgId: string | undefined;
  let queueId: number | undefined;
  let queueOffset: number | undefined;
  let transactionId: string | undefined;
  let regionId: string | undefined = 'DefaultRegion';
  let traceOn: boolean | undefined = true;
  for (let at = 0; at < fieldsEnd; at += POSITIONS_PER_FIELD) {
    const name = positions[at]!;
    const nameEnd = positions[at + 1]!;
    const start = positions[at + 2]!;
    const end = positions[at + 3]!;
    if (positions[at + 4] === 1) return undefined;
    if (isName(buffer, name, nameEnd, MSG_ID)) msgId = text.read(buffer, start, end);
    else if (isName(buffer, name, nameEnd, QUEUE_ID)) queueId = int.read(buffer, start, end);
    else if (isName(buffer, name, nameEnd, QUEUE_OFFSET)) queueOffset = long.read(buffer, start, end);
    else if (isName(buffer, name, nameEnd, TRANSACTION_ID)) transactionId = text.read(buffer, start, end);
    else if (isName(buffer, name, nameEnd, REGION)) regionId = text.read(buffer, start, end);
    else if (isName(buffer, name, nameEnd, TRACE_ON)) traceOn = boolean.read(buffer, start, end);
    else return undefined;
  }
  if (msgId === undefined || queueId === undefined || queueOffset === undefined) return undefined;
  if (regionId === undefined || traceOn === undefined) return undefined;
  return { msgId, queueId, queueOffset, transactionId, regionId, traceOn, recallHandle: undefined };
}
