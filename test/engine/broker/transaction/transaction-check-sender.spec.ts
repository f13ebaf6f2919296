import { describe, expect, it } from 'vitest';
import { TestClient } from '../../../support/test-client.js';
import { startEngine } from '../../../support/test-engine.js';
import { bodies } from '../../../support/test-peers.js';
import { checksOf, COMMIT, DISCARDED_TOPIC, end, GROUP, sendHalf } from '../../../support/transactions.js';
import { SECOND, VirtualClock } from '../../../support/virtual-clock.js';

const INTERVAL = 30 * SECOND;

/** Two producers of a group. */
async function open() {
  const clock = new VirtualClock();
  const engine = await startEngine({ clock, engine: { transactionCheckMax: 2 } });
  const producers = [await TestClient.open(engine), await TestClient.open(engine)] as const;
  const pass = async (intervals: number) => {
    for (let i = 0; i < intervals; i++) {
      for (const [id, producer] of producers.entries()) await producer.producerHeartbeat(`${id}`, GROUP);
      await clock.advance(INTERVAL);
    }
  };
  const send = (group?: string) =>
    sendHalf(producers[0], 't', { body: 'm', bornTimestamp: clock.now() }, group);
  return { engine, producers, pass, send };
}

/** What the server says of a client that leaves much unread. */
function setWritable(client: TestClient, isWritable: boolean): void {
  const { channel } = client.transport as unknown as { channel: { isWritable: boolean } };
  channel.isWritable = isWritable;
}

describe('a producer that leaves unread what it is sent', () => {
  it('is not asked when another one of the group reads', async () => {
    const { producers, pass, send } = await open();
    const [full, other] = producers;
    for (let i = 0; i < 3; i++) await send();
    setWritable(full, false);
    await pass(1);
    expect([checksOf(full).length, checksOf(other).length]).toEqual([0, 3]);
  });

  it('uses up no attempt, and holds up no other group', async () => {
    const { engine, producers, pass, send } = await open();
    const [full, other] = producers;
    const half = await send();
    const third = await TestClient.open(engine);
    await third.producerHeartbeat('third', 'another');
    await send('another');
    for (const each of producers) setWritable(each, false);
    await pass(1);
    expect(checksOf(third)).toHaveLength(1);
    await pass(4);
    expect([checksOf(full), checksOf(other)]).toEqual([[], []]);
    for (const each of producers) setWritable(each, true);
    await pass(1);
    const checks = [...checksOf(full), ...checksOf(other)];
    expect(checks.map(({ message }) => message.getProperty('TRANSACTION_CHECK_TIMES'))).toEqual(['1']);
    expect((await end(full, half, COMMIT)).code).toBe(0);
    expect(bodies(await full.read('t'))).toEqual(['m']);
    expect(await full.read(DISCARDED_TOPIC)).not.toContainEqual(
      expect.objectContaining({ msgId: half.uniqKey }),
    );
  });
});
