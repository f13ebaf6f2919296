import { latin1Slice } from '../../lib/common/buffer-text.js';
import { encodeRequest, encodeResponse } from '../../lib/remoting/codec/remoting-codec.js';
import type { SerializeType } from '../../lib/remoting/codec/remoting-frame.js';
import { success } from '../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../lib/remoting/request-code.js';

/** Bytes of the length field and the header mark. */
const HEADER_START = 8;
/** Of the opaque in a binary header, behind code, language and version. */
const BINARY_OPAQUE_AT = HEADER_START + 5;
/** The opaque of a template; those that are sent have as many digits. */
export const FIRST_OPAQUE = 1_000_000_000;
const TIME = 1_700_000_000_000;
const QUEUE_OFFSET = 900_000_000_000;
const HEX_ID = 'AC1100021C2818B4AAC27F2E0F9A0000';
const TOPIC = 'BenchmarkTest';
const ZERO = 0x30;

/** A frame that is complete but for a few numbers, and where these stand. */
export interface FrameTemplate {
  readonly bytes: Buffer;
  readonly opaqueAt: number;
  /** Of the last digits that are written. */
  readonly idEnd: number;
  readonly numberEnd: number;
}

/** A send of a kilobyte to a queue, as our client sends it: unique id and time are to be filled in. */
export function requestTemplate(type: SerializeType, queueId: number): FrameTemplate {
  const header = {
    producerGroup: 'benchmark_producer',
    topic: TOPIC,
    defaultTopic: 'TBW102',
    defaultTopicQueueNums: 8,
    queueId,
    sysFlag: 0,
    bornTimestamp: TIME,
    flag: 0,
    properties: new Map([['UNIQ_KEY', HEX_ID]]),
    reconsumeTimes: 0,
    brokerName: 'broker-a',
    unitMode: false,
  };
  const request = { code: RequestCode.SEND_MESSAGE, header, body: Buffer.alloc(1024, 'a') };
  const bytes = encodeRequest(request, FIRST_OPAQUE, false, type);
  return templateOf(Buffer.from(bytes), type, HEX_ID, TIME);
}

/** The answer that a message is stored: id and queue offset are to be filled in. */
export function answerTemplate(type: SerializeType, queueId: number): FrameTemplate {
  const header = {
    msgId: HEX_ID,
    queueId,
    queueOffset: QUEUE_OFFSET,
    transactionId: undefined,
    regionId: 'DefaultRegion',
    traceOn: true,
  };
  const parts = encodeResponse(
    RequestCode.SEND_MESSAGE,
    success(header, undefined) as never,
    FIRST_OPAQUE,
    type,
  );
  return templateOf(Buffer.concat(parts), type, HEX_ID, QUEUE_OFFSET);
}

function templateOf(bytes: Buffer, type: SerializeType, id: string, number: number): FrameTemplate {
  const endOf = (text: string): number => bytes.indexOf(text) + text.length;
  const opaqueAt = type === 'JSON' ? bytes.indexOf(String(FIRST_OPAQUE)) : BINARY_OPAQUE_AT;
  return { bytes, opaqueAt, idEnd: endOf(id), numberEnd: endOf(String(number)) };
}

/** Writes the last `count` digits of a number so that they end at `end`. */
export function writeDigits(bytes: Buffer, end: number, count: number, value: number): void {
  let rest = value;
  for (let at = end - 1; at >= end - count; at--) {
    const next = Math.floor(rest / 10);
    bytes[at] = ZERO + rest - next * 10;
    rest = next;
  }
}

/** What is read of a frame. */
export interface BareHeader {
  readonly opaque: number;
  /** Of the queue in a request, the queue offset in an answer. */
  readonly number: number;
  /** The properties of a request, the id in an answer. */
  readonly text: string;
}

/** How the number and the text are called: one letter each in a request. */
interface FieldNames {
  readonly number: string;
  readonly text: string;
}
export const REQUEST_FIELDS: FieldNames = { number: 'e', text: 'i' };
export const ANSWER_FIELDS: FieldNames = { number: 'queueOffset', text: 'msgId' };

/** Reads what has to be read of a header; fields may stand in any order. */
export function readHeader(type: SerializeType, frame: Buffer, start: number, names: FieldNames): BareHeader {
  return type === 'JSON' ? readJson(frame, start, names) : readBinary(frame, start, names);
}

/** Of the whole frame, which begins at `start`. */
export const bodyStart = (frame: Buffer, start: number): number =>
  start + HEADER_START + (frame.readInt32BE(start + 4) & 0xffffff);

function readJson(frame: Buffer, start: number, names: FieldNames): BareHeader {
  const header = latin1Slice(frame, start + HEADER_START, bodyStart(frame, start));
  const textStart = header.indexOf(`"${names.text}":"`) + names.text.length + 3;
  return {
    opaque: digitsAt(header, header.indexOf('"opaque":') + 9),
    number: digitsAt(header, header.indexOf(`"${names.number}":"`) + names.number.length + 4),
    text: JSON.parse(header.slice(textStart, header.indexOf('"', textStart + 1) + 1)) as string,
  };
}

function digitsAt(header: string, start: number): number {
  let value = 0;
  for (let at = start; ; at++) {
    const digit = header.charCodeAt(at) - ZERO;
    if (!(digit >= 0 && digit <= 9)) return value;
    value = value * 10 + digit;
  }
}

function readBinary(frame: Buffer, start: number, names: FieldNames): BareHeader {
  const end = bodyStart(frame, start);
  let number = 0;
  let text = '';
  // Behind the remark, which is empty, and the length of all fields.
  for (let at = start + HEADER_START + 21; at < end;) {
    const nameLength = frame.readInt16BE(at);
    const valueStart = at + 6 + nameLength;
    const valueEnd = valueStart + frame.readInt32BE(valueStart - 4);
    if (isName(frame, at + 2, nameLength, names.number)) number = numberOf(frame, valueStart, valueEnd);
    else if (isName(frame, at + 2, nameLength, names.text)) text = latin1Slice(frame, valueStart, valueEnd);
    at = valueEnd;
  }
  return { opaque: frame.readInt32BE(start + BINARY_OPAQUE_AT), number, text };
}

/** First letter and length tell names apart. */
const isName = (frame: Buffer, start: number, length: number, name: string): boolean =>
  length === name.length && frame[start] === name.charCodeAt(0);

function numberOf(frame: Buffer, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) value = value * 10 + frame[at]! - ZERO;
  return value;
}
