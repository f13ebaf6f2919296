import { HOUR, MINUTE, SECOND } from './virtual-clock.js';

/** Milliseconds before each next attempt at a message that fails: delay levels 3 to 18. */
export const BACKOFF: readonly number[] = [
  10 * SECOND,
  30 * SECOND,
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 30].map((minutes) => minutes * MINUTE),
  HOUR,
  2 * HOUR,
];
