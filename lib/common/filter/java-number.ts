/** A number of Java, which knows its class: a text that it is compared with is read as one of the same class. */
export type JavaNumber =
  | { readonly type: 'Integer'; readonly value: number }
  | { readonly type: 'Long'; readonly value: bigint }
  | { readonly type: 'Double'; readonly value: number };

/** The text is no number of the class that it is compared with (NumberFormatException). */
export class NumberFormatError extends Error {}

const MIN_INTEGER = -2147483648;
const MAX_INTEGER = 2147483647;
const MIN_LONG = -(2n ** 63n);
const MAX_LONG = 2n ** 63n - 1n;
const INTEGRAL = /^[+-]?\d+$/;
const DECIMAL_DOUBLE = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?[fFdD]?$/;
const HEX_DOUBLE = /^([+-]?)0[xX](?:([\da-fA-F]+)\.?|([\da-fA-F]*)\.([\da-fA-F]+))[pP]([+-]?\d+)[fFdD]?$/;
const SPECIAL_DOUBLE = /^([+-]?)(NaN|Infinity)$/;
/** The digits 0 of scripts in the Basic Multilingual Plane, which Character#digit takes, and no others. */
const ZEROS = '٠۰߀०০੦૦୦௦౦೦൦෦๐໐༠၀႐០᠐᥆᧐᪀᪐᭐᮰᱀᱐꘠꣐꤀꧐꧰꩐꯰０';
const DIGITS_OF_OTHER_SCRIPTS = new Map<string, string>();
for (let i = 0; i < ZEROS.length * 10; i++) {
  const digit = i % 10;
  DIGITS_OF_OTHER_SCRIPTS.set(String.fromCharCode(ZEROS.charCodeAt(i / 10) + digit), String(digit));
}

/** Integer#valueOf. */
export function parseInteger(text: string): number {
  const value = Number(integralText(text));
  if (value >= MIN_INTEGER && value <= MAX_INTEGER) return value;
  throw new NumberFormatError(text);
}

/** Long#valueOf. */
export function parseLong(text: string): bigint {
  const value = BigInt(integralText(text).replace(/^\+/, ''));
  if (value >= MIN_LONG && value <= MAX_LONG) return value;
  throw new NumberFormatError(text);
}

/** Double#valueOf. */
export function parseDouble(text: string): number {
  const trimmed = trim(text);
  if (DECIMAL_DOUBLE.test(trimmed)) return Number(trimmed.replace(/[fFdD]$/, ''));
  const [, sign, special] = SPECIAL_DOUBLE.exec(trimmed) ?? [];
  if (special !== undefined) return Number(special) * (sign === '-' ? -1 : 1);
  return parseHexDouble(trimmed);
}

/** Double#compareTo: NaN is the greatest, and 0.0 is greater than -0.0. */
export function compareDoubles(left: number, right: number): number {
  if (left < right) return -1;
  if (left > right) return 1;
  if (Object.is(left, right)) return 0;
  return Object.is(left, -0) || Number.isNaN(right) ? -1 : 1;
}

/** String#trim: control characters too, but no blanks of other scripts. */
function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text[start]! <= ' ') start++;
  while (end > start && text[end - 1]! <= ' ') end--;
  return text.slice(start, end);
}

function parseHexDouble(text: string): number {
  const [, sign, whole = '', before = '', after = '', exponent = '0'] = HEX_DOUBLE.exec(text) ?? [];
  if (sign === undefined) throw new NumberFormatError(text);
  const mantissa = Number(`0x${whole}${before}${after}`);
  const value = mantissa * 2 ** (Number(exponent) - 4 * after.length);
  return sign === '-' ? -value : value;
}

function integralText(text: string): string {
  if (INTEGRAL.test(text)) return text;
  const ascii = text.replace(/[^ -~]/g, (char) => DIGITS_OF_OTHER_SCRIPTS.get(char) ?? char);
  if (INTEGRAL.test(ascii)) return ascii;
  throw new NumberFormatError(text);
}
