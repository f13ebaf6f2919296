import { DefaultMQPushConsumer, MQAdminImpl, type MQClientInstance } from '../../lib/client/index.js';
import { RequestCode } from '../../lib/remoting/request-code.js';

const GROUP = {
  consumeEnable: true,
  consumeBroadcastEnable: true,
  retryQueueNums: 1,
  retryMaxTimes: 16,
  notifyConsumerIdsChangedEnable: true,
  others: new Map(),
} as const;

/** Consumes the newest `count` messages of the topic `bench` in a new group; returns messages per second. */
export async function consumeNewest(
  instance: MQClientInstance,
  consumerGroup: string,
  count: number,
): Promise<number> {
  await commitBefore(instance, consumerGroup, count);
  let consumed = 0;
  const startedAt = performance.now();
  await new Promise<void>((resolve, reject) => {
    const consumer = new DefaultMQPushConsumer(
      instance,
      { consumerGroup },
      {
        concurrently: (messages) => {
          consumed += messages.length;
          if (consumed === count) void consumer.shutdown().then(() => resolve(), reject);
          return 'CONSUME_SUCCESS';
        },
      },
    );
    consumer.subscribe('bench');
    consumer.start().catch(reject);
  });
  return (count * 1000) / (performance.now() - startedAt);
}

/** Lets the group begin so many messages before the ends of the queues together. */
async function commitBefore(instance: MQClientInstance, consumerGroup: string, count: number): Promise<void> {
  const admin = new MQAdminImpl(instance);
  const code = RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP;
  const queues = await admin.fetchMessageQueues('bench');
  const body = { ...GROUP, groupName: consumerGroup };
  await instance.request(queues[0]!.brokerName, { code, header: undefined, body });
  const ends = await Promise.all(queues.map((queue) => admin.maxOffset(queue)));
  // Queues are not quite of one length: what a short one lacks the longer ones behind it have.
  const byLength = queues.map((queue, i) => ({ ...queue, end: ends[i]! })).toSorted((a, b) => a.end - b.end);
  let left = count;
  for (const [i, { topic, brokerName, queueId, end }] of byLength.entries()) {
    const share = Math.min(end, Math.ceil(left / (queues.length - i)));
    left -= share;
    const header = { consumerGroup, topic, queueId, commitOffset: end - share };
    await instance.request(brokerName, { code: RequestCode.UPDATE_CONSUMER_OFFSET, header, body: undefined });
  }
}
