import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemClock } from '../../lib/common/clock.js';
import { retryTopicOf } from '../../lib/common/mix-all.js';
import { EmbeddedEngine } from '../../lib/engine/index.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { invoke } from '../../lib/remoting/transport/transport.js';
import { eventually } from '../support/eventually.js';
import { SeededRandom } from '../support/random.js';
import { SampleApp } from '../support/sample-app.js';
import { temporaryDirectory } from '../support/test-store.js';

const KILLS = 4;
const PRODUCERS = 8;
/** Enough to reach every queue. */
const LAST_ORDERS = 40;
const STEPS = ['step: accepted', 'step: picked', 'step: packed'];
const seed = Date.now() % 1_000_000;
const random = new SeededRandom(seed);

it(
  `keeps every acknowledged order when it is killed under load (seed ${seed})`,
  { timeout: 120_000 },
  async () => {
    const directory = temporaryDirectory();
    const acknowledged = new Set<string>();
    for (let i = 0; i < KILLS; i++) {
      const app = await SampleApp.start(directory);
      const load = placeOrders(app, acknowledged);
      const enough = acknowledged.size + random.integer(50, 150);
      await eventually(() => acknowledged.size >= enough, 30_000);
      await app.kill();
      await load;
    }

    const app = await SampleApp.start(directory);
    try {
      // What comes again is in the journal already; behind these, whatever came before is done.
      for (let i = 0; i < LAST_ORDERS; i++) acknowledged.add((await placeOrder(app))!);
      for (const id of acknowledged) await untilDone(app, id);
    } finally {
      await app.stop();
    }
    expect(acknowledged.size).toBeGreaterThan(KILLS * 50);
    expect(existsSync(join(directory, 'store', 'abort')), 'the last end was clean').toBe(false);
    await expectOffsetsAtTheEnd(directory);
  },
);

it(
  'imports a file that was being read when it was killed, once it is sent again',
  { timeout: 60_000 },
  async () => {
    const directory = temporaryDirectory();
    const lines = Array.from({ length: 10_000 }, (_, i) =>
      JSON.stringify({ id: `i-${i}`, article: 'fuel', quantity: 1 }),
    );
    const body = lines.join('\n');
    let app = await SampleApp.start(directory);
    const interrupted = post(app, '/orders/import', body, 'application/x-ndjson').catch(() => undefined);
    await eventually(() => journal(directory).includes('"i-100"'), 20_000);
    await app.kill();
    expect(await interrupted, 'the import had ended before').toBeUndefined();

    app = await SampleApp.start(directory);
    try {
      const response = await post(app, '/orders/import', body, 'application/x-ndjson');
      expect(await response.json()).toEqual({ accepted: 10_000, rejected: 0, faults: [] });
      await eventually(() => new Set(journal(directory).match(/"i-\d+"/g)).size === 10_000, 30_000);
    } finally {
      await app.stop();
    }
  },
);

/** Places orders with several clients at once until the application is gone; notes the ones it acknowledged. */
async function placeOrders(app: SampleApp, acknowledged: Set<string>): Promise<void> {
  const place = async (): Promise<void> => {
    for (;;) {
      try {
        const id = await placeOrder(app);
        if (id === undefined) return;
        acknowledged.add(id);
      } catch {
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: PRODUCERS }, place));
}

/** The id of the order, if it was acknowledged. */
async function placeOrder(app: SampleApp): Promise<string | undefined> {
  const response = await post(app, '/orders', JSON.stringify({ article: 'rocket', quantity: 1 }));
  return response.status === 201 ? ((await response.json()) as { id: string }).id : undefined;
}

function post(app: SampleApp, path: string, body: string, type = 'application/json'): Promise<Response> {
  return fetch(app.url + path, { method: 'POST', body, headers: { 'Content-Type': type } });
}

/** Waits until the listeners have handled an order: all its steps, in their order, and its placing. */
async function untilDone(app: SampleApp, id: string): Promise<void> {
  const progress = async () => {
    const response = await fetch(`${app.url}/orders/${id}`);
    const events = response.ok ? ((await response.json()) as { events: string[] }).events : [];
    const steps = events.filter((event) => event.startsWith('step: '));
    return { steps, isPlaced: events.some((event) => event.startsWith('placed')) };
  };
  await expect
    .poll(progress, { timeout: 30_000, message: `the acknowledged order ${id}` })
    .toEqual({ steps: STEPS, isPlaced: true });
}

function journal(directory: string): string {
  const path = join(directory, 'orders.jsonl');
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

/** The listeners went on where they were: nothing waits for them any more, and their offsets say so. */
async function expectOffsetsAtTheEnd(directory: string): Promise<void> {
  const engine = new EmbeddedEngine({ storePathRootDir: join(directory, 'store') }, { clock: systemClock });
  await engine.start();
  const transport = engine.connect();
  const ask = async (code: number, header: object): Promise<number> => {
    const response = await invoke(
      transport,
      '127.0.0.1:10911',
      { code, header, body: undefined } as never,
      3000,
    );
    return ((response.header ?? { offset: 0 }) as { offset: number }).offset;
  };
  try {
    for (const [group, topic] of [
      ['PlacedOrderListener', 'orders'],
      ['OrderStepsListener', 'order-steps'],
      ['PlacedOrderListener', retryTopicOf('PlacedOrderListener')],
    ] as const) {
      for (let queueId = 0; queueId < 4; queueId++) {
        const end = await ask(RequestCode.GET_MAX_OFFSET, { topic, queueId });
        const consumed = await ask(RequestCode.QUERY_CONSUMER_OFFSET, {
          consumerGroup: group,
          topic,
          queueId,
        });
        expect(consumed, `${group} in ${topic}/${queueId}`).toBe(end);
      }
    }
  } finally {
    transport.close();
    await engine.shutdown();
  }
}
