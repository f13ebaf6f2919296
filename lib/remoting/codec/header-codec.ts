import { RemotingCodecError } from '../../errors/remoting-codec.error.js';
import type { FieldType, FieldValue } from './field-type.js';
import { type HeaderFields, isName, POSITIONS_PER_FIELD } from './header-fields.js';

/** How one property of a header travels. */
export interface Field<T> {
  readonly type: FieldType<NonNullable<T>>;
  /** Name in the frame when it is not that of the property. */
  readonly wireName: string | undefined;
  readonly isRequired: boolean;
  /** Stands for a field that the frame does not have. */
  readonly defaultValue: T | undefined;
}

/** A field without which the header cannot be read. */
export const required = <T>(type: FieldType<NonNullable<T>>, wireName?: string): Field<T> => ({
  type,
  wireName,
  isRequired: true,
  defaultValue: undefined,
});

/** A field that may be absent. */
export const optional = <T>(type: FieldType<T>, wireName?: string): Field<T | undefined> => ({
  type: type as FieldType<NonNullable<T>>,
  wireName,
  isRequired: false,
  defaultValue: undefined,
});

/** A field that may be absent, and then has a value nevertheless. */
export const withDefault = <T>(
  type: FieldType<NonNullable<T>>,
  defaultValue: T,
  wireName?: string,
): Field<T> => ({ type, wireName, isRequired: false, defaultValue });

/** A field for every property of `T`. */
export type Fields<T> = { readonly [K in keyof Required<T>]: Field<T[K]> };

/** The name of a field as it stands in a frame. */
export class FieldName {
  readonly bytes: Buffer;
  /** With its length before it. */
  readonly binary: Buffer;
  /** With the colon behind it. */
  readonly json: Buffer;

  constructor(readonly text: string) {
    this.bytes = Buffer.from(text, 'latin1');
    this.binary = Buffer.concat([Buffer.from([text.length >> 8, text.length]), this.bytes]);
    this.json = Buffer.from(`${JSON.stringify(text)}:`);
  }
}

/** What a frame says besides its fields and body; language and version are ours. */
export interface FrameStart {
  readonly code: number;
  readonly opaque: number;
  readonly flag: number;
  readonly remark: string | undefined;
}

/** A header as it travels: the value at each index belongs to the name there. */
export interface HeaderTexts {
  readonly names: readonly FieldName[];
  readonly values: readonly FieldValue[];
}

interface FieldSpec extends Field<unknown> {
  /** One bit of an integer. */
  readonly bit: number;
  readonly property: string;
  readonly name: FieldName;
}

/** Buckets in which fields are looked up by length, first and last letter of their names. */
const BUCKETS = 64;

/** Turns the headers of one kind into fields and back. */
export interface HeaderCodec<T> {
  /** @throws RemotingCodecError when a value cannot travel. */
  encode(header: T): HeaderTexts;
  /**
   * Fields that the header does not have are ignored.
   *
   * @throws RemotingCodecError when a required field is missing, or a value is not of its type.
   */
  decode(fields: HeaderFields): T;
}

/** No header; `constants` are fields for peers that want them nevertheless. */
export function noHeader(constants: Readonly<Record<string, string>> = {}): HeaderCodec<undefined> {
  const texts = constantTexts(constants);
  return { encode: () => texts, decode: () => undefined };
}

function constantTexts(constants: Readonly<Record<string, string>>): HeaderTexts {
  const names = Object.keys(constants).map((name) => new FieldName(name));
  return { names, values: Object.values(constants) };
}

/** A header of the given fields; `constants` are fields that every such header has and nobody asks for. */
export function headerCodec<T>(
  fields: Fields<T>,
  constants: Readonly<Record<string, string>> = {},
): HeaderCodec<T> {
  return new FieldsCodec(fields, constants);
}

class FieldsCodec<T> implements HeaderCodec<T> {
  private readonly specs: readonly FieldSpec[];
  private readonly buckets: FieldSpec[][] = Array.from({ length: BUCKETS }, () => []);
  private readonly constants: HeaderTexts;
  /** A header that has only what nobody has to say. */
  private readonly defaults: Readonly<Record<string, unknown>>;
  private readonly requiredBits: number;

  constructor(fields: Fields<T>, constants: Readonly<Record<string, string>>) {
    this.specs = Object.entries<Field<unknown>>(fields as never).map(([property, field], index) => {
      return { ...field, bit: 1 << index, property, name: new FieldName(field.wireName ?? property) };
    });
    for (const spec of this.specs) {
      const { bytes } = spec.name;
      this.buckets[bucketOf(bytes, 0, bytes.length)]!.push(spec);
    }
    this.constants = constantTexts(constants);
    this.defaults = Object.fromEntries(this.specs.map((spec) => [spec.property, spec.defaultValue]));
    this.requiredBits = this.specs.reduce((bits, spec) => (spec.isRequired ? bits | spec.bit : bits), 0);
  }

  encode(header: T): HeaderTexts {
    const names: FieldName[] = [];
    const values: FieldValue[] = [];
    for (const { property, name, type } of this.specs) {
      const value = header[property as keyof T];
      if (value === undefined) continue;
      names.push(name);
      values.push(type.write(value as never));
    }
    if (this.constants.names.length > 0) {
      names.push(...this.constants.names);
      values.push(...this.constants.values);
    }
    return { names, values };
  }

  decode(fields: HeaderFields): T {
    const { buffer, positions } = fields;
    const header: Record<string, unknown> = { ...this.defaults };
    let found = 0;
    for (let at = 0; at < fields.end; at += POSITIONS_PER_FIELD) {
      const spec = this.find(buffer, positions[at]!, positions[at + 1]!);
      if (spec === undefined) continue;
      header[spec.property] = read(spec, fields, at);
      found |= spec.bit;
    }
    if ((found & this.requiredBits) !== this.requiredBits) throw this.incomplete(found);
    return header as T;
  }

  private incomplete(found: number): RemotingCodecError {
    const missing = this.specs.find(({ isRequired, bit }) => isRequired && (found & bit) === 0)!;
    return new RemotingCodecError(`The header field ${missing.name.text} is missing`);
  }

  private find(buffer: Buffer, start: number, end: number): FieldSpec | undefined {
    for (const spec of this.buckets[bucketOf(buffer, start, end)]!) {
      if (isName(buffer, start, end, spec.name.bytes)) return spec;
    }
    return undefined;
  }
}

function read(spec: FieldSpec, fields: HeaderFields, at: number): unknown {
  const { type, name } = spec;
  const { buffer, positions } = fields;
  const value =
    positions[at + 4] === 1
      ? readText(type, fields.text(at))
      : type.read(buffer, positions[at + 2]!, positions[at + 3]!);
  if (value === undefined) {
    const found = JSON.stringify(fields.text(at).slice(0, 40));
    throw new RemotingCodecError(`The header field ${name.text} is not ${type.name}: ${found}`);
  }
  return value;
}

/** Reads a value that had escapes, of which mostly properties have any. */
function readText(type: FieldType<unknown>, text: string): unknown {
  if (type.readText !== undefined) return type.readText(text);
  const bytes = Buffer.from(text);
  return type.read(bytes, 0, bytes.length);
}

function bucketOf(name: Buffer, start: number, end: number): number {
  return ((end - start) * 5 + name[start]! * 3 + name[end - 1]!) & (BUCKETS - 1);
}
