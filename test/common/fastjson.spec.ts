import fc from 'fast-check';
import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  fastjsonPieces,
  parseFastjson,
  toFastjson,
  type FastjsonInput,
  type FastjsonObject,
} from '../../lib/common/fastjson.js';
import { long, mapOf, setOf, text } from '../support/arbitrary-values.js';

const configDirectory = new URL('../vectors/config/', import.meta.url);
const names = readdirSync(configDirectory).filter((name) => name.endsWith('.json'));

/** Of integers that a double may not hold exactly the digits are read. */
const HUGE_INTEGER = /\b\d{16,}(?![\d.e])/;

describe('parseFastjson', () => {
  it.each(names)('reads %s of Apache', (name) => {
    const table = parseFastjson(readFileSync(new URL(name, configDirectory), 'utf8'));
    expect(table).toBeInstanceOf(Map);
    expect((table as FastjsonObject).size).toBeGreaterThan(0);
  });

  it('reads keys that are numbers without quotes', () => {
    const offsets = parseFastjson('{"offsetTable":{"orders@g1":{0:12,1:7}}}') as FastjsonObject;
    const table = (offsets.get('offsetTable') as FastjsonObject).get('orders@g1') as FastjsonObject;
    expect([...table]).toEqual([
      ['0', 12],
      ['1', 7],
    ]);
  });

  it('reads the digits of integers beyond 2^53', () => {
    expect(parseFastjson('[9007199254740991,-9007199254740993,1763843044123456789]')).toEqual([
      9007199254740991,
      '-9007199254740993',
      '1763843044123456789',
    ]);
  });

  it('reads strict JSON as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const text = JSON.stringify(value);
        fc.pre(!HUGE_INTEGER.test(text));
        expect(plain(parseFastjson(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  it('takes every name as an own key', () => {
    const table = parseFastjson('{"__proto__":{"admin":true},"constructor":1}') as FastjsonObject;
    expect([...table.keys()]).toEqual(['__proto__', 'constructor']);
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
  });

  it('throws only SyntaxErrors, and ends, on any text', () => {
    const noise = fc.string({
      unit: fc.constantFrom('{', '}', '[', ']', ':', ',', '"', "'", '\\', 'a', '1', '-', ' '),
    });
    fc.assert(
      fc.property(noise, (text) => {
        try {
          parseFastjson(text);
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it.each(['[', '{', '{"a":'])('refuses a nesting that would exhaust the stack: %s', (level) => {
    expect(() => parseFastjson(level.repeat(200_000))).toThrow(SyntaxError);
  });

  it('refuses keys within keys, whose text would double with every level', () => {
    const nested = (levels: number) => `${'{'.repeat(levels)}"a":1${'}:1'.repeat(levels - 1)}}`;
    expect([...(parseFastjson(nested(2)) as FastjsonObject)]).toEqual([['{"a":1}', 1]]);
    expect(() => parseFastjson(nested(3))).toThrow(
      'Expected a word at position 2, found "{\\"a\\":1}:1}:1}"',
    );
    expect(parseFastjson('{{"a":1}:1,{"a":2}:{{"a":3}:1}}')).toHaveProperty('size', 2);
  });
});

describe('fastjsonPieces', () => {
  const entry: fc.Arbitrary<FastjsonInput> = fc.oneof(
    long,
    text,
    setOf(text),
    mapOf(long, long),
    mapOf(text, mapOf(text, long)),
    fc.record({ name: text, list: fc.array(text, { maxLength: 3 }) }),
  );
  const field: fc.Arbitrary<FastjsonInput> = fc.oneof(entry, mapOf(text, entry), fc.constant(null));

  it('are together the pretty text of the table', () => {
    fc.assert(
      fc.property(fc.dictionary(text, field, { noNullPrototype: true }), (table) => {
        fc.pre(Object.keys(table).length > 0);
        expect([...fastjsonPieces(table)].join('')).toBe(toFastjson(table, true));
      }),
    );
  });

  it('are made one by one, from entries that are made one by one', () => {
    const made: number[] = [];
    const entries = function* (): Generator<[string, number]> {
      for (let i = 0; i < 3; i++) {
        made.push(i);
        yield [`k${i}`, i];
      }
    };
    const pieces = fastjsonPieces({ table: entries() });
    expect(pieces.next().value).toBe('{\n\t"table":');
    expect(made).toEqual([]);
    expect(pieces.next().value).toBe('{\n\t\t"k0":0');
    expect(made).toEqual([0]);
    const rest = [...pieces].join('');
    expect(`{\n\t"table":{\n\t\t"k0":0${rest}`).toBe(
      toFastjson({ table: new Map(Object.entries({ k0: 0, k1: 1, k2: 2 })) }, true),
    );
  });
});

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!(value instanceof Map)) return value;
  // Own keys, `__proto__` among them, as JSON.parse makes them.
  const entries = [...value].map(([key, entry]) => `${JSON.stringify(key)}:${JSON.stringify(plain(entry))}`);
  return JSON.parse(`{${entries.join()}}`);
}
