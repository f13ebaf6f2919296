import { decodeProperties } from '../../common/message-properties.js';
import type { SendMessageRequestHeader } from '../header/send-message-request-header.js';
import { boolean, int, long, properties, text } from './field-type.js';
import { FieldName, type HeaderCodec, type HeaderTexts } from './header-codec.js';
import { POSITIONS_PER_FIELD, type HeaderFields } from './header-fields.js';

/** In the order in which a header is written that has a unit mode, and no limit of attempts: every one of a producer. */
const NAMES = 'abcdefghijnkm'.split('').map((letter) => new FieldName(letter));
const [A, B, C, D, E, F, G, H, I, J, K, L, N] = Buffer.from('abcdefghijkln');
const NO_PROPERTIES: ReadonlyMap<string, string> = new Map();

/**
 * The header that comes with every message, without a look into a table for each of its fields: half the time. What is unusual
 * in any way is left to the table, which says what is wrong with it, too.
 */
export class SendMessageHeaderV2 implements HeaderCodec<SendMessageRequestHeader> {
  private readonly batch: string;

  constructor(
    private readonly table: HeaderCodec<SendMessageRequestHeader>,
    isBatch: boolean,
  ) {
    this.batch = String(isBatch);
  }

  encode(header: SendMessageRequestHeader): HeaderTexts {
    if (header.unitMode === undefined || header.maxReconsumeTimes !== undefined)
      return this.table.encode(header);
    const values = [
      header.producerGroup,
      header.topic,
      header.defaultTopic,
      int.write(header.defaultTopicQueueNums),
      int.write(header.queueId),
      int.write(header.sysFlag),
      long.write(header.bornTimestamp),
      int.write(header.flag),
      properties.write(header.properties),
      int.write(header.reconsumeTimes),
      header.brokerName,
      boolean.write(header.unitMode),
      this.batch,
    ];
    return { names: NAMES, values };
  }

  decode(fields: HeaderFields): SendMessageRequestHeader {
    return read(fields) ?? this.table.decode(fields);
  }
}

type MaybeHeader = {
  -readonly [K in keyof SendMessageRequestHeader]: SendMessageRequestHeader[K] | undefined;
};

/** Undefined when a field is missing, or not of its type. */
function read(fields: HeaderFields): SendMessageRequestHeader | undefined {
  const header: MaybeHeader = {
    producerGroup: undefined,
    topic: undefined,
    defaultTopic: undefined,
    defaultTopicQueueNums: undefined,
    queueId: undefined,
    sysFlag: undefined,
    bornTimestamp: undefined,
    flag: undefined,
    properties: NO_PROPERTIES,
    reconsumeTimes: 0,
    maxReconsumeTimes: undefined,
    brokerName: '',
    unitMode: undefined,
  };
  for (let at = 0; at < fields.end; at += POSITIONS_PER_FIELD) {
    if (!readField(header, fields, at)) return undefined;
  }
  return isComplete(header) ? header : undefined;
}

/** False when the value is not of its type, or has escapes where none are to be expected. */
function readField(header: MaybeHeader, fields: HeaderFields, at: number): boolean {
  const { buffer, positions } = fields;
  const name = positions[at]!;
  if (positions[at + 1]! - name !== 1) return true;
  const start = positions[at + 2]!;
  const end = positions[at + 3]!;
  const isEscaped = positions[at + 4] === 1;
  if (isEscaped && buffer[name] !== I) return false;
  switch (buffer[name]) {
    case A:
      return (header.producerGroup = text.read(buffer, start, end)) !== undefined;
    case B:
      return (header.topic = text.read(buffer, start, end)) !== undefined;
    case C:
      return (header.defaultTopic = text.read(buffer, start, end)) !== undefined;
    case D:
      return (header.defaultTopicQueueNums = int.read(buffer, start, end)) !== undefined;
    case E:
      return (header.queueId = int.read(buffer, start, end)) !== undefined;
    case F:
      return (header.sysFlag = int.read(buffer, start, end)) !== undefined;
    case G:
      return (header.bornTimestamp = long.read(buffer, start, end)) !== undefined;
    case H:
      return (header.flag = int.read(buffer, start, end)) !== undefined;
    case I:
      header.properties = isEscaped ? decodeProperties(fields.text(at)) : properties.read(buffer, start, end);
      return true;
    case J:
      return (header.reconsumeTimes = int.read(buffer, start, end)) !== undefined;
    case K:
      return (header.unitMode = boolean.read(buffer, start, end)) !== undefined;
    case L:
      return (header.maxReconsumeTimes = int.read(buffer, start, end)) !== undefined;
    case N:
      return (header.brokerName = text.read(buffer, start, end)) !== undefined;
    default:
      return true;
  }
}

/** Whether everything is there that has no default. */
function isComplete(header: MaybeHeader): header is SendMessageRequestHeader {
  return (
    header.producerGroup !== undefined &&
    header.topic !== undefined &&
    header.defaultTopic !== undefined &&
    header.defaultTopicQueueNums !== undefined &&
    header.queueId !== undefined &&
    header.sysFlag !== undefined &&
    header.bornTimestamp !== undefined &&
    header.flag !== undefined
  );
}
