import { FilterSyntaxError } from './filter-syntax-error.js';

/** Most tokens of one expression. Apache's parser has no limit. */
const MAX_TOKENS = 1024;

const KEYWORDS = [
  'NOT',
  'AND',
  'OR',
  'BETWEEN',
  'IN',
  'TRUE',
  'FALSE',
  'NULL',
  'IS',
  'CONTAINS',
  'STARTSWITH',
  'ENDSWITH',
] as const;
const OPERATORS = ['<>', '>=', '<=', '>', '<', '=', '(', ')', ',', '+', '-'] as const;

export type TokenKind =
  | (typeof KEYWORDS)[number]
  | (typeof OPERATORS)[number]
  | 'identifier'
  | 'integer'
  | 'float'
  | 'string'
  | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** As written; of a string what it stands for. */
  readonly text: string;
  /** Of its first character, from 1 on. */
  readonly position: number;
}

const keywords: ReadonlySet<string> = new Set(KEYWORDS);
const BLANKS = /(?:[ \t\n\r\f]|--[^\n\r]*[\n\r]|\/\*[^]*?\*\/)*/y;
const WORD = /[A-Za-z_$][\w$]*/y;
const FLOAT = /\d+\.\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+/y;
/** After a leading 0 the number ends: `007` is 0, 0 and 7. */
const INTEGER = /0|[1-9]\d*[lL]?/y;
const STRING = /'(?:''|[^'])*'/y;

/**
 * The tokens of an expression, one at a time: what lies behind the end of an expression is not looked at, as in Apache's
 * SelectorParser.
 */
export class SelectorLexer {
  private offset = 0;
  private count = 0;
  private current: Token;

  constructor(private readonly text: string) {
    this.current = this.read();
  }

  peek(): Token {
    return this.current;
  }

  /** Takes the current token. */
  next(): Token {
    const token = this.current;
    this.current = this.read();
    return token;
  }

  /** Takes the current token if it is of that kind. */
  accept(kind: TokenKind): boolean {
    if (this.current.kind !== kind) return false;
    this.next();
    return true;
  }

  /** @throws FilterSyntaxError when the current token is of another kind. */
  expect(kind: TokenKind, expected: string = kind): Token {
    if (this.current.kind === kind) return this.next();
    throw unexpected(this.current, expected);
  }

  private read(): Token {
    this.match(BLANKS);
    const position = this.offset + 1;
    if (++this.count > MAX_TOKENS)
      throw new FilterSyntaxError(`more than ${MAX_TOKENS} words and signs`, position);
    if (this.offset === this.text.length) return { kind: 'end', text: '', position };
    const token = this.readWord(position) ?? this.readNumber(position) ?? this.readOther(position);
    if (token !== undefined) return token;
    const char = String.fromCodePoint(this.text.codePointAt(this.offset)!);
    const fault = char === "'" ? 'a string that does not end' : `${JSON.stringify(char)} is not allowed`;
    throw new FilterSyntaxError(fault, position);
  }

  private readWord(position: number): Token | undefined {
    const text = this.match(WORD);
    if (text === undefined) return undefined;
    const keyword = text.toUpperCase();
    return { kind: keywords.has(keyword) ? (keyword as TokenKind) : 'identifier', text, position };
  }

  private readNumber(position: number): Token | undefined {
    const float = this.match(FLOAT);
    if (float !== undefined) return { kind: 'float', text: float, position };
    const integer = this.match(INTEGER);
    return integer === undefined ? undefined : { kind: 'integer', text: integer, position };
  }

  private readOther(position: number): Token | undefined {
    const string = this.match(STRING);
    if (string !== undefined)
      return { kind: 'string', text: string.slice(1, -1).replaceAll("''", "'"), position };
    const kind = OPERATORS.find((operator) => this.text.startsWith(operator, this.offset));
    if (kind === undefined) return undefined;
    this.offset += kind.length;
    return { kind, text: kind, position };
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.offset;
    const text = pattern.exec(this.text)?.[0];
    this.offset += text?.length ?? 0;
    return text;
  }
}

export function unexpected({ kind, text, position }: Token, expected: string): FilterSyntaxError {
  const found = kind === 'end' ? 'the end' : `"${kind === 'string' ? `'${text}'` : text}"`;
  return new FilterSyntaxError(`expected ${expected}, found ${found}`, position);
}
