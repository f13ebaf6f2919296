import { MAX_UNIT_SIZE, utf8Write } from '../../common/buffer-text.js';
import { Slab } from '../../common/slab.js';
import { RemotingCodecError } from '../../errors/remoting-codec.error.js';
import { BinaryHeaderLayout, MIN_BINARY_HEADER_SIZE } from './binary-header.js';
import { MAX_FRAME_SIZE } from './frame-cutter.js';
import type { FieldValue } from './field-type.js';
import type { HeaderTexts } from './header-codec.js';
import { OWN_LANGUAGE, OWN_LANGUAGE_CODE } from './language-code.js';
import { OWN_VERSION } from './mq-version.js';
import { SERIALIZE_TYPE_CODES, type SerializeType } from './remoting-frame.js';

/** What a frame says besides its fields and body; language and version are ours. */
export interface FrameStart {
  readonly code: number;
  readonly opaque: number;
  readonly flag: number;
  readonly remark: string | undefined;
}

/** Bytes of the length field and the header mark. */
const HEADER_START = 8;

const MAX_INTEGER_SIZE = 20;

const INT_MAX = 2 ** 31 - 1;
const ZERO = 0x30;

const slab = new Slab();

/** Copies of longer bodies, each in memory of its own, would keep the garbage collector busy. */
const MAX_COPIED_BODY = 8192;

/** Up to this many characters a loop is faster than a native call. */
const MAX_SHORT_TEXT = 40;

/**
 * Writes a frame, its length field included (RemotingCommand#encode).
 *
 * @throws RemotingCodecError when it is too long for the peer to take.
 */
export function writeFrame(
  start: FrameStart,
  fields: HeaderTexts,
  body: Buffer,
  serializeType: SerializeType,
): Buffer {
  return write(start, fields, { body, isCopied: true }, serializeType);
}

/** Writes a frame as buffers to be sent one behind the other. A long body is not copied, and must not change any more. */
export function writeFrameParts(
  start: FrameStart,
  fields: HeaderTexts,
  body: Buffer,
  serializeType: SerializeType,
): readonly Buffer[] {
  if (body.length <= MAX_COPIED_BODY) return [writeFrame(start, fields, body, serializeType)];
  return [write(start, fields, { body, isCopied: false }, serializeType), body];
}

interface FrameBody {
  readonly body: Buffer;
  /** Whether it is written behind the header. */
  readonly isCopied: boolean;
}

function write(
  start: FrameStart,
  fields: HeaderTexts,
  body: FrameBody,
  serializeType: SerializeType,
): Buffer {
  return serializeType === 'JSON' ? writeJson(start, fields, body) : writeBinary(start, fields, body);
}

const room = ({ body, isCopied }: FrameBody): number => (isCopied ? body.length : 0);

/** With members in the order in which Java writes them. */
function writeJson(start: FrameStart, { names, values }: HeaderTexts, body: FrameBody): Buffer {
  const { code, opaque, flag, remark } = start;
  let header = `{"code":${code},"extFields":{`;
  for (let i = 0; i < names.length; i++) {
    if (i > 0) header += ',';
    header += names[i]!.json + quote(String(values[i]!));
  }
  header += `},"flag":${flag},"language":"${OWN_LANGUAGE}","opaque":${opaque}`;
  if (remark !== undefined) header += `,"remark":${JSON.stringify(remark)}`;
  header += `,"serializeTypeCurrentRPC":"JSON","version":${OWN_VERSION}}`;
  const at = slab.reserve(HEADER_START + header.length * MAX_UNIT_SIZE + room(body));
  const headerStart = at + HEADER_START;
  const headerEnd = headerStart + utf8Write(slab.buffer, header, headerStart);
  return complete(at, headerEnd, body, SERIALIZE_TYPE_CODES.JSON);
}

function writeBinary(start: FrameStart, fields: HeaderTexts, body: FrameBody): Buffer {
  const { code, opaque, flag, remark = '' } = start;
  const at = slab.reserve(HEADER_START + maxBinarySize(remark, fields) + room(body));
  const { buffer: frame, view } = slab;
  const header = at + HEADER_START;
  view.setInt16(header + BinaryHeaderLayout.CODE, code);
  frame[header + BinaryHeaderLayout.LANGUAGE] = OWN_LANGUAGE_CODE;
  view.setInt16(header + BinaryHeaderLayout.VERSION, OWN_VERSION);
  view.setInt32(header + BinaryHeaderLayout.OPAQUE, opaque);
  view.setInt32(header + BinaryHeaderLayout.FLAG, flag);
  const fieldsLength = writeText(frame, header + BinaryHeaderLayout.REMARK_LENGTH, remark);
  let position = fieldsLength + 4;
  for (let i = 0; i < fields.names.length; i++) {
    position = writeBytes(frame, position, fields.names[i]!.binary);
    position = writeValue(frame, position, fields.values[i]!);
  }
  view.setInt32(fieldsLength, position - fieldsLength - 4);
  return complete(at, position, body, SERIALIZE_TYPE_CODES.ROCKETMQ);
}

/** Bytes of a binary header when every text takes as many as it can. */
function maxBinarySize(remark: string, { names, values }: HeaderTexts): number {
  let size = MIN_BINARY_HEADER_SIZE + remark.length * MAX_UNIT_SIZE;
  for (const name of names) size += name.binary.length;
  for (const value of values) size += 4 + maxSize(value);
  return size;
}

const maxSize = (value: FieldValue) =>
  typeof value === 'number' ? MAX_INTEGER_SIZE : value.length * MAX_UNIT_SIZE;

/** Writes the length of a value in 4 bytes, and the value. */
function writeValue(frame: Buffer, position: number, value: FieldValue): number {
  if (typeof value === 'string') return writeText(frame, position, value);
  if (value < 0 || value > INT_MAX) return writeText(frame, position, String(value));
  const end = position + 4 + digitsOf(value);
  slab.view.setInt32(position, end - position - 4);
  for (let at = end - 1, rest = value; at >= position + 4; at--) {
    const next = (rest / 10) | 0;
    frame[at] = ZERO + rest - next * 10;
    rest = next;
  }
  return end;
}

function digitsOf(value: number): number {
  let digits = 1;
  for (let rest = value; rest >= 10; rest = (rest / 10) | 0) digits++;
  return digits;
}

/** Names are short, and a loop over them takes less than a native call. */
function writeBytes(frame: Buffer, position: number, bytes: Buffer): number {
  for (let i = 0; i < bytes.length; i++) frame[position + i] = bytes[i]!;
  return position + bytes.length;
}

/** Writes the length of a text in 4 bytes, and the text. */
function writeText(frame: Buffer, position: number, text: string): number {
  const isShort = text.length <= MAX_SHORT_TEXT && writeAscii(frame, position + 4, text);
  const length = isShort ? text.length : utf8Write(frame, text, position + 4);
  slab.view.setInt32(position, length);
  return position + 4 + length;
}

/** Writes a text unless it has characters beyond ASCII. */
function writeAscii(frame: Buffer, position: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return false;
    frame[position + i] = unit;
  }
  return true;
}

/** A JSON string. Most values are short and have nothing to escape. */
function quote(text: string): string {
  return text.length <= MAX_SHORT_TEXT && isPlain(text) ? `"${text}"` : JSON.stringify(text);
}

function isPlain(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x20 || unit > 0x7e || unit === 0x22 || unit === 0x5c) return false;
  }
  return true;
}

/** Adds length, mark and body to the header of the frame at `at`, which ends at `headerEnd`. */
function complete(at: number, headerEnd: number, frameBody: FrameBody, serializeType: number): Buffer {
  const { body, isCopied } = frameBody;
  const end = headerEnd + body.length;
  if (end - at > MAX_FRAME_SIZE) {
    throw new RemotingCodecError(`A frame of ${end - at} bytes, more than ${MAX_FRAME_SIZE}`);
  }
  const { buffer, view } = slab;
  view.setInt32(at, end - at - 4);
  view.setUint32(at + 4, serializeType * 0x1000000 + headerEnd - at - HEADER_START);
  if (!isCopied) return slab.take(headerEnd);
  buffer.set(body, headerEnd);
  return slab.take(end);
}
