import { EvaluationError, type EvaluationContext } from './expression.js';
import { FilterSyntaxError } from './filter-syntax-error.js';
import { NumberFormatError } from './java-number.js';
import { parseSelector } from './selector-parser.js';

/** A compiled SQL92 expression: whether a message with these properties is wanted. */
export type SqlFilter = (properties: EvaluationContext) => boolean;

/**
 * Compiles an SQL92 expression once for many messages (SqlFilter). What the filter does for one message is bounded by the
 * length of the expression: no part of it is evaluated twice.
 *
 * @throws FilterSyntaxError with the position of the error.
 */
export function compileSql92(expression: string): SqlFilter {
  const { evaluate } = parseSelector(expression);
  return (properties) => {
    try {
      return evaluate(properties) === true;
    } catch (error) {
      // As in ExpressionMessageFilter: a comparison that is impossible selects nothing.
      if (error instanceof NumberFormatError || error instanceof EvaluationError) return false;
      throw error;
    }
  };
}

/** What is wrong with an SQL92 expression, and where; undefined when it is sound. */
export function sql92Fault(expression: string): string | undefined {
  try {
    parseSelector(expression);
    return undefined;
  } catch (error) {
    if (error instanceof FilterSyntaxError) return error.message;
    throw error;
  }
}
