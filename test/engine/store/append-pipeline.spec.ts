import { describe, expect, it } from 'vitest';
import { idsOf, SimulatedStore, TINY_FILES } from '../../support/simulated-store.js';
import { innerMessage, put } from '../../support/test-store.js';
import { settle } from '../../support/virtual-clock.js';

const FILE_SIZE = 16 * 1024;
const DAY = 24 * 3_600_000;
const storeTimes = async (store: SimulatedStore) =>
  (await store.read()).map(({ storeTimestamp }) => storeTimestamp);

describe('store timestamps', () => {
  it('never fall along the log when the clock is set back', async () => {
    const store = new SimulatedStore();
    const start = store.clock.now();
    await store.send(1);
    store.clock.set(start - 3_600_000);
    await store.send(2);
    store.clock.set(start + 500);
    await store.send(1);
    expect(await storeTimes(store)).toEqual([start, start, start, start + 500]);
  });

  it.each(['close', 'kill'] as const)('never fall over a restart (%s)', async (end) => {
    const store = new SimulatedStore();
    await store.send(1);
    const [before] = await storeTimes(store);
    await store[end]();
    store.clock.set(before! - 3_600_000);
    store.open();
    await store.send(1);
    expect(await storeTimes(store)).toEqual([before, before]);
  });

  it.each(['close', 'kill', 'crash'] as const)(
    'follow the clock again that was a month ahead, and nothing is lost by a %s',
    async (end) => {
      const store = new SimulatedStore();
      const start = store.clock.now();
      await store.send(30);
      store.clock.set(start + 30 * DAY);
      await store.send(30);
      await store.checkpoint();
      store.clock.set(start + DAY);
      await store.send(30);
      const times = await storeTimes(store);
      expect([...new Set(times)]).toEqual([start, start + 30 * DAY, start + DAY]);
      await store[end]();
      store.open();
      expect(await store.ids()).toEqual(idsOf(store.stored));
      for (const { id } of store.stored) expect(store.idsOfKey(id)).toEqual([id]);
      await store.send(1);
      expect((await storeTimes(store)).at(-1)).toBe(store.clock.now());
    },
  );

  it('are found by the index in a file that was begun while the clock was ahead', async () => {
    const store = new SimulatedStore();
    const start = store.clock.now();
    store.clock.set(start + 30 * DAY);
    const properties = new Map([['KEYS', 'k']]);
    await store.send(1, { properties: new Map(properties).set('UNIQ_KEY', 'ahead') });
    store.clock.set(start + DAY);
    await store.send(1, { properties: new Map(properties).set('UNIQ_KEY', 'right') });
    expect(store.idsOfKey('k', 'TopicA', 0, store.clock.now())).toEqual(['right']);
    expect(store.idsOfKey('k')).toEqual(['right', 'ahead']);
  });

  it('follow the clock again after a start when they were far ahead of it', async () => {
    const store = new SimulatedStore();
    const start = store.clock.now();
    store.clock.set(start + 30 * DAY);
    await store.send(1);
    store.kill();
    store.clock.set(start);
    store.open();
    await store.send(1);
    expect((await storeTimes(store))[1]).toBe(store.clock.now());
  });
});

describe('appending', () => {
  it('gives consecutive offsets in each queue, in the order of the calls', async () => {
    const store = new SimulatedStore();
    const sends = Array.from({ length: 60 }, (_, i) => put(store.store, store.message({ queueId: i % 3 })));
    const records = (await Promise.all(sends)).map((outcome) => outcome.records[0]!);
    expect(records.map(({ consumeQueueOffset }) => consumeQueueOffset)).toEqual(
      records.map((_, i) => Math.floor(i / 3)),
    );
    const offsets = records.map(({ commitLogOffset }) => commitLogOffset);
    expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
  });

  it('from within an answer works, and comes behind', async () => {
    const store = new SimulatedStore();
    const order: string[] = [];
    store.store.putMessage(store.message(), {
      onPut: () => {
        order.push('first');
        store.store.putMessage(store.message(), { onPut: () => order.push('second') });
        order.push('after the call');
      },
    });
    await settle(10);
    expect(order).toEqual(['first', 'after the call', 'second']);
    expect(await store.ids()).toEqual(['m0', 'm1']);
  });

  it('tells who waits for messages after it has answered who sent them', async () => {
    const store = new SimulatedStore();
    const arrivedBefore: number[] = [];
    store.store.putMessage(store.message(), { onPut: () => arrivedBefore.push(store.arrived.length) });
    await settle(10);
    expect(arrivedBefore).toEqual([0]);
    expect(store.arrived).toHaveLength(1);
  });

  it.each([
    [
      'a body longer than a file',
      innerMessage({ body: Buffer.alloc(TINY_FILES.tailCacheSize!) }),
      'MESSAGE_ILLEGAL',
    ],
    [
      'a record longer than a file',
      innerMessage({ body: Buffer.alloc(8000), properties: long(9000) }),
      'MESSAGE_ILLEGAL',
    ],
    ['a topic of 128 characters', innerMessage({ topic: 't'.repeat(128) }), 'MESSAGE_ILLEGAL'],
    [
      'a retry topic of 256 characters',
      innerMessage({ topic: `%RETRY%${'g'.repeat(249)}` }),
      'MESSAGE_ILLEGAL',
    ],
    ['a topic that is a path', innerMessage({ topic: '../../x' }), 'MESSAGE_ILLEGAL'],
    ['an empty topic', innerMessage({ topic: '' }), 'MESSAGE_ILLEGAL'],
    ['a negative queue', innerMessage({ queueId: -1 }), 'MESSAGE_ILLEGAL'],
    ['a queue beyond 65,535', innerMessage({ queueId: 65_536 }), 'MESSAGE_ILLEGAL'],
    ['properties above 32,767 bytes', innerMessage({ properties: long(32_760) }), 'PROPERTIES_SIZE_EXCEEDED'],
  ])('refuses %s, and stores nothing of it', async (_, message, status) => {
    const store = new SimulatedStore();
    const [first] = await store.send(1);
    expect(await put(store.store, message)).toEqual({ status, records: [] });
    expect(await put(store.store, message, message), 'as a batch').toEqual({ status, records: [] });
    const [next] = await store.send(1);
    expect(next).toMatchObject({ queueOffset: 1, commitLogOffset: first!.size });
    expect([...store.store.topics()]).toEqual([['TopicA', 0]]);
  });

  it('takes a retry topic of 255 characters, and messages of the largest size', async () => {
    const store = new SimulatedStore();
    const topic = `%RETRY%${'g'.repeat(248)}`;
    await store.send(1, { topic, body: Buffer.alloc(8192, 7) });
    await store.close();
    store.open();
    expect(await store.ids(topic)).toEqual(['m0']);
    expect((await store.read(topic))[0]!.body).toEqual(Buffer.alloc(8192, 7));
  });

  it('takes topics that are special in JavaScript', async () => {
    const store = new SimulatedStore();
    for (const topic of ['__proto__', 'constructor', 'toString']) await store.send(1, { topic });
    await store.close();
    store.open();
    for (const topic of ['__proto__', 'constructor', 'toString'])
      expect(await store.ids(topic)).toHaveLength(1);
    expect(store.store.getMaxOffsetInQueue('valueOf', 0)).toBe(0);
  });

  it('stores a batch as a whole or not at all', async () => {
    const store = new SimulatedStore();
    const fits = Array.from({ length: 10 }, () => store.message());
    expect((await put(store.store, ...fits)).records).toHaveLength(10);
    const illegal = [
      ...Array.from({ length: 5 }, () => store.message()),
      store.message({ properties: long(32_760) }),
    ];
    expect((await put(store.store, ...illegal)).status).toBe('PROPERTIES_SIZE_EXCEEDED');
    const tooLong = Array.from({ length: 50 }, () => store.message());
    expect((await put(store.store, ...tooLong)).status).toBe('MESSAGE_ILLEGAL');
    expect(await store.ids()).toHaveLength(10);
  });
});

describe('the end of a file', () => {
  /** Puts a message whose record ends so many bytes before the end of the first file. */
  async function fillUpTo(left: number): Promise<SimulatedStore> {
    const store = new SimulatedStore();
    const probe = (await put(store.store, store.message({ body: Buffer.alloc(8000) }))).records[0]!;
    const overhead = probe.msgSize - 8000;
    const rest = FILE_SIZE - probe.msgSize - left - overhead;
    await put(store.store, store.message({ body: Buffer.alloc(rest) }));
    return store;
  }

  it('leaves at least eight bytes for the blank', async () => {
    const store = await fillUpTo(8);
    const [next] = await store.send(1);
    expect(next!.commitLogOffset).toBe(FILE_SIZE);
    const blank = store.content('commitlog/00000000000000000000').subarray(-8);
    expect(blank.toString('hex')).toBe('00000008cbd43194');
    await store.close();
    store.open();
    expect(await store.ids()).toHaveLength(3);
  });

  it('comes a message earlier when only seven bytes would be left', async () => {
    const store = await fillUpTo(7);
    const [next] = await store.send(1);
    expect(next!.commitLogOffset).toBeGreaterThan(FILE_SIZE);
    expect((await store.ids()).length).toBe(3);
    store.kill();
    store.open();
    expect((await store.ids()).length).toBe(3);
  });

  it('in the middle of a turn splits what is written, and loses nothing', async () => {
    const store = new SimulatedStore();
    const sends = Array.from({ length: 200 }, () => store.put());
    expect(new Set((await Promise.all(sends)).map(({ status }) => status))).toEqual(new Set(['PUT_OK']));
    expect(store.files('commitlog').length).toBeGreaterThan(5);
    store.crash();
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });
});

/** Properties of so many bytes, roughly. */
function long(length: number): Map<string, string> {
  return new Map([['a', 'x'.repeat(length)]]);
}
