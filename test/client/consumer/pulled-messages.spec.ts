import { describe, expect, it } from 'vitest';
import { ProcessQueue } from '../../../lib/client/consumer/process-queue.js';
import { PulledMessages } from '../../../lib/client/consumer/pulled-messages.js';
import type { MessageExt } from '../../../lib/common/message-ext.js';
import { settle, VirtualClock } from '../../support/virtual-clock.js';

function setUp() {
  const clock = new VirtualClock();
  const pulled = new PulledMessages(clock);
  const newQueue = (queueId: number) =>
    new ProcessQueue({ topic: 't', brokerName: 'b', queueId }, clock, pulled);
  const resumed: string[] = [];
  const wait = (name: string, limit = 2) => pulled.whenFewer(limit, () => resumed.push(name));
  return { pulled, newQueue, resumed, wait };
}

const messages = (...offsets: number[]) =>
  offsets.map((queueOffset) => ({ queueOffset, storeSize: 10 }) as unknown as MessageExt);

describe('pulls that wait for the messages of their consumer', () => {
  it('go on one after the other when there are few enough in all queues', async () => {
    const { newQueue, pulled, resumed, wait } = setUp();
    const [a, b] = [newQueue(0), newQueue(1)];
    a.put(messages(0, 1));
    b.put(messages(0, 1));
    wait('first');
    wait('second');
    a.remove(messages(0));
    await settle();
    expect(resumed).toEqual([]);
    b.remove(messages(1));
    b.remove(messages(1));
    expect(pulled.count).toBe(2);
    await settle();
    expect(resumed).toEqual(['first', 'second']);
  });

  it('wait again when the first of them has found many', async () => {
    const { newQueue, pulled, resumed, wait } = setUp();
    const queue = newQueue(0);
    queue.put(messages(0, 1, 2));
    pulled.whenFewer(2, () => queue.put(messages(3, 4, 5)));
    wait('second');
    queue.remove(messages(0));
    await settle();
    expect(resumed).toEqual([]);
    queue.remove(messages(1, 2, 3));
    await settle();
    expect(resumed).toEqual(['second']);
  });

  it('do not wait for a queue that was taken away, nor count what ends in it', async () => {
    const { newQueue, pulled, resumed, wait } = setUp();
    const [a, b] = [newQueue(0), newQueue(1)];
    a.put(messages(0, 1, 2));
    b.put(messages(0));
    wait('first');
    a.drop();
    a.remove(messages(0));
    a.drop();
    await settle();
    expect(resumed).toEqual(['first']);
    expect(pulled.count).toBe(1);
  });
});
