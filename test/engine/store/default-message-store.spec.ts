import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SimulatedDisk } from '../../support/simulated-file-system.js';
import { SimulatedStore } from '../../support/simulated-store.js';
import { innerMessage, openStore, put, readAll, temporaryDirectory, get } from '../../support/test-store.js';

describe('DefaultMessageStore', () => {
  it('reads back what was stored, also after it was closed and opened again', async () => {
    const directory = temporaryDirectory();
    let store = openStore(directory);
    for (let i = 0; i < 300; i++) {
      const outcome = await put(
        store,
        innerMessage({
          queueId: i % 4,
          body: Buffer.alloc(i * 7, i),
          properties: new Map([
            ['UNIQ_KEY', `id-${i}`],
            ['TAGS', `Tag${i % 3}`],
            ['KEYS', `key-${i} all`],
            ['name', 'Zürich 火箭 🚀'],
          ]),
        }),
      );
      expect(outcome.status).toBe('PUT_OK');
      expect(outcome.records[0]!.consumeQueueOffset).toBe(Math.floor(i / 4));
    }
    const check = async () => {
      for (let queueId = 0; queueId < 4; queueId++) {
        const messages = await readAll(store, 'TopicA', queueId);
        expect(messages.map((m) => m.getProperty('UNIQ_KEY'))).toEqual(
          Array.from({ length: 75 }, (_, k) => `id-${k * 4 + queueId}`),
        );
        messages.forEach((m, k) => {
          expect(m.body).toEqual(Buffer.alloc((k * 4 + queueId) * 7, k * 4 + queueId));
          expect(m.queueOffset).toBe(k);
          expect(m.getProperty('name')).toBe('Zürich 火箭 🚀');
        });
      }
      expect(store.queryMessage('TopicA', 'key-77', 32, 0, Number.MAX_SAFE_INTEGER)).toHaveLength(1);
      expect(store.queryMessage('TopicA', 'id-78', 32, 0, Number.MAX_SAFE_INTEGER)).toHaveLength(1);
      expect(store.queryMessage('TopicA', 'all', 32, 0, Number.MAX_SAFE_INTEGER)).toHaveLength(32);
    };
    await check();
    await store.close();
    store = openStore(directory);
    await check();
    expect((await get(store, 'TopicA', 0, 75)).status).toBe('OFFSET_OVERFLOW_ONE');
    await store.close();
  });

  it('finds the first message at a time or later, and the last one until then', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(2000), { minLength: 1, maxLength: 60 }),
        fc.nat(70_000),
        async (waits, at) => {
          const store = new SimulatedStore();
          const begin = store.clock.now();
          const times: number[] = [];
          for (const wait of waits) {
            store.clock.pass(wait);
            times.push(store.clock.now());
            await store.send(1, { body: Buffer.alloc(10) });
          }
          for (const time of [begin + at, times[0]!, times.at(-1)!, times.at(-1)! + 1, 0]) {
            const first = times.findIndex((candidate) => candidate >= time);
            const last = times.findLastIndex((candidate) => candidate <= time);
            const find = (boundary: 'lower' | 'upper') =>
              store.store.getOffsetInQueueByTime('TopicA', 0, time, boundary);
            expect(find('lower')).toBe(first < 0 ? times.length : first);
            expect(find('upper')).toBe(Math.max(last, 0));
          }
          store.kill();
        },
      ),
      { numRuns: 20 },
    );
  });

  it('knows of queues that do not exist only that they are empty', () => {
    const { store } = new SimulatedStore();
    expect(store.getMaxOffsetInQueue('none', 0)).toBe(0);
    expect(store.getMinOffsetInQueue('none', 0)).toBe(0);
    expect(store.getMessageStoreTimestamp('none', 0, 0)).toBe(-1);
    expect(store.getTagsCode('none', 0, 0)).toBeUndefined();
    expect(store.getOffsetInQueueByTime('none', 0, 0)).toBe(0);
    expect(store.isFirstMessageInMemory('none', 0)).toBe(false);
    expect(store.queryMessage('none', 'key', 32, 0, Number.MAX_SAFE_INTEGER)).toEqual([]);
    expect([...store.topics()]).toEqual([]);
  });

  it('keeps every offset of a queue that grew over many files', async () => {
    const store = new SimulatedStore();
    const sends = Array.from({ length: 3000 }, (_, i) =>
      store.put({ body: Buffer.from(String(i)), queueId: i % 2 }),
    );
    await Promise.all(sends);
    const check = async () => {
      for (const queueId of [0, 1]) {
        const messages = await store.read('TopicA', queueId);
        expect(messages.map(({ body }) => Number(body.toString()))).toEqual(
          Array.from({ length: 1500 }, (_, i) => 2 * i + queueId),
        );
      }
    };
    await check();
    await store.close();
    store.open();
    await check();
  });

  it('takes no message of a topic that would share its files with another one', async () => {
    const disk = new SimulatedDisk({ now: () => 0 });
    disk.foldsCase = true;
    const store = openStore('/store', { fileSystem: disk.mount() });
    const statusOf = async (topic: string, queueId: number) =>
      (await put(store, innerMessage({ topic, queueId }))).status;
    expect(await statusOf('orders', 0)).toBe('PUT_OK');
    expect(await statusOf('Orders', 0)).toBe('MESSAGE_ILLEGAL');
    expect(await statusOf('orders', 1)).toBe('PUT_OK');
    await store.close();
  });
});
