import { compareDoubles, parseDouble, parseInteger, parseLong, type JavaNumber } from './java-number.js';

/** Properties of a message by name; one that is absent is null. */
export interface EvaluationContext {
  get(name: string): string | undefined;
}

/** Three-valued logic: null is neither true nor false. */
export type Truth = boolean | null;
export type Value = Truth | string | JavaNumber;

/** The comparison has no result: the message is not wanted. */
export class EvaluationError extends Error {}

export type Evaluate<V extends Value = Value> = (context: EvaluationContext) => V;

/** A part of an expression, compiled to a closure. Which class it has in Apache's evaluator decides what it may be used for. */
export interface Expression {
  readonly kind: 'constant' | 'property' | 'boolean' | 'negation';
  /** Of a constant. */
  readonly value?: Value;
  readonly evaluate: Evaluate;
}

export interface BooleanExpression extends Expression {
  readonly evaluate: Evaluate<Truth>;
}

export const constant = (value: Value): Expression => ({ kind: 'constant', value, evaluate: () => value });

export const property = (name: string): Expression => ({
  kind: 'property',
  evaluate: (context) => context.get(name) ?? null,
});

const boolean = (evaluate: Evaluate<Truth>): BooleanExpression => ({ kind: 'boolean', evaluate });

/** A property as a condition: it is a text, which is not true (UnaryExpression#createBooleanCast). */
export const booleanCast = ({ evaluate }: Expression): BooleanExpression =>
  boolean((context) => (evaluate(context) === null ? null : false));

/** Only numbers have an opposite (UnaryExpression#createNegate). */
export const negate = ({ evaluate }: Expression): Expression => ({
  kind: 'negation',
  evaluate: (context) => opposite(evaluate(context)),
});

export const not = ({ evaluate }: BooleanExpression): BooleanExpression =>
  boolean((context) => {
    const value = evaluate(context);
    return value === null ? null : !value;
  });

export const and = (left: BooleanExpression, right: BooleanExpression): BooleanExpression =>
  boolean((context) => {
    const first = left.evaluate(context);
    return first === false ? false : both(first, right.evaluate(context));
  });

export const or = (left: BooleanExpression, right: BooleanExpression): BooleanExpression =>
  boolean((context) => {
    const first = left.evaluate(context);
    return first === true ? true : either(first, right.evaluate(context));
  });

/** `=`: an absent left side is null, an absent right side is not equal (ComparisonExpression#doCreateEqual). */
export const equal = (left: Expression, right: Expression): BooleanExpression =>
  boolean((context) => {
    const first = left.evaluate(context);
    const second = right.evaluate(context);
    if (first === null) return second === null ? true : null;
    if (second === null) return false;
    return typeof first === 'string' && typeof second === 'string'
      ? first === second
      : compare(first, second) === 0;
  });

export const isNull = (operand: Expression): BooleanExpression =>
  boolean((context) => operand.evaluate(context) === null);

/** `<`, `<=`, `>` or `>=`. */
export const ordered = (
  left: Expression,
  right: Expression,
  accepts: (answer: number) => boolean,
): BooleanExpression => boolean((context) => order(left.evaluate(context), right, context, accepts));

/**
 * Both bounds belong to it. The operand is evaluated once: it may hold a range itself, and would else be evaluated as often as
 * there are combinations.
 */
export const between = (operand: Expression, low: Expression, high: Expression): BooleanExpression =>
  boolean((context) => {
    const value = operand.evaluate(context);
    const isAbove = order(value, low, context, (answer) => answer >= 0);
    if (isAbove === false) return false;
    return both(
      isAbove,
      order(value, high, context, (answer) => answer <= 0),
    );
  });

export const notBetween = (operand: Expression, low: Expression, high: Expression): BooleanExpression =>
  boolean((context) => {
    const value = operand.evaluate(context);
    const isBelow = order(value, low, context, (answer) => answer < 0);
    if (isBelow === true) return true;
    return either(
      isBelow,
      order(value, high, context, (answer) => answer > 0),
    );
  });

export const inSet = (
  operand: Expression,
  elements: ReadonlySet<string>,
  isNegated: boolean,
): BooleanExpression =>
  boolean((context) => {
    const value = operand.evaluate(context);
    return typeof value === 'string' ? elements.has(value) !== isNegated : null;
  });

/**
 * CONTAINS, STARTSWITH and ENDSWITH. For a property that is absent, and for an empty search text, the NOT form is false as well.
 */
export const textMatch = (
  operand: Expression,
  search: string,
  matches: (text: string) => boolean,
  isNegated: boolean,
): BooleanExpression =>
  boolean((context) => {
    if (search === '') return false;
    const value = operand.evaluate(context);
    return typeof value === 'string' && matches(value) !== isNegated;
  });

/** AND of two of which the first is not false. */
function both(first: Truth, second: Truth): Truth {
  if (second === false) return false;
  return first === null || second === null ? null : true;
}

/** OR of two of which the first is not true. */
function either(first: Truth, second: Truth): Truth {
  if (second === true) return true;
  return first === null || second === null ? null : false;
}

function order(
  left: Value,
  right: Expression,
  context: EvaluationContext,
  accepts: (answer: number) => boolean,
): Truth {
  if (left === null) return null;
  const second = right.evaluate(context);
  return second === null ? null : accepts(compareOrder(left, second));
}

function opposite(value: Value): Value {
  if (typeof value !== 'object' || value === null) return null;
  // Java's integer 0 has no sign.
  if (value.type === 'Integer') return { type: 'Integer', value: 0 - value.value };
  return value.type === 'Long'
    ? { type: 'Long', value: -value.value }
    : { type: 'Double', value: -value.value };
}

type Present = Exclude<Value, null>;

/** Two texts are compared as numbers. */
function compareOrder(left: Present, right: Present): number {
  if (typeof left === 'string' && typeof right === 'string')
    return compareDoubles(parseDouble(left), parseDouble(right));
  return compare(left, right);
}

/** ComparisonExpression#__compare: a text becomes what the other side is; things that do not go together are not equal. */
function compare(left: Present, right: Present): number {
  if (typeof left === 'boolean') {
    if (typeof right === 'string') throw new EvaluationError('a truth value is compared with a text');
    return typeof right === 'boolean' ? Number(left) - Number(right) : -1;
  }
  if (typeof right === 'boolean')
    return typeof left === 'string' ? Number(left.toLowerCase() === 'true') - Number(right) : -1;
  if (typeof left === 'string')
    return typeof right === 'string' ? Number(left !== right) : compareNumbers(readAs(right, left), right);
  return compareNumbers(left, typeof right === 'string' ? readAs(left, right) : right);
}

function readAs({ type }: JavaNumber, text: string): JavaNumber {
  if (type === 'Integer') return { type, value: parseInteger(text) };
  return type === 'Long' ? { type, value: parseLong(text) } : { type, value: parseDouble(text) };
}

export function compareNumbers(left: JavaNumber, right: JavaNumber): number {
  if (left.type === 'Double' || right.type === 'Double')
    return compareDoubles(Number(left.value), Number(right.value));
  return left.value < right.value ? -1 : Number(left.value > right.value);
}
