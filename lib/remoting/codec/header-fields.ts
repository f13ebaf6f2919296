import { utf8Slice } from '../../common/buffer-text.js';
import { RemotingCodecError } from '../../errors/remoting-codec.error.js';

/** Most fields of one header. Apache's largest has about thirty. */
const MAX_FIELDS = 1024;

/** Numbers that describe one field in {@link HeaderFields.positions}. */
export const POSITIONS_PER_FIELD = 5;

/** Room for as many fields as headers that come often have: an array that grows step by step costs more. */
const ROOM: readonly number[] = Array.from({ length: 16 * POSITIONS_PER_FIELD }, () => 0);

const TRUE = Buffer.from('true');
const ZERO = 0x30;
const ONE = 0x31;
const TWO = 0x32;
const BACKSLASH = 0x5c;
/** Of a control character, but for its last digit. */
const ESCAPE = Buffer.from('\\u000');
const scratch = Buffer.allocUnsafe(1024);

/** A header as it was read. */
export interface RemotingHeader {
  readonly code: number;
  readonly language: string;
  readonly version: number;
  readonly opaque: number;
  readonly flag: number;
  /** Undefined when it is empty: the binary form cannot tell the two apart. */
  readonly remark: string | undefined;
  readonly fields: HeaderFields;
}

/**
 * Where the fields of a header lie. Most of them are numbers, or nobody asks for them, so that texts are made one by
 * one by who reads them.
 */
export class HeaderFields {
  /** Of each field: start and end of its name, start and end of its value, 1 when the value has JSON escapes. */
  readonly positions: number[] = ROOM.slice();
  /** Behind the last field in {@link positions}. */
  end = 0;

  constructor(readonly buffer: Buffer) {}

  /** @throws RemotingCodecError when there are too many. */
  add(nameStart: number, nameEnd: number, valueStart: number, valueEnd: number, isEscaped: boolean): void {
    const { positions, end } = this;
    if (end >= MAX_FIELDS * POSITIONS_PER_FIELD) {
      throw new RemotingCodecError(`A header with more than ${MAX_FIELDS} fields`);
    }
    positions[end] = nameStart;
    positions[end + 1] = nameEnd;
    positions[end + 2] = valueStart;
    positions[end + 3] = valueEnd;
    positions[end + 4] = isEscaped ? 1 : 0;
    this.end = end + POSITIONS_PER_FIELD;
  }

  clear(): void {
    this.end = 0;
  }

  toMap(): Map<string, string> {
    const { buffer, positions } = this;
    const map = new Map<string, string>();
    for (let at = 0; at < this.end; at += POSITIONS_PER_FIELD) {
      map.set(utf8Slice(buffer, positions[at]!, positions[at + 1]!), this.text(at));
    }
    return map;
  }

  /** The value of the field at index `at` of the positions. */
  text(at: number): string {
    const start = this.positions[at + 2]!;
    const end = this.positions[at + 3]!;
    if (this.positions[at + 4] === 0) return utf8Slice(this.buffer, start, end);
    return unescapeSeparators(this.buffer, start, end) ?? parse(this.buffer, start, end);
  }

  /** The value of a field of the given name; the last one, when several have it. */
  get(name: Buffer): string | undefined {
    const at = this.find(name);
    return at < 0 ? undefined : this.text(at);
  }

  /** Whether the field of the given name says `true`. */
  isTrue(name: Buffer): boolean {
    const at = this.find(name);
    if (at < 0 || this.positions[at + 4] === 1) return at >= 0 && this.text(at) === 'true';
    return isName(this.buffer, this.positions[at + 2]!, this.positions[at + 3]!, TRUE);
  }

  private find(name: Buffer): number {
    const { positions } = this;
    for (let at = this.end - POSITIONS_PER_FIELD; at >= 0; at -= POSITIONS_PER_FIELD) {
      if (isName(this.buffer, positions[at]!, positions[at + 1]!, name)) return at;
    }
    return -1;
  }
}

const parse = (buffer: Buffer, start: number, end: number): string =>
  JSON.parse(`"${utf8Slice(buffer, start, end)}"`) as string;

/** The text of a JSON string with the escapes that every message has, of the separators of its properties; undefined when there are others. */
function unescapeSeparators(buffer: Buffer, start: number, end: number): string | undefined {
  if (end - start > scratch.length) return undefined;
  let length = 0;
  for (let at = start; at < end; at++) {
    const byte = buffer[at]!;
    if (byte !== BACKSLASH) scratch[length++] = byte;
    else {
      const digit = buffer[at + ESCAPE.length]!;
      if (!isName(buffer, at, at + ESCAPE.length, ESCAPE) || (digit !== ONE && digit !== TWO))
        return undefined;
      scratch[length++] = digit - ZERO;
      at += ESCAPE.length;
    }
  }
  return utf8Slice(scratch, 0, length);
}

/** Whether the bytes from `start` to `end` are a name. A loop over short names takes less than a native call. */
export function isName(buffer: Buffer, start: number, end: number, name: Buffer): boolean {
  if (end - start !== name.length) return false;
  for (let i = 0; i < name.length; i++) if (buffer[start + i] !== name[i]) return false;
  return true;
}
