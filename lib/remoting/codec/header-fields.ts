import { utf8Slice } from '../../common/buffer-text.js';
import { RemotingCodecError } from '../../errors/remoting-codec.error.js';

/** Most fields of one header. Apache's largest has about thirty. */
const MAX_FIELDS = 1024;

/** Numbers that describe one field in {@link HeaderFields.positions}. */
export const POSITIONS_PER_FIELD = 5;

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
  readonly positions: number[] = [];

  constructor(readonly buffer: Buffer) {}

  /** @throws RemotingCodecError when there are too many. */
  add(nameStart: number, nameEnd: number, valueStart: number, valueEnd: number, isEscaped: boolean): void {
    if (this.positions.length >= MAX_FIELDS * POSITIONS_PER_FIELD) {
      throw new RemotingCodecError(`A header with more than ${MAX_FIELDS} fields`);
    }
    this.positions.push(nameStart, nameEnd, valueStart, valueEnd, isEscaped ? 1 : 0);
  }

  clear(): void {
    this.positions.length = 0;
  }

  toMap(): Map<string, string> {
    const { buffer, positions } = this;
    const map = new Map<string, string>();
    for (let at = 0; at < positions.length; at += POSITIONS_PER_FIELD) {
      map.set(utf8Slice(buffer, positions[at]!, positions[at + 1]!), this.text(at));
    }
    return map;
  }

  /** The value of the field at index `at` of the positions. */
  text(at: number): string {
    const text = utf8Slice(this.buffer, this.positions[at + 2]!, this.positions[at + 3]!);
    return this.positions[at + 4] === 1 ? (JSON.parse(`"${text}"`) as string) : text;
  }

  /** The value of a field of the given name; the last one, when several have it. */
  get(name: Buffer): string | undefined {
    const { positions } = this;
    for (let at = positions.length - POSITIONS_PER_FIELD; at >= 0; at -= POSITIONS_PER_FIELD) {
      if (isName(this.buffer, positions[at]!, positions[at + 1]!, name)) return this.text(at);
    }
    return undefined;
  }
}

/** Whether the bytes from `start` to `end` are a name. A loop over short names takes less than a native call. */
export function isName(buffer: Buffer, start: number, end: number, name: Buffer): boolean {
  if (end - start !== name.length) return false;
  for (let i = 0; i < name.length; i++) if (buffer[start + i] !== name[i]) return false;
  return true;
}
