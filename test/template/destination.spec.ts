import { describe, expect, it } from 'vitest';
import { MQClientError } from '../../lib/errors/index.js';
import { parseDestination } from '../../lib/template/destination.js';

describe('parseDestination', () => {
  it.each([
    ['t', 't', undefined],
    ['t:a', 't', 'a'],
    ['t:a:b', 't', 'a:b'],
    ['t:', 't', undefined],
    ['t::', 't', ':'],
    [' t : a ', ' t ', ' a '],
    ['t:a || b', 't', 'a || b'],
  ])('splits %j at the first colon', (destination, topic, tag) => {
    expect(parseDestination(destination)).toEqual({ topic, tag });
  });

  it.each([
    ['', '""'],
    [':', '":"'],
    [':a', '":a"'],
    [undefined, 'undefined'],
    [7, '7'],
  ])('refuses %j', (destination, shown) => {
    const parse = () => parseDestination(destination as string);
    expect(parse).toThrow(MQClientError);
    expect(parse).toThrow(`The destination ${shown} has no topic: use "topic" or "topic:tag"`);
  });
});
