import { describe, expect, it } from 'vitest';
import { clusterRoute, ScriptedCluster } from '../../support/scripted-cluster.js';
import { AllOrNothing, startConsumer } from '../../support/test-peers.js';
import { settle, VirtualClock } from '../../support/virtual-clock.js';

describe('rebalancing of many topics', () => {
  it('leaves the event loop to others between them', async () => {
    const topics = Array.from({ length: 500 }, (_, i) => `t${i}`);
    const cluster = new ScriptedCluster();
    for (const topic of [...topics, '%RETRY%g'])
      cluster.transport.routes.set(topic, clusterRoute(1, { a: [0] }));
    const subscriptions = Object.fromEntries(topics.map((topic) => [topic, '*']));
    const listener = { concurrently: () => 'CONSUME_SUCCESS' as const };
    const consumer = { allocateMessageQueueStrategy: new AllOrNothing() };
    const options = { clock: new VirtualClock(), consumer };
    const started = await startConsumer(cluster, 'g', subscriptions, listener, options);
    await settle();
    let isDone = false;
    let turns = 0;
    const count = () => {
      turns++;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    await started.doRebalance();
    isDone = true;
    await settle();
    expect(turns).toBeGreaterThanOrEqual(5);
  });
});
