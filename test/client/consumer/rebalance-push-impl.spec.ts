import { describe, expect, it } from 'vitest';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { clusterRoute, ScriptedCluster } from '../../support/scripted-cluster.js';
import { startConsumer, startInstance } from '../../support/test-peers.js';
import { settle, VirtualClock } from '../../support/virtual-clock.js';

/** Two groups of one client, each with two topics on the same broker, and how often the members of each are asked for. */
async function open() {
  const clock = new VirtualClock();
  const cluster = new ScriptedCluster();
  for (const topic of ['t', 'u', '%RETRY%g', '%RETRY%h'])
    cluster.transport.routes.set(topic, clusterRoute(1, { a: [0] }));
  const instance = startInstance(cluster, { clock, client: { rebalanceInterval: 20_000 } });
  const listener = { concurrently: () => 'CONSUME_SUCCESS' as const };
  for (const group of ['g', 'h'])
    await startConsumer(cluster, group, { t: '*', u: '*' }, listener, { clock, instance });
  await settle();
  const asked = () =>
    cluster.requests
      .filter(({ request }) => request.code === RequestCode.GET_CONSUMER_LIST_BY_GROUP)
      .map(({ request }) => (request.header as { consumerGroup: string }).consumerGroup);
  const from = asked().length;
  return { clock, cluster, asked: () => asked().slice(from) };
}

describe('rebalancing', () => {
  it('asks once a round who the members are, however many topics there are', async () => {
    const { clock, asked } = await open();
    await clock.advance(20_000);
    await settle();
    expect(asked().toSorted()).toEqual(['g', 'h']);
  });

  it('looks at the group alone of which a broker says that it has changed', async () => {
    const { cluster, asked } = await open();
    const header = { consumerGroup: 'h' };
    cluster.transport.push({ code: RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, header, body: undefined });
    await settle();
    expect(asked()).toEqual(['h']);
  });
});
