import { MAX_UNIT_SIZE, utf8Write } from '../../common/buffer-text.js';
import { Slab } from '../../common/slab.js';
import { RemotingCodecError } from '../../errors/remoting-codec.error.js';
import { BinaryHeaderLayout, MIN_BINARY_HEADER_SIZE } from './binary-header.js';
import { MAX_FRAME_SIZE } from './frame-cutter.js';
import type { FieldValue } from './field-type.js';
import { MAX_INTEGER_SIZE, writeBytes, writeInteger } from './header-bytes.js';
import type { FrameStart, HeaderTexts } from './header-codec.js';
import { maxJsonSize, writeJsonHeader } from './json-header-writer.js';
import { OWN_LANGUAGE_CODE } from './language-code.js';
import { OWN_VERSION } from './mq-version.js';
import { SERIALIZE_TYPE_CODES, type SerializeType } from './remoting-frame.js';

/** Bytes of the length field and the header mark. */
const HEADER_START = 8;

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

function writeJson(start: FrameStart, fields: HeaderTexts, body: FrameBody): Buffer {
  const at = slab.reserve(HEADER_START + maxJsonSize(start, fields) + room(body));
  const headerEnd = writeJsonHeader(slab.buffer, at + HEADER_START, start, fields);
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
  const end = writeInteger(frame, position + 4, value);
  slab.view.setInt32(position, end - position - 4);
  return end;
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
