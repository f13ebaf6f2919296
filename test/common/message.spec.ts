import { describe, expect, it } from 'vitest';
import { compareMessageQueues, messageQueueKey } from '../../lib/common/message-queue.js';
import { Message } from '../../lib/common/message.js';
import { MQClientError } from '../../lib/errors/mq-client.error.js';

const queue = (topic: string, brokerName: string, queueId: number) => ({ topic, brokerName, queueId });

describe('Message', () => {
  it('joins keys with a blank, and leaves out what is empty', () => {
    const message = new Message('T', Buffer.from('x'), 'TagA', ['k1', 'k2']);
    expect(message.tags).toBe('TagA');
    expect(message.keys).toBe('k1 k2');
    expect(new Message('T', Buffer.from('x'), '', []).properties.size).toBe(0);
  });

  it.each(['KEYS', 'TAGS', 'WAIT', 'DELAY', 'UNIQ_KEY', 'TRAN_MSG', '__CRC32#'])(
    'refuses the reserved name %s for a property of the application',
    (name) => {
      expect(() => new Message('T', Buffer.alloc(0)).putUserProperty(name, 'x')).toThrow(MQClientError);
    },
  );

  it.each([
    ['', 'x'],
    [' ', 'x'],
    ['a', ''],
    ['a', '\t'],
  ])('refuses the blank property "%s"="%s"', (name, value) => {
    expect(() => new Message('T', Buffer.alloc(0)).putUserProperty(name, value)).toThrow(MQClientError);
  });

  it('takes names that are special in JavaScript', () => {
    const message = new Message('T', Buffer.alloc(0));
    message.putUserProperty('__proto__', 'x');
    expect(message.getProperty('__proto__')).toBe('x');
    expect(message.getProperty('constructor')).toBeUndefined();
  });

  it('waits for the store unless told otherwise', () => {
    const message = new Message('T', Buffer.alloc(0));
    expect(message.waitStoreMsgOK).toBe(true);
    message.waitStoreMsgOK = false;
    expect(message.waitStoreMsgOK).toBe(false);
  });
});

describe('compareMessageQueues', () => {
  it('orders by topic, broker name and queue id', () => {
    const sorted = [
      queue('A', 'b', 2),
      queue('A', 'b', 10),
      queue('A', 'c', 0),
      queue('B', 'a', 0),
      queue('a', 'a', 0),
    ];
    const shuffled = [3, 0, 4, 2, 1].map((i) => sorted[i]!);
    expect(shuffled.sort(compareMessageQueues)).toEqual(sorted);
    expect(compareMessageQueues(queue('A', 'b', 1), queue('A', 'b', 1))).toBe(0);
  });

  it('orders by UTF-16 units as Java does, where code points would be ordered otherwise', () => {
    expect(compareMessageQueues(queue('\u{1f680}', 'b', 0), queue('\uffff', 'b', 0))).toBeLessThan(0);
  });

  it('has a key of its own for every queue', () => {
    const queues = [queue('A', 'b', 1), queue('A', 'b', 11), queue('A', 'c', 1), queue('B', 'b', 1)];
    expect(new Set(queues.map(messageQueueKey)).size).toBe(4);
  });
});
