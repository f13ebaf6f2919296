import {
  and,
  between,
  booleanCast,
  compareNumbers,
  constant,
  equal,
  inSet,
  isNull,
  negate,
  not,
  notBetween,
  or,
  ordered,
  property,
  textMatch,
  type BooleanExpression,
  type Expression,
} from './expression.js';
import { FilterSyntaxError } from './filter-syntax-error.js';
import { NumberFormatError, parseInteger, parseLong, type JavaNumber } from './java-number.js';
import { SelectorLexer, unexpected, type Token } from './selector-lexer.js';

/** Longest expression in characters, and deepest nesting of parentheses and signs. Apache's parser has no limits. */
const MAX_LENGTH = 4096;
const MAX_DEPTH = 64;

type Accepts = (answer: number) => boolean;

const ORDER_OPERATORS: ReadonlyMap<string, Accepts> = new Map<string, Accepts>([
  ['>', (answer) => answer > 0],
  ['>=', (answer) => answer >= 0],
  ['<', (answer) => answer < 0],
  ['<=', (answer) => answer <= 0],
]);

type TextTest = (text: string, search: string) => boolean;

const TEXT_OPERATORS: ReadonlyMap<string, TextTest> = new Map<string, TextTest>([
  ['CONTAINS', (text, search) => text.includes(search)],
  ['STARTSWITH', (text, search) => text.startsWith(search)],
  ['ENDSWITH', (text, search) => text.endsWith(search)],
]);

/**
 * Reads an expression with the grammar of RocketMQ's SelectorParser.jj. As there, it ends where nothing that follows can
 * belong to it: what comes then is ignored.
 *
 * @throws FilterSyntaxError
 */
export function parseSelector(text: string): BooleanExpression {
  return new SelectorParser(lexerOf(text)).parse();
}

/**
 * Reads an expression that its author can still correct: with a rest that a broker would ignore it is wrong.
 *
 * @throws FilterSyntaxError
 */
export function checkSelector(text: string): void {
  const lexer = lexerOf(text);
  new SelectorParser(lexer).parse();
  lexer.expect('end', 'AND, OR or the end');
}

function lexerOf(text: string): SelectorLexer {
  if (text.length <= MAX_LENGTH) return new SelectorLexer(text);
  throw new FilterSyntaxError(`more than ${MAX_LENGTH} characters`, MAX_LENGTH + 1);
}

class SelectorParser {
  private depth = 0;

  constructor(private readonly lexer: SelectorLexer) {}

  parse(): BooleanExpression {
    const first = this.lexer.peek();
    return asBoolean(this.orExpression(), first);
  }

  private orExpression(): Expression {
    return this.logic('OR', or, () => this.andExpression());
  }

  private andExpression(): Expression {
    return this.logic('AND', and, () => this.equalityExpression());
  }

  private logic(
    operator: 'AND' | 'OR',
    join: (left: BooleanExpression, right: BooleanExpression) => BooleanExpression,
    operand: () => Expression,
  ): Expression {
    const first = this.lexer.peek();
    let left = operand();
    while (this.lexer.accept(operator)) {
      const second = this.lexer.peek();
      left = join(asBoolean(left, first), asBoolean(operand(), second));
    }
    return left;
  }

  private equalityExpression(): Expression {
    let left = this.comparisonExpression();
    for (;;) {
      const operator = this.lexer.peek();
      if (this.lexer.accept('=')) left = this.equality(left, operator);
      else if (this.lexer.accept('<>')) left = not(this.equality(left, operator));
      else if (this.lexer.accept('IS')) left = this.nullTest(left);
      else return left;
    }
  }

  private equality(left: Expression, operator: Token): BooleanExpression {
    const right = this.comparisonExpression();
    if (isNullConstant(left) || isNullConstant(right))
      throw new FilterSyntaxError('NULL is compared, use IS NULL or IS NOT NULL', operator.position);
    if (left.kind === 'constant' && right.kind === 'constant') {
      if (typeof left.value === 'boolean' && typeof right.value !== 'boolean')
        throw new FilterSyntaxError('a truth value is compared with something else', operator.position);
    }
    return equal(left, right);
  }

  private nullTest(left: Expression): BooleanExpression {
    if (this.lexer.accept('NULL')) return isNull(left);
    this.lexer.expect('NOT', 'NULL or NOT NULL');
    this.lexer.expect('NULL');
    return not(isNull(left));
  }

  private comparisonExpression(): Expression {
    let left = this.unaryExpression();
    for (;;) {
      const operator = this.lexer.peek();
      const accepts = ORDER_OPERATORS.get(operator.kind);
      if (accepts !== undefined) left = this.order(left, accepts);
      else if (this.lexer.accept('NOT')) left = this.predicate(left, operator, true);
      else if (['BETWEEN', 'IN'].includes(operator.kind) || TEXT_OPERATORS.has(operator.kind))
        left = this.predicate(left, operator, false);
      else return left;
    }
  }

  private order(left: Expression, accepts: Accepts): BooleanExpression {
    const operator = this.lexer.next();
    const right = this.unaryExpression();
    checkOrdered(left, operator);
    checkOrdered(right, operator);
    return ordered(left, right, accepts);
  }

  private predicate(left: Expression, first: Token, isNegated: boolean): BooleanExpression {
    const operator = this.lexer.next();
    const test = TEXT_OPERATORS.get(operator.kind);
    if (test !== undefined) {
      const { text: search } = this.lexer.expect('string', 'a text in quotes');
      return textMatch(left, search, (text) => test(text, search), isNegated);
    }
    if (operator.kind === 'BETWEEN') return this.range(left, operator, isNegated);
    if (operator.kind === 'IN') return this.membership(left, first, isNegated);
    throw unexpected(operator, 'BETWEEN, IN, CONTAINS, STARTSWITH or ENDSWITH');
  }

  private range(left: Expression, operator: Token, isNegated: boolean): BooleanExpression {
    const low = this.unaryExpression();
    this.lexer.expect('AND');
    const high = this.unaryExpression();
    for (const operand of [left, low, high]) checkOrdered(operand, operator);
    // Only BETWEEN is checked so, NOT BETWEEN is not.
    if (!isNegated && isNumber(low) && isNumber(high) && compareNumbers(high.value, low.value) < 0)
      throw new FilterSyntaxError('the first bound is greater than the second', operator.position);
    return isNegated ? notBetween(left, low, high) : between(left, low, high);
  }

  private membership(left: Expression, operator: Token, isNegated: boolean): BooleanExpression {
    this.lexer.expect('(');
    const elements = new Set<string>();
    do elements.add(this.lexer.expect('string', 'a text in quotes').text);
    while (this.lexer.accept(','));
    this.lexer.expect(')');
    if (left.kind === 'property') return inSet(left, elements, isNegated);
    throw new FilterSyntaxError('IN needs a property before it', operator.position);
  }

  private unaryExpression(): Expression {
    if (++this.depth > MAX_DEPTH)
      throw new FilterSyntaxError(`more than ${MAX_DEPTH} levels`, this.lexer.peek().position);
    const expression = this.signedExpression();
    this.depth--;
    return expression;
  }

  private signedExpression(): Expression {
    if (this.lexer.accept('+')) return this.unaryExpression();
    if (this.lexer.accept('-')) return negate(this.unaryExpression());
    if (!this.lexer.accept('NOT')) return this.primaryExpression();
    const first = this.lexer.peek();
    return not(asBoolean(this.unaryExpression(), first));
  }

  private primaryExpression(): Expression {
    const token = this.lexer.next();
    switch (token.kind) {
      case 'string':
        return constant(token.text);
      case 'integer':
        return constant(integerOf(token));
      case 'float':
        return constant(floatOf(token));
      case 'TRUE':
      case 'FALSE':
        return constant(token.kind === 'TRUE');
      case 'NULL':
        return constant(null);
      case 'identifier':
        return property(token.text);
      case '(':
        return this.parenthesized();
      default:
        throw unexpected(token, 'a property, a value or "("');
    }
  }

  private parenthesized(): Expression {
    const expression = this.orExpression();
    this.lexer.expect(')');
    return expression;
  }
}

function asBoolean(expression: Expression, first: Token): BooleanExpression {
  if (expression.kind === 'property') return booleanCast(expression);
  if (isBoolean(expression)) return expression;
  throw new FilterSyntaxError('expected something that is true or false', first.position);
}

function isBoolean(expression: Expression): expression is BooleanExpression {
  const { kind, value } = expression;
  return kind === 'boolean' || (kind === 'constant' && (value === null || typeof value === 'boolean'));
}

/** Only numbers and properties have an order (ComparisonExpression#checkLessThanOperand). */
function checkOrdered(operand: Expression, operator: Token): void {
  if (isNumber(operand) || operand.kind === 'property' || operand.kind === 'negation') return;
  throw new FilterSyntaxError(`${operator.text} compares numbers and properties only`, operator.position);
}

function isNullConstant({ kind, value }: Expression): boolean {
  return kind === 'constant' && value === null;
}

function isNumber(expression: Expression): expression is Expression & { readonly value: JavaNumber } {
  const { kind, value } = expression;
  return kind === 'constant' && typeof value === 'object' && value !== null;
}

function integerOf({ text, position }: Token): JavaNumber {
  const digits = text.replace(/[lL]$/, '');
  try {
    return { type: 'Integer', value: parseInteger(digits) };
  } catch (error) {
    if (!(error instanceof NumberFormatError)) throw error;
  }
  try {
    return { type: 'Long', value: parseLong(digits) };
  } catch {
    throw new FilterSyntaxError(`${text} does not fit in 64 bits`, position);
  }
}

/** 0.0 is refused too, as it is less than the smallest double above 0 (ConstantExpression#createFloat). */
function floatOf({ text, position }: Token): JavaNumber {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return { type: 'Double', value };
  throw new FilterSyntaxError(
    value === 0 ? `${text} is too small, write 0` : `${text} is too great`,
    position,
  );
}
