import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseProperties } from '../../lib/cli/properties.js';

const parse = (text: string) => [...parseProperties(Buffer.from(text, 'latin1'))];

/** As java.util.Properties#store writes it. */
function stored(text: string): string {
  const escaped = text.split('').map((char) => {
    if (' \\=:#!'.includes(char)) return `\\${char}`;
    const isPlain = char >= '!' && char <= '~';
    const code = char.charCodeAt(0).toString(16).padStart(4, '0');
    return isPlain ? char : `\\u${code}`;
  });
  return escaped.join('');
}

describe('parseProperties', () => {
  it.each<[string, [string, string][]]>([
    [
      'a=1\nb:2\rc 3\r\nd\t=\t4',
      [
        ['a', '1'],
        ['b', '2'],
        ['c', '3'],
        ['d', '4'],
      ],
    ],
    ['  a = 1 \n\n \t\f\n', [['a', '1 ']]],
    ['# a=1\n  ! b=2\\\nc=3', [['c', '3']]],
    ['a=1#2!3=4:5', [['a', '1#2!3=4:5']]],
    [
      'a==b\nc = = d',
      [
        ['a', '=b'],
        ['c', '= d'],
      ],
    ],
    [
      'a\nb=\n=c',
      [
        ['a', ''],
        ['b', ''],
        ['', 'c'],
      ],
    ],
    [
      'a=1,\\\n   2,\\\n\t3\nb=4',
      [
        ['a', '1,2,3'],
        ['b', '4'],
      ],
    ],
    [
      'a=1\\\n# no comment\nb=2',
      [
        ['a', '1# no comment'],
        ['b', '2'],
      ],
    ],
    [
      'a=1\\\n\nb=2',
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    [
      'a=C:\\\\dir\\\\\nb=\\t\\n\\r\\f\\x\\"',
      [
        ['a', 'C:\\dir\\'],
        ['b', '\t\n\r\fx"'],
      ],
    ],
    ['a\\ b\\=c\\:d=e\\ ', [['a b=c:d', 'e ']]],
    [
      'a=\\u4e2d\\u6587\nb=\u00e9',
      [
        ['a', '中文'],
        ['b', 'é'],
      ],
    ],
    [
      'a=1\nb=2\na=3',
      [
        ['a', '3'],
        ['b', '2'],
      ],
    ],
    ['a=1\\', [['a', '1']]],
    ['', []],
  ])('reads %j', (text, entries) => {
    expect(parse(text)).toEqual(entries);
  });

  it('reads a line of backslashes in one go', () => {
    const start = performance.now();
    expect(parse(`a=${'\\'.repeat(100_000)}x`)).toEqual([['a', `${'\\'.repeat(50_000)}x`]]);
    // Looked for from each of them, the end would take half a minute.
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it.each(['a=\\u12', 'a=\\uxyz1', 'a=\\u'])('refuses %j', (text) => {
    expect(() => parse(text)).toThrow('is not \\u and four hex digits');
  });

  it('reads whatever Java wrote', () => {
    const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text)), (entries) => {
        const lines = entries.map(([key, value]) => `${stored(key)}=${stored(value)}\n`);
        expect(parse(lines.join(''))).toEqual([...new Map(entries)]);
      }),
    );
  });
});
