import { integer } from '../../common/option-rules.js';

const MIN = 10;
const MAX = 30_000;

/** Milliseconds between attempts in order. */
export const suspendRule = integer(1000, MIN, MAX);

/** The nearest pause that is allowed. */
export function suspendWithinBounds(millis: number): number {
  return Math.min(Math.max(millis, MIN), MAX);
}
