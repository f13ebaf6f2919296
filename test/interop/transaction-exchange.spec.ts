import { join } from 'node:path';
import { expect, it } from 'vitest';
import { TRANSACTION_TIMES } from '../conformance/transaction.suite.js';
import { eventually } from '../support/eventually.js';
import { TestClient } from '../support/test-client.js';
import { bodies } from '../support/test-peers.js';
import {
  answer,
  checksOf,
  COMMIT,
  end,
  GROUP,
  OP_TOPIC,
  ROLLBACK,
  sendHalf,
} from '../support/transactions.js';
import { workDirectory } from './java.js';
import {
  startApache as startApacheWith,
  startOurs as startOursWith,
  type StoreBroker,
} from './store-broker.js';

const TOPIC = 'exchanged';

const startOurs = (store: string) => startOursWith(store, TRANSACTION_TIMES);
const startApache = (store: string) => startApacheWith(store, TRANSACTION_TIMES);

async function producerOn(broker: StoreBroker): Promise<TestClient> {
  const client = await TestClient.open(broker);
  await client.producerHeartbeat('client', GROUP);
  return client;
}

it.each([
  ['of the engine in Apache', startOurs, startApache],
  ['of Apache in the engine', startApache, startOurs],
])(
  'an open transaction %s is checked there after a kill',
  { timeout: 120_000 },
  async (_name, first, second) => {
    const store = join(workDirectory(), 'store');
    const before = await first(store);
    const client = await producerOn(before);
    const send = (body: string) => sendHalf(client, TOPIC, { body, bornTimestamp: Date.now() });
    await end(client, await send('committed'), COMMIT);
    await end(client, await send('rolled back'), ROLLBACK);
    const noted = async () => (await client.read(OP_TOPIC)).map(({ body }) => body.toString()).join('');
    await expect.poll(noted, { timeout: 10_000 }).toBe('0,1,');
    await send('open');
    await before.end('SIGKILL');

    const again = await producerOn(await second(store));
    // Apache's broker, when it is slow, also asks about a transaction whose end it has not noted yet; that is no second delivery.
    const checkOfOpen = () => checksOf(again).find(({ message }) => message.body.toString() === 'open');
    await eventually(() => checkOfOpen() !== undefined, 60_000);
    expect((await answer(again, checkOfOpen()!.request, COMMIT)).code).toBe(0);
    await expect.poll(async () => bodies(await again.read(TOPIC))).toEqual(['committed', 'open']);
  },
);
