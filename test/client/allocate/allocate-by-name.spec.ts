import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  allocateMessageQueueByConfig,
  allocateMessageQueueByMachineRoom,
  allocateMessageQueueConsistentHash,
  type AllocateMessageQueueStrategy,
} from '../../../lib/client/index.js';
import { compareMessageQueues, type MessageQueue } from '../../../lib/common/message-queue.js';
import { ConfigurationError } from '../../../lib/errors/index.js';

interface Vector {
  readonly name: string;
  readonly virtualNodeCnt: number;
  readonly queues: number;
  readonly consumers: number;
  readonly shares: readonly (readonly string[])[];
}

const vectors = JSON.parse(
  readFileSync(new URL('../../vectors/allocations.json', import.meta.url), 'utf8'),
) as Record<'hash' | 'rooms', Vector[]>;

const queuesOf = (count: number, brokers: readonly string[]): MessageQueue[] =>
  brokers
    .flatMap((brokerName) =>
      Array.from({ length: count }, (_, queueId) => ({ topic: 'TopicA', brokerName, queueId })),
    )
    .toSorted(compareMessageQueues);

function shares(strategy: AllocateMessageQueueStrategy, mqAll: MessageQueue[], consumers: number) {
  const ids = Array.from({ length: consumers }, (_, i) => `10.0.0.${i}@${7000 + i}`);
  return ids.map((id) =>
    strategy.allocate(id, mqAll, ids).map(({ brokerName, queueId }) => `${brokerName} ${queueId}`),
  );
}

describe('CONSISTENT_HASH', () => {
  it.each(vectors.hash)(
    'divides $queues queues among $consumers with $virtualNodeCnt places each as Java does',
    (vector) => {
      const strategy = allocateMessageQueueConsistentHash(vector.virtualNodeCnt);
      const mqAll = queuesOf(vector.queues, ['broker-a', '主']);
      expect(shares(strategy, mqAll, vector.consumers)).toEqual(vector.shares);
      expect(strategy.name).toBe(vector.name);
    },
  );

  it.each([0, 1.5, 10_001, NaN])('refuses %d places', (count) => {
    expect(() => allocateMessageQueueConsistentHash(count)).toThrow(ConfigurationError);
  });
});

describe('MACHINE_ROOM', () => {
  const brokers = ['north@a', 'south@b', 'west@c', 'north', 'north@a@b', 'north@', '@a'];

  it.each(vectors.rooms)('divides $queues queues among $consumers as Java does', (vector) => {
    const strategy = allocateMessageQueueByMachineRoom(['north', 'west']);
    expect(shares(strategy, queuesOf(vector.queues, brokers), vector.consumers)).toEqual(vector.shares);
    expect(strategy.name).toBe(vector.name);
  });

  it('refuses no rooms', () => expect(() => allocateMessageQueueByMachineRoom([])).toThrow('consumeridcs'));
});

describe('CONFIG', () => {
  const listed = [{ topic: 'TopicA', brokerName: 'b', queueId: 1 }];

  it('gives the listed queues of those that there are, with a namespace too', () => {
    const strategy = allocateMessageQueueByConfig([...listed, { topic: 'x', brokerName: 'b', queueId: 0 }]);
    expect(shares(strategy, queuesOf(3, ['a', 'b']), 1)).toEqual([['b 1']]);
    const wrapped = queuesOf(3, ['b']).map((mq) => ({ ...mq, topic: 'ns%TopicA' }));
    expect(shares(strategy, wrapped, 1)).toEqual([['b 1']]);
  });

  it('shares the retry topic', () => {
    const mqAll = queuesOf(2, ['b']).map((mq) => ({ ...mq, topic: '%RETRY%g' }));
    expect(shares(allocateMessageQueueByConfig(listed), mqAll, 2)).toEqual([['b 0'], ['b 1']]);
  });

  it('refuses no queues', () => expect(() => allocateMessageQueueByConfig([])).toThrow('messageQueueList'));
});
