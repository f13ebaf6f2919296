import { closedLoop } from '../support/closed-loop.js';
import type { PeerClient } from './clients/peer-client.js';
import { BODY, fail, type Measure, type WorkOptions } from './work.js';

const BATCH_IN_FLIGHT = 4;
const WARM_UP_BATCH = 32;

/** What nobody counts: 64 and 256 in flight and batches, `size` seconds together, until virtual machines and compilers are warm. */
export async function warm(client: PeerClient, { size }: WorkOptions, measured: Measure): Promise<void> {
  const { send, sendBatch } = await client.publisher('load');
  const bodies = Array.from({ length: WARM_UP_BATCH }, () => BODY);
  const sendOnce = (): Promise<unknown> => send(BODY);
  const parts: [number, () => Promise<unknown>][] = [
    [64, sendOnce],
    [256, sendOnce],
    [BATCH_IN_FLIGHT, () => sendBatch?.(bodies) ?? send(BODY)],
  ];
  await measured(async () => {
    let messages = 0;
    for (const [inFlight, sendSome] of parts) {
      const operation = (done: () => void) => void sendSome().then(done, fail);
      messages += (await closedLoop(inFlight, (size * 1000) / parts.length, operation)).count;
    }
    return { messages, millis: size * 1000 };
  });
  await client.purge?.('load');
}

export async function publish(
  client: PeerClient,
  { size, millis }: WorkOptions,
  measured: Measure,
): Promise<void> {
  const publisher = await client.publisher('load');
  await send(size, 1, millis, measured, () => publisher.send(BODY));
  await client.purge?.('load');
}

/** Batches of `size`, four of them in flight. */
export async function batch(
  client: PeerClient,
  { size, millis }: WorkOptions,
  measured: Measure,
): Promise<void> {
  const { sendBatch } = await client.publisher('load');
  if (sendBatch === undefined) return;
  const bodies = Array.from({ length: size }, () => BODY);
  await send(BATCH_IN_FLIGHT, size, millis, measured, () => sendBatch(bodies));
  await client.purge?.('load');
}

async function send(
  inFlight: number,
  count: number,
  millis: number,
  measured: Measure,
  sendOnce: () => Promise<unknown>,
): Promise<void> {
  const operation = (done: () => void) => void sendOnce().then(done, fail);
  await closedLoop(inFlight, millis / 2, operation);
  await measured(async () => {
    const result = await closedLoop(inFlight, millis, operation);
    const messages = result.count * count;
    return { messages, millis: (result.count * 1000) / result.rate, p50: result.p50, p99: result.p99 };
  });
}
