import { latin1Slice, utf8Slice } from '../buffer-text.js';
import { topicRange } from '../message-layout.js';
import { decodeProperties } from '../message-properties.js';
import type { EvaluationContext } from './expression.js';

const PROPERTY_SEPARATOR = '\u0002';
/** Names from which on it is faster to decode all properties once: an expression may have hundreds. */
const MANY_NAMES = 8;

interface Key {
  /** The name in front of a value, at the beginning of the properties. */
  readonly first: string;
  /** The same behind another property. */
  readonly other: string;
}

/**
 * The properties of stored records, one record at a time. Only those that are asked for are looked up, in the text that all of
 * them form: most expressions name few, and a `Map` of all would cost several times as much.
 */
export class RecordProperties implements EvaluationContext {
  private readonly keys = new Map<string, Key>();
  private record!: Buffer;
  private start = 0;
  private text = '';
  private all: ReadonlyMap<string, string> | undefined;

  /** Turns to the record at `start`, which is well formed. */
  of(record: Buffer, start: number): this {
    const { position, length } = topicRange(record, start);
    this.record = record;
    this.start = position + length + 2;
    this.text = latin1Slice(record, this.start, start + record.readInt32BE(start));
    this.all = undefined;
    return this;
  }

  /** Of the text of all of them. */
  get length(): number {
    return this.text.length;
  }

  /** As with `decodeProperties`, an empty value is none, and the last of equal names wins. */
  get(name: string): string | undefined {
    const { first, other } = this.keyOf(name);
    if (this.keys.size > MANY_NAMES) return this.decoded().get(name);
    let value = this.text.startsWith(first) ? this.valueAt(first.length) : undefined;
    for (let at = this.text.indexOf(other); at >= 0; at = this.text.indexOf(other, at + 1))
      value = this.valueAt(at + other.length) ?? value;
    return value;
  }

  private decoded(): ReadonlyMap<string, string> {
    const { record, start, text } = this;
    return (this.all ??= decodeProperties(utf8Slice(record, start, start + text.length)));
  }

  private valueAt(start: number): string | undefined {
    const separator = this.text.indexOf(PROPERTY_SEPARATOR, start);
    const end = separator < 0 ? this.text.length : separator;
    if (end === start) return undefined;
    for (let i = start; i < end; i++)
      if (this.text.charCodeAt(i) > 0x7f) return utf8Slice(this.record, this.start + start, this.start + end);
    return this.text.slice(start, end);
  }

  /** As many as the expression has names. */
  private keyOf(name: string): Key {
    let key = this.keys.get(name);
    if (key === undefined) {
      key = { first: `${name}\u0001`, other: `${PROPERTY_SEPARATOR}${name}\u0001` };
      this.keys.set(name, key);
    }
    return key;
  }
}
