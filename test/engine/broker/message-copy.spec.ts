import { describe, expect, it } from 'vitest';
import { createTopic } from '../../conformance/admin-client.js';
import { bodies } from '../../support/test-peers.js';
import { TimerBroker } from '../../support/timer-broker.js';
import { COMMIT, end, sendHalf } from '../../support/transactions.js';
import { SECOND } from '../../support/virtual-clock.js';

const queues = (readQueueNums: number, writeQueueNums = readQueueNums) => ({ readQueueNums, writeQueueNums });

/** What the queues from 2 on got of messages of queue 7 that came when the topic had fewer queues. */
async function arrivedAfter(change: { readQueueNums: number; writeQueueNums: number }) {
  const broker = await TimerBroker.open();
  const { client } = broker;
  await createTopic(client, 't', queues(8));
  const fields = { queueId: 7, bornTimestamp: broker.clock.now() };
  await client.send('t', { ...fields, body: 'delayed', properties: { DELAY: '1' } });
  await client.send('t', { ...fields, body: 'timed', properties: { TIMER_DELAY_SEC: '5' } });
  const half = await sendHalf(client, 't', { ...fields, body: 'half' });
  await createTopic(client, 't', change);
  expect((await end(client, half, COMMIT)).code).toBe(0);
  await broker.pass(10 * SECOND);
  await createTopic(client, 't', queues(8));
  const arrived = async (queueId: number) => [queueId, bodies(await client.read('t', queueId))] as const;
  const all = await Promise.all([2, 3, 4, 5, 6, 7].map(arrived));
  return all.filter(([, { length }]) => length > 0);
}

describe('a message that waits in another topic', () => {
  it.each([queues(4), queues(4, 8), queues(6, 4)])(
    'comes to a queue that can be read when its own is gone: %o',
    async (change) => {
      expect(await arrivedAfter(change)).toEqual([[3, ['half', 'delayed', 'timed']]]);
    },
  );

  it('keeps its queue while that can be read', async () => {
    expect(await arrivedAfter(queues(8, 4))).toEqual([[7, ['half', 'delayed', 'timed']]]);
  });
});
