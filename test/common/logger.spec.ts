import { describe, expect, it } from 'vitest';
import { LogLimit } from '../../lib/common/log-limit.js';
import { escapedLogger } from '../../lib/common/logger.js';
import { RecordingLogger } from '../support/test-store.js';
import { VirtualClock } from '../support/virtual-clock.js';

describe('a line of the log', () => {
  const lineOf = (text: string) => {
    const logger = new RecordingLogger();
    escapedLogger(logger).warn(text);
    return logger.lines[0];
  };

  it.each([
    ['a\nERROR b\r\n', 'a\\nERROR b\\u000d\\n'],
    ['\x1b[2Ja\tb\x7f\x9b', '\\u001b[2Ja\\u0009b\\u007f\\u009b'],
    ['a\u2028b\u2029', 'a\\u2028b\\u2029'],
    ['tag "ä", 主题 🙂', 'tag "ä", 主题 🙂'],
  ])('has nothing that ends it or that a terminal obeys: %j', (text, line) => {
    expect(lineOf(text)).toBe(`WARN ${line}`);
  });

  it('may have the lines of a stack behind it', () => {
    const { stack } = new Error('first\nsecond');
    expect(lineOf(stack!)).toBe(`WARN ${stack!.replace('\nsecond', '\\nsecond')}`);
  });

  it('is of limited length', () => {
    expect(lineOf('x'.repeat(1_000_000))).toHaveLength('WARN '.length + 8192);
  });
});

describe('LogLimit', () => {
  it('lets a line through every 10 s, which says how many it kept back before', async () => {
    const clock = new VirtualClock();
    const limit = new LogLimit(clock);
    expect([limit.take(), limit.leftOut]).toEqual([true, '']);
    expect([limit.take(), limit.take()]).toEqual([false, false]);
    await clock.advance(10_000);
    expect([limit.take(), limit.leftOut]).toEqual([true, ' (2 left out before)']);
    await clock.advance(10_000);
    expect([limit.take(), limit.leftOut]).toEqual([true, '']);
  });
});
