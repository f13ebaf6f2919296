import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FilterSyntaxError } from '../../../lib/common/filter/filter-syntax-error.js';
import { checkSelector } from '../../../lib/common/filter/selector-parser.js';
import { compileSql92 } from '../../../lib/common/filter/sql-filter.js';
import { arbitraryProperties, arbitrarySelector } from '../../support/arbitrary-selector.js';

const MESSAGE = new Map([
  ['a', '6'],
  ['b', '6.5'],
  ['city', "Xi'an"],
  ['isNew', 'TRUE'],
  ['big', '9007199254740993'],
]);

const selects = (expression: string) => compileSql92(expression)(MESSAGE);

function faultOf(expression: string): string | undefined {
  try {
    compileSql92(expression);
    return undefined;
  } catch (error) {
    return (error as FilterSyntaxError).message;
  }
}

describe('compileSql92', () => {
  it.each([
    'a > 5 AND b < 7.0',
    'a = 6 OR nothing = 1',
    'NOT (a < 5)',
    'a between 6 and 7',
    'a NOT BETWEEN -3 AND 5',
    "city = 'Xi''an'",
    "city IN ('Xi''an', 'Wuhan') AND city NOT IN ('Wuhan')",
    "city CONTAINS '''a' AND city STARTSWITH 'X' AND city ENDSWITH 'n'",
    "city NOT CONTAINS 'x'",
    'nothing IS NULL AND a IS NOT NULL',
    'a <> nothing',
    'isNew = TRUE',
    'b = 6.50',
    'big = 9007199254740993',
    'a > b OR b > a',
    '-a IS NULL',
    'a = 6 /* six */ AND -- and\n b > 6.4',
    'a > 1 whatever comes then',
  ])('selects by %s', (expression) => {
    expect(selects(expression)).toBe(true);
  });

  it.each([
    'nothing = 1',
    'nothing <> 1',
    'NOT (nothing = 1)',
    "nothing NOT IN ('x')",
    "nothing NOT CONTAINS 'x'",
    "city NOT CONTAINS ''",
    'b > 6',
    'TRUE = isNew',
    'a',
    'big = 9007199254740992',
    'city > a',
    "a LIKE '6%'",
    'a + 1 > 6',
    'a = 007',
  ])('does not select by %s', (expression) => {
    expect(selects(expression)).toBe(false);
  });

  it.each([
    ['', 'expected a property, a value or "(", found the end at character 1'],
    ['a >', 'expected a property, a value or "(", found the end at character 4'],
    ['a != 5', '"!" is not allowed at character 3'],
    ["a = 'x", 'a string that does not end at character 5'],
    ['a = NULL', 'NULL is compared, use IS NULL or IS NOT NULL at character 3'],
    ['a > TRUE', '> compares numbers and properties only at character 3'],
    [
      'a BETWEEN 9007199254740993 AND 9007199254740992',
      'the first bound is greater than the second at character 3',
    ],
    ["5 IN ('x')", 'IN needs a property before it at character 3'],
    ['a IN ()', 'expected a text in quotes, found ")" at character 7'],
    ['a = 0.0', '0.0 is too small, write 0 at character 5'],
    ['a = 9223372036854775808', '9223372036854775808 does not fit in 64 bits at character 5'],
    ['(a = 1', 'expected ), found the end at character 7'],
    ['a AND 5', 'expected something that is true or false at character 7'],
    ['a IS 5', 'expected NULL or NOT NULL, found "5" at character 6'],
  ])('refuses %s', (expression, message) => {
    expect(faultOf(expression)).toBe(message);
  });

  it('finds what a broker would ignore', () => {
    expect(() => checkSelector("a LIKE 'x%'")).toThrow(
      'expected AND, OR or the end, found "LIKE" at character 3',
    );
    expect(() => checkSelector('a = 1)')).toThrow('expected AND, OR or the end, found ")" at character 6');
    expect(() => checkSelector('a = 1 -- one\n')).not.toThrow();
  });

  it('bounds length, words and depth', () => {
    expect(() => compileSql92('a'.repeat(4097))).toThrow('more than 4096 characters at character 4097');
    expect(() => compileSql92(`a${' OR a'.repeat(600)}`)).toThrow('more than 1024 words and signs');
    expect(() => compileSql92('('.repeat(2000))).toThrow('more than 64 levels at character 65');
    expect(() => compileSql92('NOT '.repeat(1000))).toThrow('more than 64 levels');
    expect(() => compileSql92('- '.repeat(1000))).toThrow('more than 64 levels');
    expect(compileSql92(`${'('.repeat(63)}a > 5${')'.repeat(63)}`)(MESSAGE)).toBe(true);
  });

  it('evaluates each part once, however deep ranges are nested', () => {
    let operand = 'a';
    for (let depth = 0; depth < 30; depth++) operand = `-(${operand} BETWEEN nothing AND nothing)`;
    let reads = 0;
    const get = () => void reads++;
    compileSql92(`${operand} IS NULL`)({ get: get as () => undefined });
    expect(reads).toBeLessThan(100);
  });

  it('throws nothing but syntax errors', () => {
    const text = fc.oneof(arbitrarySelector, fc.string({ unit: 'binary' }), fc.string());
    const property = fc.property(text, arbitraryProperties, (expression, properties) => {
      try {
        expect(typeof compileSql92(expression)(properties)).toBe('boolean');
      } catch (error) {
        expect(error).toBeInstanceOf(FilterSyntaxError);
        expect((error as FilterSyntaxError).position).toBeGreaterThan(0);
      }
    });
    fc.assert(property, { numRuns: 2000 });
  });
});
