import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RemotingCodecError } from '../../../lib/errors/remoting-codec.error.js';
import type { RemotingHeader } from '../../../lib/remoting/codec/header-fields.js';
import { JsonHeaderScanner } from '../../../lib/remoting/codec/json-header-scanner.js';
import { readTolerantly } from '../../../lib/remoting/codec/json-header.js';
import { apacheExchanges, frameBytes } from '../../support/apache-frames.js';

const scan = (bytes: Buffer) => new JsonHeaderScanner(bytes, 0, bytes.length).read();
const parse = (bytes: Buffer) => readTolerantly(bytes, 0, bytes.length);

function plain(header: RemotingHeader): object {
  // Java's maps, as the parser's, keep one of equal names.
  return { ...header, fields: Object.fromEntries(header.fields.toMap()) };
}

const int = fc.oneof(
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  fc.constantFrom(0, 2 ** 31, 1.5, 1e20, '7'),
);
const text = fc.string({ unit: 'grapheme' });
const fieldValue = fc.oneof(
  text,
  fc.integer(),
  fc.boolean(),
  fc.constantFrom(null, '', 'a\u0001b\u0002', 1e15, -0, 0.5, [1], { a: 1 }, '9007199254740993'),
);

/** Headers of all forms that JSON has for them, most of them usual. */
const anyHeader = fc.record(
  {
    code: int,
    extFields: fc.oneof(fc.dictionary(text, fieldValue), fc.constantFrom(null, {}, [])),
    flag: int,
    language: fc.oneof(fc.constantFrom('JAVA', 'GO', '', 'GÖ'), int),
    opaque: int,
    remark: fc.oneof(text, fc.constantFrom(null, '', 5)),
    serializeTypeCurrentRPC: fc.constantFrom('JSON', 'ROCKETMQ', null),
    version: int,
    other: fc.anything({ maxDepth: 2 }),
  },
  { requiredKeys: ['code'] },
);

const apacheHeaders = apacheExchanges
  .flatMap(({ request, response }) => (response === null ? [request] : [request, response]))
  .filter(({ serializeType }) => serializeType === 'JSON')
  .map((vector) => {
    const frame = frameBytes(vector);
    return frame.subarray(4, 4 + frame.readUInt32BE(0));
  });

/** Whatever the scanner reads the parser reads too, and as the same. */
function expectAgreement(bytes: Buffer): void {
  const scanned = scan(bytes);
  if (scanned !== undefined) expect(plain(scanned)).toEqual(plain(parse(bytes)));
}

describe('the scanner of JSON headers', () => {
  it('reads what Java writes', () => {
    expect(apacheHeaders.length).toBeGreaterThan(70);
    for (const header of apacheHeaders) {
      expect(scan(header)).toBeDefined();
      expectAgreement(header);
    }
  });

  it('agrees with the parser', () => {
    fc.assert(
      fc.property(anyHeader, fc.constantFrom(undefined, 1), (header, indentation) => {
        expectAgreement(Buffer.from(JSON.stringify(header, undefined, indentation)));
      }),
      { numRuns: 2000 },
    );
  });

  it('agrees with the parser about damaged headers', () => {
    const change = fc.tuple(
      fc.nat(),
      fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('"\\{}[],:u0-9tfn '))),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...apacheHeaders),
        fc.array(change, { maxLength: 3 }),
        (header, changes) => {
          const bytes = Buffer.from(header);
          for (const [position, byte] of changes) bytes[position % bytes.length] = byte;
          expectAgreement(bytes);
        },
      ),
      { numRuns: 5000 },
    );
  });

  it('makes fields of numbers and booleans', () => {
    const header = scan(
      Buffer.from('{"code":1,"extFields":{"a":-12,"b":true,"c":false,"d":null,"e":"\\u00e4"}}'),
    )!;
    expect([...header.fields.toMap()]).toEqual([
      ['a', '-12'],
      ['b', 'true'],
      ['c', 'false'],
      ['e', 'ä'],
    ]);
  });

  it.each([
    '',
    '{',
    '{}',
    '{"code":01}',
    '{"code":-0}',
    '{"code":1,}',
    '{"code":1}x',
    '{"code":1,"remark":"\\x"}',
    '{"code":1,"remark":"\\u00g0"}',
    '{"code":1,"remark":"\n"}',
    '{"code":1,"remark":"',
    '{"code":1,"extFields":{"a":tru}}',
    '{"code":1,"extFields":{"a":1',
    '{"code":1,"extFields":{"a\\u0000":1}}',
    '{"code":12345678901234567}',
    '{ "code":1}',
    "{'code':1}",
  ])('gives up on %s', (text_) => {
    expect(scan(Buffer.from(text_))).toBeUndefined();
  });

  it('takes a language that it does not know for another', () => {
    const languageOf = (language: string) =>
      scan(Buffer.from(JSON.stringify({ code: 1, language })))!.language;
    expect(['JAVA', 'GO', 'KOTLIN', '', 'A'.repeat(100)].map(languageOf)).toEqual([
      'JAVA',
      'GO',
      'OTHER',
      'OTHER',
      'OTHER',
    ]);
  });

  it('does not read behind the header', () => {
    const bytes = Buffer.from('{"code":1,"extFields":{"a":true}}');
    for (let end = 0; end < bytes.length; end++) {
      expect(new JsonHeaderScanner(bytes, 0, end).read()).toBeUndefined();
    }
  });
});

describe('the parser of JSON headers', () => {
  it('reads the smallest one, and takes what is missing as Java does', () => {
    expect(plain(parse(Buffer.from(' { code : "10" } ')))).toEqual({
      code: 10,
      language: 'JAVA',
      version: 0,
      opaque: 0,
      flag: 0,
      remark: undefined,
      fields: {},
    });
  });

  it('makes texts of whatever stands in a field', () => {
    const header = parse(Buffer.from('{"code":1,"extFields":{"a":[1,{"b":2}],"c":0.5}}'));
    expect([...header.fields.toMap()]).toEqual([
      ['a', '[1,{"b":2}]'],
      ['c', '0.5'],
    ]);
  });

  it('rounds no integer', () => {
    expect(
      parse(Buffer.from('{"code":1,"extFields":{"a":9007199254740993}}')).fields.get(Buffer.from('a')),
    ).toBe('9007199254740993');
    expect(() => parse(Buffer.from('{"code":9007199254740993}'))).toThrow(RemotingCodecError);
  });
});
