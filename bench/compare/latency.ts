import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../support/closed-loop.js';
import { wokenLoop } from '../support/woken-loop.js';
import type { PeerClient, Publisher } from './clients/peer-client.js';
import { BODY, fail, type Measure, type WorkOptions } from './work.js';

/** Before, as long as V8 and virtual machines compile. */
const WARM_UP_SECONDS = 5;
const SECONDS = 2;
/** What is not there so long after the last send never comes. */
const LIMIT_MILLIS = 5000;
const DIGITS = 10;

/** From the time at which a message was asked for until its handler is called, at `size` a second. */
export async function latency(client: PeerClient, { size }: WorkOptions, measured: Measure): Promise<void> {
  const publisher = await client.publisher('latency');
  let onMessage = (_number: number, _at: number): void => {};
  const stop = await client.consume('latency', 'latency', (body) =>
    onMessage(Number(body.toString('latin1', 0, DIGITS)), performance.now()),
  );
  const run = async (from: number, count: number): Promise<Float64Array> => {
    const latencies = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
    const askedFor = new Float64Array(count);
    let left = count;
    const ended = new Promise<void>((resolve) => {
      onMessage = (number, at) => {
        const index = number - from;
        if (latencies[index] !== Number.POSITIVE_INFINITY) return;
        latencies[index] = at - askedFor[index]!;
        if (--left === 0) resolve();
      };
    });
    await wokenLoop(size, count, (index, askedAt) => {
      askedFor[index] = askedAt;
      publish(publisher, from + index);
    });
    await Promise.race([ended, sleep(LIMIT_MILLIS)]);
    return latencies;
  };
  const warmUp = size * WARM_UP_SECONDS;
  await run(0, warmUp);
  await measured(async () => {
    const latencies = (await run(warmUp, size * SECONDS)).sort();
    const [p50, p99] = [quantile(latencies, 0.5), quantile(latencies, 0.99)];
    return { messages: latencies.length, millis: SECONDS * 1000, p50: p50 * 1000, p99: p99 * 1000 };
  });
  await stop();
}

function publish(publisher: Publisher, number: number): void {
  const body = Buffer.from(BODY);
  body.write(String(number).padStart(DIGITS, '0'), 'latin1');
  publisher.send(body).catch(fail);
}
