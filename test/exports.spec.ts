import { describe, expect, it } from 'vitest';
import * as client from '../lib/client/index.js';
import * as engine from '../lib/engine/index.js';
import * as main from '../lib/index.js';

/** What users may rely on: a name that comes or goes here is a decision. */
describe('the exports', () => {
  it.each([
    ['nestjs-rocketmq', main],
    ['nestjs-rocketmq/client', client],
    ['nestjs-rocketmq/engine', engine],
  ])('of %s are what they were', (_name, exports) => {
    expect(Object.keys(exports).sort()).toMatchSnapshot();
  });
});
