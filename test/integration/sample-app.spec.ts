import { execFile } from 'node:child_process';
import fs, { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { MQBrokerError, ROCKETMQ_CLOCK, RocketMQTemplate } from '../../lib/index.js';
import { eventually } from '../support/eventually.js';
import { RecordingNestLogger } from '../support/nest-app.js';
import { PaymentStore } from '../../sample-app/orders/payment-store.js';
import { PriceCache } from '../../sample-app/prices/price-cache.js';
import { HOUR, VirtualClock } from '../support/virtual-clock.js';

const STEPS = ['step: accepted', 'step: picked', 'step: packed'];
const IMPORTED = 10_000;
const directory = mkdtempSync(join(tmpdir(), 'sample-app-'));
const clock = new VirtualClock();
let app: INestApplication;
let url: string;

async function openShop(): Promise<void> {
  const { AppModule } = await import('../../sample-app/app.module.js');
  const builder = Test.createTestingModule({ imports: [AppModule] }).setLogger(new RecordingNestLogger());
  const module = await builder.overrideProvider(ROCKETMQ_CLOCK).useValue(clock).compile();
  app = module.createNestApplication();
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
}

beforeAll(async () => {
  vi.stubEnv('SHOP_DATA', directory);
  await openShop();
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await app.close();
  rmSync(directory, { recursive: true, force: true });
});

function send(method: string, path: string, body: unknown, type = 'application/json'): Promise<Response> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return fetch(url + path, { method, body: text, headers: { 'Content-Type': type } });
}

async function place(quantity = 2): Promise<string> {
  const response = await send('POST', '/orders', { article: 'rocket', quantity });
  expect(response.status).toBe(201);
  const { id, msgId } = (await response.json()) as { id: string; msgId: string };
  expect(msgId).toMatch(/^[0-9A-F]{32}$/);
  return id;
}

async function eventsOf(id: string): Promise<string[]> {
  const response = await fetch(`${url}/orders/${id}`);
  return response.ok ? ((await response.json()) as { events: string[] }).events : [];
}

/** Lets time pass until the order has these events. */
async function untilEvents(id: string, ...expected: string[]): Promise<string[]> {
  for (let passed = 0; passed < HOUR; passed += 100) {
    const events = await eventsOf(id);
    if (expected.every((event) => events.includes(event))) return events;
    await clock.advance(100);
  }
  throw new Error(`Order ${id} has only ${(await eventsOf(id)).join(', ')}`);
}

it('works an order off with every kind of send and every lesson', async () => {
  const id = await place();
  const expected = [
    'placed: 2 × rocket',
    ...STEPS,
    'shipped at attempt 3',
    'invoice failed: the accountant was called',
    'closed: not paid in time',
  ];
  const events = await untilEvents(id, ...expected);
  expect(events.toSorted()).toEqual(expected.toSorted());
  expect(events.filter((event) => event.startsWith('step: '))).toEqual(STEPS);
});

it('selects large orders by their properties', async () => {
  const [large, small] = [await place(100), await place(99)];
  expect(await untilEvents(large, 'large order')).toContain('large order');
  expect(await untilEvents(small, 'closed: not paid in time')).not.toContain('large order');
});

it('does not close an order that is paid in time', async () => {
  const id = await place();
  // While time stands still, or a busy machine would let the order's run out.
  await eventually(async () => (await eventsOf(id)).includes('placed: 2 × rocket'));
  expect((await send('POST', `/orders/${id}/pay`, {})).status).toBe(202);
  await eventually(async () => (await eventsOf(id)).includes('paid'));
  await untilEvents(id, 'paid', 'parcel packed', 'shipped at attempt 3');
  expect((await send('POST', `/orders/${id}/pay`, {})).status).toBe(202);
  const { PaymentStore } = await import('../../sample-app/orders/payment-store.js');
  expect(app.get(PaymentStore).has(id)).toBe(true);
  await clock.advance(30_000);
  expect(await eventsOf(id)).not.toContain('closed: not paid in time');
});

it.each([
  [{ article: '', quantity: 1 }],
  [{ article: 'rocket', quantity: 0 }],
  [{ article: 'rocket', quantity: 'two' }],
  [{ quantity: 1 }],
  ['no json'],
])('refuses the order %j', async (body) => {
  expect((await send('POST', '/orders', body)).status).toBe(400);
});

it('takes no payment that it cannot note', async () => {
  const id = await place();
  await untilEvents(id, 'placed: 2 × rocket');
  const { PaymentStore } = await import('../../sample-app/orders/payment-store.js');
  const store = app.get(PaymentStore);
  vi.spyOn(store, 'add').mockImplementationOnce(() => {
    throw new Error('The database is closed');
  });
  expect((await send('POST', `/orders/${id}/pay`, {})).status).toBe(503);
  expect((await send('POST', `/orders/${id}/pay`, {})).status).toBe(202);
  expect(store.has(id)).toBe(true);
});

it('asks to come again while the broker is busy', async () => {
  const busy = new MQBrokerError(2, '[TIMEOUT_CLEAN_QUEUE]broker busy', 'broker-a', true);
  vi.spyOn(app.get(RocketMQTemplate), 'syncSend').mockRejectedValueOnce(busy);
  const response = await send('POST', '/orders', { article: 'rocket', quantity: 1 });
  expect(response.status).toBe(503);
  expect(response.headers.get('Retry-After')).toBe('1');
  await place();
});

it('says that there is no such order', async () => {
  expect((await fetch(`${url}/orders/none`)).status).toBe(404);
  expect((await send('POST', '/orders/none/pay', {})).status).toBe(404);
});

it('tells every instance of a new price', async () => {
  expect((await fetch(`${url}/prices/rocket`)).status).toBe(404);
  expect((await send('PUT', '/prices/rocket', { price: -1 })).status).toBe(400);
  expect((await send('PUT', '/prices/rocket', { price: 42 })).status).toBe(202);
  let response = await fetch(`${url}/prices/rocket`);
  await eventually(async () => {
    await clock.advance(10);
    response = await fetch(`${url}/prices/rocket`);
    return response.ok;
  });
  expect(await response.json()).toEqual({ article: 'rocket', price: 42 });
});

it('reminds at the time, and not of what was taken back', async () => {
  const at = new Date(clock.now() + 90_000).toISOString();
  const remind = async (text: string) => (await send('POST', '/reminders', { text, at })).json();
  await remind('call the customer');
  const { id } = (await remind('send flowers')) as { id: string };
  const cancel = () => fetch(`${url}/reminders/${id}`, { method: 'DELETE' });
  expect((await cancel()).status).toBe(204);
  const came = async (): Promise<unknown> => (await fetch(`${url}/reminders`)).json();
  await clock.advance(89_000);
  expect(await came()).toEqual([]);
  await eventually(async () => {
    await clock.advance(100);
    return ((await came()) as string[]).length > 0;
  });
  await clock.advance(5000);
  expect(await came()).toEqual(['call the customer']);
  expect((await cancel()).status).toBe(409);
  expect((await send('POST', '/reminders', { text: 'x', at: 'soon' })).status).toBe(400);
  expect((await send('POST', '/reminders', { text: 'x', at: '2001-01-01' })).status).toBe(400);
  expect((await send('POST', '/reminders', { text: 'x', at: '2099-01-01' })).status).toBe(400);
});

it('imports a file of 10,000 orders, and reports the lines that are none', async () => {
  const path = join(directory, 'import.jsonl');
  const said = vi.spyOn(console, 'log').mockImplementation(() => {});
  const argv = process.argv;
  process.argv = ['node', 'generate-orders', path, `${IMPORTED}`];
  await import('../../sample-app/scripts/generate-orders.js');
  process.argv = argv;
  expect(said).toHaveBeenCalledWith(`${IMPORTED} orders are in ${path}`);
  said.mockRestore();

  const bad = ['no json', '[]', '{"id":"../x","article":"a","quantity":1}', '{"id":"y"}'];
  const body = `${bad.join('\n')}\n\n${readFileSync(path, 'utf8')}`;
  const response = await send('POST', '/orders/import', body, 'application/x-ndjson');
  expect(await response.json()).toEqual({
    accepted: IMPORTED,
    rejected: 4,
    faults: [
      { line: 1, fault: 'not JSON' },
      { line: 2, fault: 'not an object' },
      { line: 3, fault: expect.stringContaining('id must match') as string },
      { line: 4, fault: expect.stringContaining('article must be') as string },
    ],
  });
  const { OrderJournal } = await import('../../sample-app/orders/order-journal.js');
  const journal = app.get(OrderJournal);
  const isImported = (i: number) => journal.find(`import-${i}`)?.events.length === 1;
  const orders = Array.from({ length: IMPORTED }, (_, i) => i);
  await clock.advanceUntil(() => orders.every(isImported), HOUR, 100);
});

it('prints an invoice that was dead when the printer is repaired and it is sent again', async () => {
  const id = await place();
  await untilEvents(id, 'invoice failed: the accountant was called');
  const response = await fetch(`${url}/dead-letters`);
  const dead = ((await response.json()) as { msgId: string; body: string }[]).find(({ body }) =>
    body.includes(id),
  );
  expect((await fetch(`${url}/printer/repair`, { method: 'POST' })).status).toBe(204);
  const resend = (msgId: string) => fetch(`${url}/dead-letters/${msgId}/resend`, { method: 'POST' });
  expect((await resend('none')).status).toBe(404);
  expect((await resend(dead!.msgId)).status).toBe(202);
  expect(await untilEvents(id, 'invoice printed')).toContain('invoice printed');
  const all = await fetch(`${url}/dead-letters/resend`, { method: 'POST' });
  expect(((await all.json()) as { sent: number }).sent).toBeGreaterThanOrEqual(1);
});

it('answers a query of prices, and says when there is none', async () => {
  await send('PUT', '/prices/comet', { price: 5 });
  await clock.advanceUntil(() => app.get(PriceCache).get('comet') === 5, HOUR, 100);
  const quote = await fetch(`${url}/prices/comet/quote/3`);
  expect(await quote.json()).toEqual({ article: 'comet', quantity: 3, total: 15 });
  const none = await fetch(`${url}/prices/nothing/quote/1`);
  expect(none.status).toBe(404);
  expect(await none.json()).toMatchObject({ message: 'There is no price of nothing' });
});

it('counts visits and queries of an article', async () => {
  const demand = async () => {
    const response = await fetch(`${url}/prices/probe/demand`);
    return ((await response.json()) as { times: number }).times;
  };
  await send('POST', '/orders', { article: 'probe', quantity: 1 });
  await fetch(`${url}/prices/probe/quote/1`);
  for (let passed = 0; passed < HOUR && (await demand()) < 2; passed += 100) await clock.advance(100);
  expect(await demand()).toBe(2);
});

it('shows the messages of a topic', async () => {
  expect((await send('PUT', '/prices/meteor', { price: 7 })).status).toBe(202);
  const response = await fetch(`${url}/messages/price-changes`);
  const messages = (await response.json()) as { body: string }[];
  expect(messages.map(({ body }) => body)).toContain('{"article":"meteor","price":7}');
  const missing = await fetch(`${url}/messages/none`);
  expect(missing.status).toBe(404);
  expect(await missing.json()).toMatchObject({ message: 'No route info of this topic: none' });
});

it('notes what it could not write when it comes again, and leaves no half line', async () => {
  const { OrderJournal } = await import('../../sample-app/orders/order-journal.js');
  const path = join(directory, 'journal', 'orders.jsonl');
  const journal = new OrderJournal(path);
  const first = { id: '1', event: 'imported' };
  const second = { id: '2', event: 'imported' };
  for (const expected of [[], [first]]) {
    vi.spyOn(fs, 'appendFileSync').mockImplementationOnce((file) => {
      fs.writeFileSync(file, '{"id', { flag: 'a' });
      throw new Error('ENOSPC');
    });
    expect(() => journal.addAll([first, second, second])).toThrow('ENOSPC');
    expect(new OrderJournal(path).size).toBe(expected.length);
    journal.add(first.id, first.event);
  }
  journal.addAll([first, second, second]);
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([first, second]);
});

it('goes on where it was after a restart', async () => {
  await send('PUT', '/prices/rocket', { price: 42 });
  await clock.advanceUntil(() => app.get(PriceCache).get('rocket') === 42, HOUR, 100);
  const id = await place();
  await app.close();
  await openShop();
  const events = await untilEvents(
    id,
    'placed: 2 × rocket',
    ...STEPS,
    'shipped at attempt 3',
    'closed: not paid in time',
  );
  expect(events.filter((event) => event.startsWith('step: '))).toEqual(STEPS);
  // The cache of prices was memory only, and a price is not told twice.
  expect((await fetch(`${url}/prices/rocket`)).status).toBe(404);
});

it('ends when its port is taken', async () => {
  const env = { ...process.env, PORT: new URL(url).port, SHOP_DATA: join(directory, 'second') };
  const started = promisify(execFile)(process.execPath, ['dist/sample-app/main.js'], {
    env,
    timeout: 15_000,
  });
  await expect(started).rejects.toMatchObject({ code: 1, killed: false });
});

it('has nothing to close of a start that failed before its payments were opened', () => {
  expect(() => new PaymentStore(join(directory, 'none')).onApplicationShutdown()).not.toThrow();
});
