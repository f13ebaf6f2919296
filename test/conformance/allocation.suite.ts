import { describe, expect, it } from 'vitest';
import type { MessageExt } from '../../lib/common/message-ext.js';
import { allocateMessageQueueByConfig, type ConsumerConfig } from '../../lib/client/index.js';
import { eventually } from '../support/eventually.js';
import { RecordingLogger } from '../support/test-store.js';
import { bodies, collect, message, startConsumer, startProducer } from '../support/test-peers.js';
import { uniqueName, type ClusterRef } from './cluster.js';

const client = { pollNameServerInterval: 200, rebalanceInterval: 200 };
const numbers = ['0', '1', '2', '3'];

/** How members of a group share queues: AllocateMessageQueueStrategy. */
export function describeAllocation(cluster: ClusterRef): void {
  describe('allocation of queues', () => {
    async function topicWithFour(): Promise<string> {
      const topic = uniqueName('allocated');
      const producer = startProducer(cluster());
      for (const body of numbers) await producer.send(message(topic, body));
      return topic;
    }

    it('gives each queue to one member with CONSISTENT_HASH', async () => {
      const topic = await topicWithFour();
      const group = uniqueName('group');
      const got: MessageExt[] = [];
      const consumer: Partial<ConsumerConfig> = { allocateMessageQueueStrategy: 'CONSISTENT_HASH' };
      const member = () =>
        startConsumer(cluster(), group, { [topic]: '*' }, collect(got), { consumer, client });
      const members = [await member(), await member()];
      const queues = () =>
        members.map(({ admin }) =>
          [...admin.runningInfo().mqTable.keys()].filter((mq) => mq.topic === topic),
        );
      await eventually(() => queues().flat().length === 4);
      await eventually(() => got.length >= 4);
      expect(new Set(bodies(got))).toEqual(new Set(numbers));
      expect(
        new Set(
          queues()
            .flat()
            .map(({ queueId }) => queueId),
        ).size,
      ).toBe(4);
    });

    it('gives the listed queues with CONFIG, and what failed there comes again', async () => {
      const topic = uniqueName('allocated');
      const producer = startProducer(cluster());
      const { messageQueue } = await producer.send(message(topic, 'mine'));
      const { brokerName, queueId } = messageQueue;
      const other = { topic, brokerName, queueId: (queueId + 1) % 4 };
      await producer.send(message(topic, 'not mine'), { selector: () => other });
      const strategy = allocateMessageQueueByConfig([messageQueue]);
      const got: MessageExt[] = [];
      const concurrently = (
        messages: readonly MessageExt[],
        context: { delayLevelWhenNextConsume: number },
      ) => {
        got.push(...messages);
        context.delayLevelWhenNextConsume = 1;
        return messages[0]!.reconsumeTimes === 0
          ? ('RECONSUME_LATER' as const)
          : ('CONSUME_SUCCESS' as const);
      };
      const consumer = { allocateMessageQueueStrategy: strategy };
      await startConsumer(
        cluster(),
        uniqueName('group'),
        { [topic]: '*' },
        { concurrently },
        { consumer, client },
      );
      await eventually(() => got.length === 2);
      expect(got.map(({ reconsumeTimes }) => reconsumeTimes)).toEqual([0, 1]);
      expect(bodies(got)).toEqual(['mine', 'mine']);
    });

    it('changes nothing, and says why, when a strategy returns foreign queues', async () => {
      const topic = await topicWithFour();
      const logger = new RecordingLogger();
      const strategy = { name: 'MINE', allocate: () => [{ topic, brokerName: 'nobody', queueId: 7 }] };
      const consumer = { allocateMessageQueueStrategy: strategy };
      const { admin } = await startConsumer(cluster(), uniqueName('group'), { [topic]: '*' }, collect([]), {
        consumer,
        client,
        logger,
      });
      const fault = 'allocate() of the strategy MINE must return some of the queues that it was given';
      await eventually(() => JSON.stringify(logger).includes(fault));
      expect(admin.runningInfo().mqTable.size).toBe(0);
    });
  });
}
