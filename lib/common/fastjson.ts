/**
 * JSON as fastjson 1.2 writes it: keys that are numbers or objects stand without quotes. The reader takes that, strict
 * JSON, single quotes and bare words as keys; objects become `Map`s, a key that is an object its JSON text, and an integer
 * beyond 2^53 its digits.
 */
export type FastjsonValue = null | boolean | number | string | FastjsonValue[] | FastjsonObject;
export type FastjsonObject = Map<string, FastjsonValue>;

/** Deepest nesting that is read. */
const MAX_DEPTH = 32;

/** @throws SyntaxError with the position of the fault, also behind `maxValues` objects, arrays, texts and so on. */
export function parseFastjson(text: string, maxValues = Infinity): FastjsonValue {
  return new FastjsonReader(text, maxValues).read();
}

class FastjsonReader {
  private position = 0;
  private isInKey = false;
  private values = 0;

  constructor(
    private readonly text: string,
    private readonly maxValues: number,
  ) {}

  read(): FastjsonValue {
    const value = this.value(0);
    this.skipSpace();
    if (this.position < this.text.length) throw this.fault('the end');
    return value;
  }

  private value(depth: number): FastjsonValue {
    if (depth > MAX_DEPTH) throw this.fault(`at most ${MAX_DEPTH} levels`);
    if (++this.values > this.maxValues) throw this.fault(`at most ${this.maxValues} values`);
    this.skipSpace();
    const char = this.text[this.position];
    if (char === '{') return this.object(depth);
    if (char === '[') return this.array(depth);
    if (char === '"' || char === "'") return this.string(char);
    return this.literal();
  }

  private object(depth: number): FastjsonObject {
    const object: FastjsonObject = new Map();
    this.expect('{');
    while (!this.take('}')) {
      if (object.size > 0) this.expect(',');
      if (this.take('}')) break;
      const key = this.key(depth);
      this.expect(':');
      object.set(key, this.value(depth + 1));
    }
    return object;
  }

  private array(depth: number): FastjsonValue[] {
    const array: FastjsonValue[] = [];
    this.expect('[');
    while (!this.take(']')) {
      if (array.length > 0) this.expect(',');
      if (this.take(']')) break;
      array.push(this.value(depth + 1));
    }
    return array;
  }

  private key(depth: number): string {
    this.skipSpace();
    const char = this.text[this.position];
    if (char === '"' || char === "'") return this.string(char);
    return char === '{' ? this.objectAsKey(depth) : this.word();
  }

  /** It has no such keys itself: their text would double with every level. */
  private objectAsKey(depth: number): string {
    if (this.isInKey) throw this.fault('a word');
    this.isInKey = true;
    const key = toFastjson(this.object(depth + 1));
    this.isInKey = false;
    return key;
  }

  private string(quote: string): string {
    const start = this.position++;
    for (; this.position < this.text.length; this.position++) {
      const char = this.text[this.position];
      if (char === '\\') this.position++;
      else if (char === quote) return this.unescape(this.text.slice(start + 1, this.position++), quote);
    }
    this.position = start;
    throw this.fault(`a string that ends with ${quote}`);
  }

  private unescape(raw: string, quote: string): string {
    if (!raw.includes('\\') && quote === '"') return raw;
    const strict = quote === '"' ? raw : raw.replaceAll("\\'", "'").replaceAll(/(?<!\\)"/g, '\\"');
    return JSON.parse(`"${strict}"`) as string;
  }

  private literal(): FastjsonValue {
    const start = this.position;
    const word = this.word();
    if (word === 'true' || word === 'false') return word === 'true';
    if (word === 'null') return null;
    const number = Number(word);
    if (Number.isNaN(number)) {
      this.position = start;
      throw this.fault('a value');
    }
    return /^-?\d+$/.test(word) && !Number.isSafeInteger(number) ? word : number;
  }

  private word(): string {
    const end = this.text.slice(this.position, this.position + 128).search(/[\s,:{}[\]"']|$/);
    if (end <= 0) throw this.fault('a word');
    const word = this.text.slice(this.position, this.position + end);
    this.position += end;
    return word;
  }

  private take(char: string): boolean {
    this.skipSpace();
    if (this.text[this.position] !== char) return false;
    this.position++;
    return true;
  }

  private expect(char: string): void {
    if (!this.take(char)) throw this.fault(char);
  }

  private skipSpace(): void {
    while (/\s/.test(this.text[this.position] ?? '')) this.position++;
  }

  private fault(expected: string): SyntaxError {
    const found = this.text.slice(this.position, this.position + 20);
    return new SyntaxError(
      `Expected ${expected} at position ${this.position}, found ${JSON.stringify(found)}`,
    );
  }
}

/** @throws TypeError when the value is not an object. */
export function asObject(value: FastjsonValue | undefined): FastjsonObject {
  if (value instanceof Map) return value;
  throw new TypeError(`expected an object, found ${JSON.stringify(value)}`);
}

/** An offset or count; numbers in quotes count, as fastjson takes them. @throws TypeError */
export function asInteger(value: FastjsonValue | undefined): number {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  if (Number.isSafeInteger(number)) return number as number;
  throw new TypeError(`expected an integer, found ${JSON.stringify(value)}`);
}

/** @throws TypeError when the value is not a text. */
export function asText(value: FastjsonValue | undefined): string {
  if (typeof value === 'string') return value;
  throw new TypeError(`expected a text, found ${JSON.stringify(value)}`);
}

/** What can be written: a `Map` with numbers or objects as keys gets bare keys, a `Set` becomes an array in one line. */
export type FastjsonInput =
  | null
  | boolean
  | number
  | string
  | readonly FastjsonInput[]
  | ReadonlySet<string>
  | ReadonlyMap<string, FastjsonInput>
  | ReadonlyMap<number, FastjsonInput>
  | ReadonlyMap<ReadonlyMap<string, FastjsonInput>, FastjsonInput>
  | { readonly [name: string]: FastjsonInput | undefined };

/** Text in fastjson's form; `pretty` as in its PrettyFormat, which configuration files have. */
export function toFastjson(value: FastjsonInput, pretty = false): string {
  return write(value, pretty ? '\n' : '');
}

/** A table in a file: fields of which those with many entries may come as what makes the entries one by one. */
export interface FastjsonTable {
  readonly [field: string]: FastjsonInput | Iterable<readonly [string, FastjsonInput]>;
}

/** Pretty text in pieces, each of which is soon made: one for every entry of a field with entries. */
export function* fastjsonPieces(table: FastjsonTable): Generator<string> {
  let before = '{';
  for (const [name, value] of Object.entries(table)) {
    yield `${before}\n\t${JSON.stringify(name)}:`;
    yield* isEntries(value) ? entryPieces(value) : [write(value, '\n\t')];
    before = ',';
  }
  yield '\n}';
}

function* entryPieces(entries: Iterable<readonly [FastjsonKey, FastjsonInput]>): Generator<string> {
  let before = '{';
  for (const [key, value] of entries) {
    yield `${before}\n\t\t${write(key, '')}:${write(value, '\n\t\t')}`;
    before = ',';
  }
  yield before === '{' ? '{}' : '\n\t}';
}

/** Maps with numbers as keys have another form, and are short. */
function isEntries(
  value: FastjsonTable[string],
): value is Iterable<readonly [string, FastjsonInput]> | ReadonlyMap<string, FastjsonInput> {
  if (value instanceof Map)
    return typeof (value as ReadonlyMap<unknown, unknown>).keys().next().value !== 'number';
  if (value === null || typeof value !== 'object' || value instanceof Set) return false;
  return Symbol.iterator in value && !Array.isArray(value);
}

/** `newline` is the line break with the current indentation, empty for compact text. */
function write(value: FastjsonInput, newline: string): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (value instanceof Set) return `[${[...value].map((item) => JSON.stringify(item)).join(',')}]`;
  const inner = newline && `${newline}\t`;
  if (Array.isArray(value))
    return writeAll(
      '[',
      value.map((item) => write(item, inner)),
      ']',
      inner,
      newline,
    );
  if (value instanceof Map) return writeMap(value as ReadonlyMap<FastjsonKey, FastjsonInput>, inner, newline);
  const fields = Object.entries(value as { [name: string]: FastjsonInput | undefined })
    .filter((entry): entry is [string, FastjsonInput] => entry[1] !== undefined)
    .map(([name, field]) => `${JSON.stringify(name)}:${write(field, inner)}`);
  return writeAll('{', fields, '}', inner, newline);
}

type FastjsonKey = string | number | ReadonlyMap<string, FastjsonInput>;

function writeMap(map: ReadonlyMap<FastjsonKey, FastjsonInput>, inner: string, newline: string): string {
  const [firstKey] = map.keys();
  if (typeof firstKey === 'number') {
    const entries = [...map].map(([key, item]) => `${key as number}:${write(item, inner)}`);
    return `{${entries.join(',')}${newline}}`;
  }
  const entries = [...map].map(([key, item]) => `${write(key, '')}:${write(item, inner)}`);
  return writeAll('{', entries, '}', inner, newline);
}

function writeAll(open: string, items: string[], close: string, inner: string, newline: string): string {
  return items.length === 0 ? open + close : open + inner + items.join(`,${inner}`) + newline + close;
}
