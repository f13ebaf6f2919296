import { describe, expect, it } from 'vitest';
import { deliverTimestamp, parseDelayLevels } from '../../lib/common/delay-level.js';
import { tagsCodeOf } from '../../lib/engine/store/tags-code.js';
import { loadVectors } from '../support/apache-vectors.js';

interface DelayVector {
  readonly messageDelayLevel: string;
  readonly ok: boolean;
  readonly deliverAtForStoreTime0: Readonly<Record<string, number>>;
  readonly table: Readonly<Record<string, number>>;
}

const { parseDelayLevel } = loadVectors<{ parseDelayLevel: DelayVector[] }>('java.json');
/** A sign, which Java takes, has no meaning for a delay. */
const hasSign = ({ messageDelayLevel }: DelayVector) => /[+-]/.test(messageDelayLevel);
/** Blanks at the start or twice, which Java does not take, do no harm. */
const hasBlanks = ({ messageDelayLevel }: DelayVector) => /^ | {2}/.test(messageDelayLevel);
const plain = parseDelayLevel.filter((vector) => !hasSign(vector) && !hasBlanks(vector));

describe('parseDelayLevels', () => {
  it.each(plain)('reads "$messageDelayLevel" as Java does: $ok', ({ messageDelayLevel, ok, table }) => {
    const levels = parseDelayLevels(messageDelayLevel);
    expect(levels !== undefined).toBe(ok);
    if (ok) expect(levels).toEqual(Object.values(table));
  });

  it('refuses signs', () => {
    for (const { messageDelayLevel } of parseDelayLevel.filter(hasSign))
      expect(parseDelayLevels(messageDelayLevel)).toBeUndefined();
  });
});

describe('deliverTimestamp', () => {
  it.each(plain.filter(({ ok }) => ok))('of "$messageDelayLevel" is that of Java', (vector) => {
    const levels = parseDelayLevels(vector.messageDelayLevel)!;
    for (const [level, time] of Object.entries(vector.deliverAtForStoreTime0))
      expect(deliverTimestamp(levels, Number(level), 0), `level ${level}`).toBe(time);
  });
});

describe('tagsCodeOf', () => {
  const levels = parseDelayLevels('1s 5s 10s')!;
  const code = (topic: string, properties: Record<string, string>) =>
    tagsCodeOf(topic, new Map(Object.entries(properties)), levels, 1000);

  it.each([
    ['without tags', 'T', {}, 0],
    ['with tags', 'T', { TAGS: 'TagA' }, 2_598_919],
    ['with a delay in another topic', 'T', { TAGS: 'TagA', DELAY: '2' }, 2_598_919],
    ['in the schedule topic', 'SCHEDULE_TOPIC_XXXX', { TAGS: 'TagA', DELAY: '2' }, 6000],
    ['in the schedule topic with a level above the highest', 'SCHEDULE_TOPIC_XXXX', { DELAY: '9' }, 11_000],
    ['in the schedule topic without a level', 'SCHEDULE_TOPIC_XXXX', { TAGS: 'TagA' }, 2_598_919],
    ['in the schedule topic with level 0', 'SCHEDULE_TOPIC_XXXX', { TAGS: 'TagA', DELAY: '0' }, 2_598_919],
  ])('of a message %s', (_, topic, properties, expected) => {
    expect(code(topic, properties as Record<string, string>)).toBe(expected);
  });
});
