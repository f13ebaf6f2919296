import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeExtraInfo,
  encodeExtraInfo,
  popRetryFlagOf,
  popTopicOf,
  type PopRetryFlag,
} from '../../lib/common/extra-info.js';
import { formatPopInfo, parsePopInfo } from '../../lib/common/pop-info.js';

const count = fc.maxSafeNat();
const name = fc.stringMatching(/^[\w%|-]{1,20}$/);
const extraInfo = fc.record({
  ckQueueOffset: count,
  popTime: count,
  invisibleTime: count,
  reviveQid: count,
  retry: fc.constantFrom<PopRetryFlag>('0', '1', '2'),
  brokerName: name,
  queueId: count,
  msgQueueOffset: count,
});

describe('POP_CK', () => {
  it('names portion, time, queues and message', () => {
    const info = decodeExtraInfo('100 1700000000000 60000 3 0 broker-a 2 105');
    expect(info).toEqual({
      ckQueueOffset: 100,
      popTime: 1700000000000,
      invisibleTime: 60000,
      reviveQid: 3,
      retry: '0',
      brokerName: 'broker-a',
      queueId: 2,
      msgQueueOffset: 105,
    });
  });

  it('survives being written and read', () => {
    fc.assert(
      fc.property(extraInfo, (info) => {
        expect(decodeExtraInfo(encodeExtraInfo(info))).toEqual(info);
      }),
    );
  });

  it('may have more parts, as what clients of the proxy acknowledge', () => {
    expect(decodeExtraInfo('1 2 3 4 0 b 6 7 123456')).toEqual(decodeExtraInfo('1 2 3 4 0 b 6 7'));
  });

  it.each(['', '1 2 3', '1 2 3 4 5 b 6 7', '1 2 3 4 0 b 6 x', '-1 2 3 4 0 b 6 7'])('is not %j', (text) =>
    expect(decodeExtraInfo(text)).toBeUndefined(),
  );

  it.each([
    ['0', 'orders'],
    ['1', '%RETRY%shop_orders'],
    ['2', '%RETRY%shop+orders'],
  ] as const)('with the flag %s belongs to %s', (flag, topic) => {
    expect(popTopicOf(flag, 'orders', 'shop')).toBe(topic);
    expect(popRetryFlagOf(topic)).toBe(flag);
  });
});

describe('the offsets of an answer', () => {
  it('are entries of three parts', () => {
    expect(parsePopInfo('0 3 100;1 0 7,8')).toEqual([
      { retry: '0', queue: '3', value: '100' },
      { retry: '1', queue: '0', value: '7,8' },
    ]);
    expect(formatPopInfo(parsePopInfo('0 qo3%100 1;1 0 7,8')!)).toBe('0 qo3%100 1;1 0 7,8');
    expect(parsePopInfo('')).toEqual([]);
  });

  it.each(['0 3', '0 3 100 4', ';'])('are not %j', (text) => expect(parsePopInfo(text)).toBeUndefined());
});
