import type { PeerClient } from './clients/peer-client.js';
import { BODY, fail, type Measure, type WorkOptions } from './work.js';

const FILL_IN_FLIGHT = 64;
/** Slow peers get time, not numbers: so many times what the other works have. */
const FILL_LIMIT = 4;
const CONSUME_LIMIT = 3;

/** Of this process. */
let filled = Number.POSITIVE_INFINITY;

/** Sends `size` messages one by one, as most come, or as many as there is time for: batches would leave those of one queue side by side. */
export async function fill(client: PeerClient, options: WorkOptions, measured: Measure): Promise<void> {
  const { send } = await client.publisher('backlog');
  await measured(async () => {
    const startedAt = performance.now();
    const isOver = () => performance.now() - startedAt > options.millis * FILL_LIMIT;
    filled = 0;
    const loop = async () => {
      while (filled < options.size && !isOver()) {
        filled++;
        await send(BODY);
      }
    };
    await Promise.all(Array.from({ length: FILL_IN_FLIGHT }, loop)).catch(fail);
    return { messages: filled, millis: performance.now() - startedAt };
  });
}

/** Consumes `size` messages, half of what was filled, or as many as there is time for. What comes with the first one is not counted. */
export async function consume(client: PeerClient, options: WorkOptions, measured: Measure): Promise<void> {
  const wanted = Math.min(options.size, Math.floor(filled / 2));
  let messages = 0;
  let begin = (): void => {};
  let end = (): void => {};
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const ended = new Promise<void>((resolve) => (end = resolve));
  const stop = await client.consume('backlog', 'backlog', () => {
    if (messages++ === 0) begin();
    if (messages === wanted) end();
  });
  await begun;
  await measured(async () => {
    const [startedAt, before] = [performance.now(), messages];
    const timeout = setTimeout(end, options.millis * CONSUME_LIMIT);
    await ended;
    clearTimeout(timeout);
    return { messages: messages - before, millis: performance.now() - startedAt };
  });
  await stop();
}

/** Consumes until there is a first message: the time since the client began to connect, and since the process began. */
export async function first(client: PeerClient, { openedAt }: WorkOptions, measured: Measure): Promise<void> {
  let stop = async (): Promise<void> => {};
  await measured(async () => {
    await new Promise<void>((resolve, reject) => {
      client.consume('backlog', 'backlog', () => resolve()).then((stopIt) => (stop = stopIt), reject);
    });
    const now = performance.now();
    return { messages: 1, millis: now - openedAt, sinceStart: now };
  });
  await stop();
}
