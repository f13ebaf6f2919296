import { consume, fill, first } from './backlog.js';
import { fan } from './fan.js';
import { latency } from './latency.js';
import { batch, publish, warm } from './publish.js';
import type { Work } from './work.js';

/** By the letters of their names. */
export const WORKS: Readonly<Record<string, Work>> = {
  warm,
  publish,
  sync: publish,
  async: publish,
  batch,
  fill,
  consume,
  latency,
  fan,
  first,
};
