import { describe, expect, it } from 'vitest';
import { LimitedLogger } from '../../lib/common/limited-logger.js';
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

describe('a LimitedLogger', () => {
  it('writes a line every 10 s, which says how many it kept back before', async () => {
    const clock = new VirtualClock();
    const logger = new RecordingLogger();
    const limited = new LimitedLogger(logger, clock);
    for (const line of ['1', '2', '3']) limited.warn(line);
    await clock.advance(10_000);
    limited.error('4');
    await clock.advance(10_000);
    limited.log('5');
    expect(logger.lines).toEqual(['WARN 1', 'ERROR 4 (2 left out before)', 'LOG 5']);
  });
});
