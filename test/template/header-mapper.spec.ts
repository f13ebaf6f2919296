import { describe, expect, it } from 'vitest';
import { RESERVED_PROPERTIES } from '../../lib/common/message-const.js';
import { Message } from '../../lib/common/message.js';
import { MessageConversionError } from '../../lib/errors/index.js';
import { HeaderMapper } from '../../lib/template/header-mapper.js';
import { RecordingLogger } from '../support/test-store.js';

function map(headers: Readonly<Record<string, unknown>>): { message: Message; logger: RecordingLogger } {
  const [message, logger] = [new Message('t', Buffer.from('x')), new RecordingLogger()];
  new HeaderMapper(logger).apply(new Map(Object.entries(headers)), message);
  return { message, logger };
}

describe('HeaderMapper', () => {
  it.each([
    ['k', 'k'],
    [7, '7'],
    [['a', 'b'], 'a b'],
    [[new Date(0), 7], '1970-01-01T00:00:00.000Z 7'],
  ])('makes keys of %j', (value, keys) => {
    expect(map({ KEYS: value }).message.keys).toBe(keys);
  });

  it('takes rocketmq_KEYS for keys where there are no others, and keeps it as a property', () => {
    const { message } = map({ rocketmq_KEYS: 'a' });
    expect(message.keys).toBe('a');
    expect(message.getProperty('rocketmq_KEYS')).toBe('a');
    expect(map({ rocketmq_KEYS: 'a', KEYS: 'b' }).message.keys).toBe('b');
  });

  it.each([
    [5, 5],
    ['-1', -1],
    ['x', 0],
    [1.5, 0],
  ])('makes a flag of %j', (value, flag) => {
    const { message } = map({ FLAG: value });
    expect(message.flag).toBe(flag);
    expect(message.getProperty('FLAG')).toBeUndefined();
  });

  it.each([
    ['false', false],
    [false, false],
    ['true', true],
    ['no', true],
  ])('makes of WAIT_STORE_MSG_OK %j', (value, waits) => {
    const { message } = map({ WAIT_STORE_MSG_OK: value });
    expect(message.waitStoreMsgOK).toBe(waits);
    expect(message.getProperty('WAIT_STORE_MSG_OK')).toBeUndefined();
  });

  it('ignores every reserved name, and says so once for each', () => {
    const names = [...RESERVED_PROPERTIES].filter((name) => name !== 'KEYS');
    const logger = new RecordingLogger();
    const mapper = new HeaderMapper(logger);
    for (let i = 0; i < 2; i++) {
      const message = new Message('t', Buffer.from('x'));
      mapper.apply(new Map(names.map((name) => [name, 'v'])), message);
      expect(message.properties.size).toBe(0);
    }
    expect(logger.lines).toHaveLength(names.length);
    for (const name of names) {
      expect(logger.lines).toContainEqual(expect.stringContaining(`WARN The header "${name}" is ignored`));
    }
  });

  it('makes properties of all others, as text', () => {
    const { message, logger } = map({ a: 1, b: true, c: 'x', rocketmq_TAGS: 't', __proto: 'p' });
    expect(Object.fromEntries(message.properties)).toEqual({
      a: '1',
      b: 'true',
      c: 'x',
      rocketmq_TAGS: 't',
      __proto: 'p',
    });
    expect(logger.lines).toEqual([]);
  });

  it('writes a time as ISO, and what has a text of its own as that', () => {
    const id = { toString: () => '4711' };
    const { message } = map({ at: new Date(0), id, list: ['a', 1] });
    expect(Object.fromEntries(message.properties)).toEqual({
      at: '1970-01-01T00:00:00.000Z',
      id: '4711',
      list: 'a,1',
    });
  });

  it.each([{ a: 1 }, new Map(), Promise.resolve(1), [{ a: 1 }], new Date(NaN), Object.create(null)])(
    'refuses %o, which has no text',
    (value) => {
      expect(() => map({ h: value })).toThrow(MessageConversionError);
      expect(() => map({ h: value })).toThrow('The header "h" has no text');
      expect(() => map({ KEYS: value })).toThrow('The header "KEYS" has no text');
    },
  );

  it.each([
    ['a', ''],
    [' ', 'v'],
  ])('refuses the blank header %j: %j', (name, value) => {
    expect(() => map({ [name]: value })).toThrow('can not be blank');
  });
});
