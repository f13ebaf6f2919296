import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { PopClient } from '../support/pop-client.js';
import { TestClient } from '../support/test-client.js';
import { bodies } from '../support/test-peers.js';
import { workDirectory } from './java.js';
import { startApache, startOurs, type StoreBroker } from './store-broker.js';

const TOPIC = 'exchanged';

async function popsOf(broker: StoreBroker) {
  const client = await TestClient.open(broker);
  const send = async (...texts: string[]) => {
    for (const body of texts) expect((await client.send(TOPIC, { body })).code).toBe(0);
  };
  return {
    send,
    plain: new PopClient(client, TOPIC, 'plain'),
    ordered: new PopClient(client, TOPIC, 'ordered'),
  };
}

const inOrder = { order: true, queueId: 0, maxMsgNums: 2, invisibleTime: 600_000 };

it.each([
  ['by the engine come back in Apache', startOurs, startApache],
  ['by Apache come back in the engine', startApache, startOurs],
])(
  'messages popped %s after a kill, but for those that are acknowledged',
  { timeout: 120_000 },
  async (_name, first, second) => {
    const store = join(workDirectory(), 'store');
    const before = await first(store);
    const { send, plain, ordered } = await popsOf(before);
    await send('acknowledged', 'in a batch', 'open', 'spared', 'new');
    const popped = await plain.pop({ invisibleTime: 5000, maxMsgNums: 4 });
    const [acknowledged, inBatch, , spared] = popped.messages;
    expect((await plain.ack(acknowledged!)).code).toBe(0);
    expect((await plain.batchAck([inBatch!])).code).toBe(0);
    expect((await plain.changeInvisibleTime(spared!, 3_600_000)).code).toBe(0);
    const portion = await ordered.pop({ ...inOrder, attemptId: 'a' });
    expect(bodies(portion.messages)).toEqual(['acknowledged', 'in a batch']);
    expect((await ordered.ack(portion.messages[0]!)).code).toBe(0);
    // Both write it every five seconds, with the offsets of consumers.
    const table = join(store, 'config/consumerOrderInfo.json');
    await eventually(() => existsSync(table) && readFileSync(table, 'utf8').includes('"cm":1'));
    await before.end('SIGKILL');

    const again = await popsOf(await second(store));
    expect((await again.ordered.pop({ ...inOrder, attemptId: 'b' })).messages).toEqual([]);
    expect((await again.ordered.ack(portion.messages[1]!)).code).toBe(0);
    expect(bodies((await again.ordered.pop({ ...inOrder, attemptId: 'b' })).messages)).toEqual([
      'open',
      'spared',
    ]);
    const found: string[] = [];
    const pop = async () => found.push(...bodies((await again.plain.pop()).messages)) && found.toSorted();
    await expect.poll(pop, { timeout: 30_000, interval: 200 }).toEqual(['new', 'open']);
  },
);
