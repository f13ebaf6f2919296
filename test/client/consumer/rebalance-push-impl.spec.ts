import { describe, expect, it, vi } from 'vitest';
import type { ConsumerConfig } from '../../../lib/client/index.js';
import type { MessageQueue } from '../../../lib/common/message-queue.js';
import type { PullMessageRequestHeader } from '../../../lib/remoting/header/pull-message-request-header.js';
import type { RemotingRequest } from '../../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { clusterRoute, ScriptedCluster } from '../../support/scripted-cluster.js';
import { startConsumer, startInstance } from '../../support/test-peers.js';
import { settle, VirtualClock } from '../../support/virtual-clock.js';

/** Two groups of one client, each with two topics on the same broker, and how often the members of each are asked for. */
async function open(consumer: Partial<ConsumerConfig> = {}) {
  const clock = new VirtualClock();
  const cluster = new ScriptedCluster();
  for (const topic of ['t', 'u', '%RETRY%g', '%RETRY%h'])
    cluster.transport.routes.set(topic, clusterRoute(1, { a: [0] }));
  const instance = startInstance(cluster, { clock, client: { rebalanceInterval: 20_000 } });
  const listener = { concurrently: () => 'CONSUME_SUCCESS' as const };
  for (const group of ['g', 'h'])
    await startConsumer(cluster, group, { t: '*', u: '*' }, listener, { clock, instance, consumer });
  await settle();
  const asked = () =>
    cluster.requests
      .filter(({ request }) => request.code === RequestCode.GET_CONSUMER_LIST_BY_GROUP)
      .map(({ request }) => (request.header as { consumerGroup: string }).consumerGroup);
  const from = asked().length;
  return { clock, cluster, asked: () => asked().slice(from) };
}

const isPullOf = ({ code, header }: RemotingRequest, topic: string, queueId: number): boolean =>
  code === RequestCode.PULL_MESSAGE &&
  (header as PullMessageRequestHeader).topic === topic &&
  (header as PullMessageRequestHeader).queueId === queueId;

describe('rebalancing', () => {
  it('asks once a round who the members are, however many topics there are', async () => {
    const { clock, asked } = await open();
    await clock.advance(20_000);
    await settle();
    expect(asked().toSorted()).toEqual(['g', 'h']);
  });

  it('shares out again when there are other queues', async () => {
    const { clock, cluster } = await open();
    const pulled = () => cluster.requests.filter(({ request }) => isPullOf(request, 't', 1)).length;
    await clock.advance(20_000);
    expect(pulled()).toBe(0);
    cluster.transport.routes.set('t', clusterRoute(2, { a: [0] }));
    await clock.advance(60_000);
    await settle();
    expect(pulled()).toBeGreaterThanOrEqual(2);
  });

  it('asks a strategy of the application in every round', async () => {
    const allocate = vi.fn((_: string, mqAll: readonly MessageQueue[]) => [...mqAll]);
    const { clock } = await open({ allocateMessageQueueStrategy: { name: 'own', allocate } });
    const before = allocate.mock.calls.length;
    await clock.advance(20_000);
    await settle();
    // Two groups, each with two topics and that of its retries.
    expect(allocate.mock.calls.length - before).toBe(6);
  });

  it('looks at the group alone of which a broker says that it has changed', async () => {
    const { cluster, asked } = await open();
    const header = { consumerGroup: 'h' };
    cluster.transport.push({ code: RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, header, body: undefined });
    await settle();
    expect(asked()).toEqual(['h']);
  });
});
