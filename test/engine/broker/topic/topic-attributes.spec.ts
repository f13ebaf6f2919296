import { describe, expect, it } from 'vitest';
import { alterAttributes } from '../../../../lib/engine/broker/topic/topic-attributes.js';

const NONE = new Map<string, string>();

describe('the attributes of a topic', () => {
  it('are given to a new one, and changed and deleted later', () => {
    const created = alterAttributes(NONE, '+message.type=FIFO,+queue.type=SimpleCQ,+reserve.time=-1', true);
    expect(Object.fromEntries(created)).toEqual({
      'message.type': 'FIFO',
      'queue.type': 'SimpleCQ',
      'reserve.time': '-1',
    });
    const altered = alterAttributes(created, '+message.type=DELAY,-reserve.time', false);
    expect(Object.fromEntries(altered)).toEqual({ 'message.type': 'DELAY', 'queue.type': 'SimpleCQ' });
    expect(alterAttributes(altered, '', false)).toEqual(altered);
  });

  it.each([
    ['message.type=FIFO', true, 'neither +key=value nor -key'],
    ['+message.type', true, 'neither +key=value nor -key'],
    ['-message.type=FIFO', false, 'neither +key=value nor -key'],
    ['+message.type=fifo', true, 'attribute message.type is "fifo"; allowed: UNSPECIFIED, NORMAL'],
    ['+reserve.time=1.5', true, 'allowed: an integer from -1 up'],
    ['+__proto__=x', true, 'attribute __proto__ is not known; there are: queue.type'],
    ['-message.type', true, 'a new topic has no attribute message.type to delete'],
    ['+queue.type=SimpleCQ', false, 'attribute queue.type of a topic cannot be changed'],
    ['+queue.type=BatchCQ', true, 'attribute queue.type is "BatchCQ"; allowed: SimpleCQ'],
    ['+cleanup.policy=COMPACTION', true, 'attribute cleanup.policy is "COMPACTION"; allowed: DELETE'],
    ['+message.type=FIFO,-message.type', false, 'attribute message.type is there twice'],
  ])('%s (new: %s) is refused', (modification, isNew, reason) => {
    expect(() => alterAttributes(NONE, modification, isNew)).toThrow(reason);
  });
});
