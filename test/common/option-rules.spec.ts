import { describe, expect, it } from 'vitest';
import { bool, integer, oneOf, resolveOptions, text } from '../../lib/common/option-rules.js';
import { ConfigurationError } from '../../lib/errors/configuration.error.js';

interface Options {
  size: number;
  mode: 'a' | 'b';
  isOn: boolean;
  path: string;
}

const rules = {
  size: integer(5, 1, 10),
  mode: oneOf('a', ['a', 'b']),
  isOn: bool(true),
  path: text('x', 'a path', (value) => value !== ''),
};
const resolve = (given: object) => resolveOptions<Options>('thing', rules, given as Partial<Options>);

describe('resolveOptions', () => {
  it('fills in defaults, also for undefined', () => {
    expect(resolve({ size: undefined, mode: 'b' })).toEqual({ size: 5, mode: 'b', isOn: true, path: 'x' });
  });

  it.each([
    [{ size: 0 }, 'thing.size is 0; allowed: an integer from 1 to 10'],
    [{ size: 11 }, 'thing.size is 11; allowed'],
    [{ size: 1.5 }, 'thing.size is 1.5; allowed'],
    [{ size: Number.NaN }, 'thing.size is NaN; allowed'],
    [{ size: '5' }, 'thing.size is "5"; allowed'],
    [{ size: null }, 'thing.size is null; allowed'],
    [{ mode: 'c' }, 'thing.mode is "c"; allowed: a, b'],
    [{ isOn: 'true' }, 'thing.isOn is "true"; allowed: true or false'],
    [{ path: '' }, 'thing.path is ""; allowed: a path'],
    [{ sizes: 1 }, 'thing.sizes is not an option; there are: size, mode, isOn, path'],
    [{ toString: 1 }, 'thing.toString is not an option'],
    [JSON.parse('{"__proto__": 1}') as object, 'thing.__proto__ is not an option'],
  ])('refuses %j and says what is allowed', (given, message) => {
    expect(() => resolve(given)).toThrow(ConfigurationError);
    expect(() => resolve(given)).toThrow(message);
  });

  it('shows no more than the beginning of a long value', () => {
    expect(() => resolve({ mode: 'c'.repeat(10_000) })).toThrow(/^.{200,300}$/);
  });
});
