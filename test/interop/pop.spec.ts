import { expect, it } from 'vitest';
import { TestClient } from '../support/test-client.js';
import { bodies } from '../support/test-peers.js';
import { startEngine } from '../support/test-engine.js';
import { JARS, runJava } from './java.js';

/** Instead of 20 s between two looks at what the broker gives to a consumer. */
const SOON = { 'rocketmq.client.rebalance.waitInterval': '1000' };

it('the official Java client pops from the engine', { timeout: 120_000 }, async () => {
  const engine = await startEngine({ engine: { listen: { nameServerPort: 0, listenPort: 0 } } });
  const lines = await runJava('PopConsumer', { jars: JARS, system: SOON }, engine.namesrvAddrs[0]!);
  const parts = ['mode', 'consume', 'wake', 'retry'];
  expect(lines.filter((line) => line.startsWith('worked: '))).toEqual(parts.map((part) => `worked: ${part}`));
  const client = await TestClient.open(engine);
  const retried = await client.read('%RETRY%java-pop-group_java-pop');
  expect(bodies(retried).toSorted()).toEqual(['failing', 'slow']);
});
