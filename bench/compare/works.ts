import { consume, fill, first } from './backlog.js';
import { fan } from './fan.js';
import { latency } from './latency.js';
import { batch, publish } from './publish.js';
import type { Work } from './work.js';

/** By the letters of their names. */
export const WORKS: Readonly<Record<string, Work>> = {
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
