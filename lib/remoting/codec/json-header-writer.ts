import { utf8Write } from '../../common/buffer-text.js';
import type { FieldValue } from './field-type.js';
import { MAX_INTEGER_SIZE, writeBytes, writeInteger } from './header-bytes.js';
import type { FrameStart, HeaderTexts } from './header-codec.js';
import { OWN_LANGUAGE } from './language-code.js';
import { OWN_VERSION } from './mq-version.js';

const ZERO = 0x30;
const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;

/** Bytes that a UTF-16 unit takes at most in JSON: `\u001f`. */
const MAX_ESCAPED_SIZE = 6;

/** A JSON header between what each frame has of its own. */
const JsonPart = {
  CODE: Buffer.from('{"code":'),
  FIELDS: Buffer.from(',"extFields":{'),
  FIELDS_END: Buffer.from('}'),
  FLAG: Buffer.from(',"flag":'),
  OPAQUE: Buffer.from(`,"language":"${OWN_LANGUAGE}","opaque":`),
  REMARK: Buffer.from(',"remark":'),
  END: Buffer.from(`,"serializeTypeCurrentRPC":"JSON","version":${OWN_VERSION}}`),
  /** Of a control character, but for its last digit. */
  ESCAPE: Buffer.from('\\u000'),
};
/** More than all parts, three integers and quotes take. */
const JSON_PARTS_SIZE = 256;

/** Up to this many characters a loop is faster than two native calls. */
const MAX_SHORT_JSON = 160;

/** Bytes of a header when every unit of every text has to be escaped. */
export function maxJsonSize({ remark = '' }: FrameStart, { names, values }: HeaderTexts): number {
  let size = JSON_PARTS_SIZE + remark.length * MAX_ESCAPED_SIZE;
  for (const name of names) size += name.json.length + 1;
  for (const value of values)
    size += 2 + (typeof value === 'number' ? MAX_INTEGER_SIZE : value.length * MAX_ESCAPED_SIZE);
  return size;
}

/** Writes a header, with members in the order in which Java writes them: in one pass, without a string of it. */
export function writeJsonHeader(
  frame: Buffer,
  start: number,
  { code, opaque, flag, remark }: FrameStart,
  fields: HeaderTexts,
): number {
  let position = writeInteger(frame, writeBytes(frame, start, JsonPart.CODE), code);
  // Java's client looks for the fields of an answer, and misses each in its log, wherever there is an object for them.
  if (fields.names.length > 0) position = writeFields(frame, position, fields);
  position = writeInteger(frame, writeBytes(frame, position, JsonPart.FLAG), flag);
  position = writeInteger(frame, writeBytes(frame, position, JsonPart.OPAQUE), opaque);
  if (remark !== undefined)
    position = writeQuoted(frame, writeBytes(frame, position, JsonPart.REMARK), remark);
  return writeBytes(frame, position, JsonPart.END);
}

function writeFields(frame: Buffer, start: number, { names, values }: HeaderTexts): number {
  let position = writeBytes(frame, start, JsonPart.FIELDS);
  for (let i = 0; i < names.length; i++) {
    if (i > 0) frame[position++] = COMMA;
    position = writeBytes(frame, position, names[i]!.json);
    position = writeQuoted(frame, position, values[i]!);
  }
  return writeBytes(frame, position, JsonPart.FIELDS_END);
}

/** A JSON string. Most values are short, and have nothing to escape but the separators of properties. */
function writeQuoted(frame: Buffer, position: number, value: FieldValue): number {
  const end =
    typeof value === 'number'
      ? writeInteger(frame, position + 1, value)
      : writePlain(frame, position + 1, value);
  if (end === undefined) return position + utf8Write(frame, JSON.stringify(value), position);
  frame[position] = QUOTE;
  frame[end] = QUOTE;
  return end + 1;
}

/** Undefined when the text is long, has something else to escape, or characters beyond ASCII. */
function writePlain(frame: Buffer, start: number, text: string): number | undefined {
  if (text.length > MAX_SHORT_JSON) return undefined;
  let position = start;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 1 || unit === 2) {
      position = writeBytes(frame, position, JsonPart.ESCAPE);
      frame[position++] = ZERO + unit;
    } else if (unit < 0x20 || unit > 0x7e || unit === QUOTE || unit === BACKSLASH) return undefined;
    else frame[position++] = unit;
  }
  return position;
}
