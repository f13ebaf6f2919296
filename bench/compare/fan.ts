import { setTimeout as sleep } from 'node:timers/promises';
import type { PeerClient, Publisher } from './clients/peer-client.js';
import { FAN_GROUPS } from './topics.js';
import { BODY, fail, type Measure, type WorkOptions } from './work.js';

const IN_FLIGHT = 16;
/** So many times what the other works have: a message has ten times the work. */
const LONGER = 3;

/** `size` producers with 16 messages in flight each, and ten groups that get them all, at once. */
export async function fan(
  client: PeerClient,
  { size, millis }: WorkOptions,
  measured: Measure,
): Promise<void> {
  const received = FAN_GROUPS.map(() => 0);
  const consumers = FAN_GROUPS.map((group, at) => client.consume('fan', group, () => void received[at]!++));
  const stops = await Promise.all(consumers);
  const publishers = await Promise.all(Array.from({ length: size }, () => client.publisher('fan')));
  let published = 0;
  let isOver = false;
  const loop = async (publisher: Publisher) => {
    while (!isOver) {
      await publisher.send(BODY);
      published++;
    }
  };
  const loops = publishers.flatMap((publisher) => Array.from({ length: IN_FLIGHT }, () => loop(publisher)));
  const sum = () => received.reduce((total, count) => total + count);
  while (received.includes(0)) await Promise.race([sleep(10), ...loops]).catch(fail);
  await sleep(millis);
  await measured(async () => {
    const [startedAt, first, delivered] = [performance.now(), published, sum()];
    await sleep(millis * LONGER);
    const elapsed = performance.now() - startedAt;
    return { messages: published - first, millis: elapsed, delivered: sum() - delivered };
  });
  isOver = true;
  await Promise.all(loops).catch(fail);
  await Promise.all(stops.map((stop) => stop()));
  await client.purge?.('fan');
}
