import { utf8Slice } from '../../common/buffer-text.js';
import { type FastjsonValue, parseFastjson, toFastjson } from '../../common/fastjson.js';
import { RemotingCodecError } from '../../errors/remoting-codec.error.js';
import { HeaderFields, type RemotingHeader } from './header-fields.js';
import { JsonHeaderScanner } from './json-header-scanner.js';
import { knownLanguage } from './language-code.js';

/**
 * Largest header in bytes that the tolerant parser reads: it makes objects of all that it finds, many times as large
 * as the text. The scanner, which reads what RocketMQ's clients and servers write, makes none and has no limit.
 */
const MAX_TOLERANT_SIZE = 1024 * 1024;

const INT_MAX = 2 ** 31 - 1;

/**
 * Reads a header in JSON (RemotingSerializable#decode).
 *
 * @throws RemotingCodecError when it is not JSON, or a number in it is not a 32-bit integer.
 */
export function readJsonHeader(
  buffer: Buffer,
  start: number,
  end: number,
  maxTolerantSize = MAX_TOLERANT_SIZE,
): RemotingHeader {
  return (
    new JsonHeaderScanner(buffer, start, end).read() ?? readTolerantly(buffer, start, end, maxTolerantSize)
  );
}

/** Reads what the scanner does not: blanks, numbers as text, names with escapes, members that it does not know. */
export function readTolerantly(
  buffer: Buffer,
  start: number,
  end: number,
  maxSize = MAX_TOLERANT_SIZE,
): RemotingHeader {
  if (end - start > maxSize) {
    const size = end - start;
    throw new RemotingCodecError(`A JSON header of ${size} bytes in an unusual form; allowed: ${maxSize}`);
  }
  const header = parse(utf8Slice(buffer, start, end));
  if (!(header instanceof Map)) throw new RemotingCodecError('A JSON header that is not an object');
  const remark = header.get('remark') ?? '';
  const language = header.get('language') ?? 'JAVA';
  return {
    code: integer(header.get('code'), 'code'),
    language: knownLanguage(textOf(language)),
    version: integer(header.get('version') ?? 0, 'version'),
    opaque: integer(header.get('opaque') ?? 0, 'opaque'),
    flag: integer(header.get('flag') ?? 0, 'flag'),
    remark: remark === '' ? undefined : textOf(remark),
    fields: fieldsOf(header.get('extFields') ?? new Map()),
  };
}

function parse(text: string): FastjsonValue {
  try {
    return parseFastjson(text);
  } catch (error) {
    throw new RemotingCodecError('A JSON header that cannot be parsed', error);
  }
}

function integer(value: FastjsonValue | undefined, name: string): number {
  const number = typeof value === 'string' && /^-?\d{1,10}$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number) || number > INT_MAX || number < -INT_MAX - 1) {
    throw new RemotingCodecError(`A JSON header whose ${name} is not an integer of 32 bits`);
  }
  return number;
}

/** Numbers, booleans and whatever else stands in place of a text become one, as in Java. */
function textOf(value: FastjsonValue): string {
  return typeof value === 'string' ? value : toFastjson(value);
}

/** Brings the fields into the form in which the scanner finds them. */
function fieldsOf(object: FastjsonValue): HeaderFields {
  if (!(object instanceof Map))
    throw new RemotingCodecError('A JSON header whose extFields are not an object');
  const texts: Buffer[] = [];
  for (const [name, value] of object) {
    if (value !== null) texts.push(Buffer.from(name), Buffer.from(textOf(value)));
  }
  const fields = new HeaderFields(Buffer.concat(texts));
  let position = 0;
  for (let i = 0; i < texts.length; i += 2) {
    const nameEnd = position + texts[i]!.length;
    const valueEnd = nameEnd + texts[i + 1]!.length;
    fields.add(position, nameEnd, nameEnd, valueEnd, false);
    position = valueEnd;
  }
  return fields;
}
