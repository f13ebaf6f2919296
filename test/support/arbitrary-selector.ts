import fc from 'fast-check';

const NAMES = ['a', 'b', 'c', '$x_1', 'TAGS', 'nothing'];

/** Values that properties and literals have in common, so that comparisons now and then hold. */
const TEXTS = [
  ...['x', 'xy', 'yx', "it's", 'true', 'TRUE', 'False', '中文', '\u{1f600}'],
  ...[
    '0',
    '-0',
    '5',
    '+5',
    '05',
    ' 5',
    '5 ',
    '5l',
    '-5',
    '6.5',
    '6.50',
    '.5',
    '5.',
    '1e3',
    '1E+3',
    '-0.0',
    '0.0',
  ],
  ...['NaN', '-Infinity', '1d', '2F', '0x1p3', '0x.8P1', '0xA', '٣', '１２', '1_0', '--5', '+', 'e5', '.'],
  ...['2147483647', '2147483648', '-2147483648', '-2147483649', '9007199254740993', '9223372036854775807'],
  ...['-9223372036854775808', '9223372036854775808', '1e400', '1e-400', '\u00a05', '\u00015\u001f'],
];
const NUMBERS = [
  ...['0', '5', '5L', '6.5', '.5', '5.', '1e3', '1000', '007', '0.0', '2147483647', '2147483648', '3l'],
  ...[
    '9007199254740992',
    '9007199254740993',
    '9223372036854775807',
    '9223372036854775808',
    '1e400',
    '4.9e-324',
  ],
];

const quote = (text: string) => `'${text.replaceAll("'", "''")}'`;
const name = fc.constantFrom(...NAMES);
const number = fc.constantFrom(...NUMBERS);
const string = fc.constantFrom('', ...TEXTS).map(quote);
const literal = fc.oneof(
  { weight: 4, arbitrary: number },
  { weight: 3, arbitrary: string },
  fc.constantFrom('TRUE', 'false', 'NULL'),
);
const blank = fc.constantFrom(' ', ' ', ' ', '\t', '\n', '\r\n', '\f', ' /* - * ** */ ', ' -- x\n');
const keyword = (text: string) => fc.constantFrom(text, text.toLowerCase());
const words = (...parts: readonly fc.Arbitrary<string>[]) =>
  fc.tuple(blank, ...parts).map(([first, ...rest]) => rest.join(first));

const { selector } = fc.letrec<Record<'operand' | 'condition' | 'selector', string>>((tie) => {
  const operand = tie('operand');
  const condition = tie('condition');
  const negation = fc.constantFrom('', 'NOT ', 'not ');
  return {
    operand: fc.oneof(
      { maxDepth: 2, depthIdentifier: 'operand' },
      { weight: 6, arbitrary: name },
      { weight: 6, arbitrary: literal },
      operand.map((text) => `-${text}`),
      operand.map((text) => `+${text}`),
      operand.map((text) => `(${text})`),
      condition.map((text) => `-(${text})`),
    ),
    condition: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'condition' },
      words(operand, fc.constantFrom('=', '<>', '<', '<=', '>', '>='), operand),
      words(name, fc.constantFrom('=', '<>', '<', '<=', '>', '>='), number),
      words(
        operand,
        keyword('IS'),
        negation.chain((not) => keyword(`${not}NULL`)),
      ),
      words(
        operand,
        negation.chain((not) => fc.constantFrom('CONTAINS', 'StartsWith', 'endswith').map((op) => not + op)),
        string,
      ),
      words(
        operand,
        negation.map((not) => `${not}BETWEEN`),
        operand,
        keyword('AND'),
        operand,
      ),
      words(
        name,
        negation.map((not) => `${not}BETWEEN`),
        number,
        keyword('AND'),
        number,
      ),
      words(
        fc.oneof({ weight: 5, arbitrary: name }, operand),
        negation.map((not) => `${not}IN`),
        fc.array(string, { maxLength: 6 }).map((list) => `(${list.join(', ')})`),
      ),
      words(keyword('NOT'), condition),
      words(condition, keyword('AND'), condition),
      words(condition, keyword('OR'), condition),
      condition.map((text) => `(${text})`),
      operand,
    ),
    selector: condition,
  };
});

const SCRAPS = [
  ...NAMES,
  ...NUMBERS,
  ...TEXTS.map(quote),
  ...['NOT', 'AND', 'OR', 'BETWEEN', 'IN', 'TRUE', 'NULL', 'IS', 'CONTAINS', 'STARTSWITH', 'ENDSWITH'],
  ...[
    '=',
    '<>',
    '!=',
    '<',
    '>',
    '<=',
    '>=',
    '(',
    ')',
    ',',
    '+',
    '-',
    '--',
    '/*',
    '*/',
    "'",
    '"',
    '.',
    '\n',
    'é',
    '/',
  ],
];
/** Words and signs in any order: mostly no expression, or one that ends early. */
const soup = fc
  .array(fc.tuple(fc.constantFrom(...SCRAPS), fc.constantFrom('', ' ')), { maxLength: 10 })
  .map((scraps) => scraps.flat().join(''));

/** A sound expression of which a piece is missing, or another is in its place. */
const broken = fc
  .tuple(selector, fc.nat(), fc.nat(4), fc.constantFrom('', ...SCRAPS))
  .map(([text, at, length, scrap]) => {
    const start = at % (text.length + 1);
    return text.slice(0, start) + scrap + text.slice(start + length);
  });

/** Texts that may be SQL92 expressions. */
export const arbitrarySelector: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: selector },
  { weight: 2, arbitrary: broken },
  { weight: 1, arbitrary: soup },
);

/** Properties of a message that such expressions may select. */
export const arbitraryProperties: fc.Arbitrary<ReadonlyMap<string, string>> = fc
  .uniqueArray(fc.tuple(name, fc.constantFrom(...TEXTS)), { selector: ([key]) => key, maxLength: 5 })
  .map((entries) => new Map(entries));
