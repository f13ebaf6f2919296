import { describe, expect, it } from 'vitest';
import { idsOf, SimulatedStore } from '../../support/simulated-store.js';

const QUEUE_FILE_SIZE = 500;
const UNIT = 20;
const FIRST_FILE = 'consumequeue/TopicA/0/00000000000000000000';
const LAST_FILE = 'consumequeue/TopicA/0/00000000000000001000';

type End = 'a clean end' | 'a kill';

/** A store with 60 messages in one queue and 20 in another, the last ones behind the last checkpoint; not open. */
async function closedStore(end: End): Promise<SimulatedStore> {
  const store = new SimulatedStore();
  for (let i = 0; i < 80; i++) {
    if (i === 70) await store.checkpoint();
    await store.send(1, { queueId: i % 4 === 3 ? 1 : 0 });
  }
  // Longer than ConsumeQueues stay in memory.
  await store.clock.advance(1500);
  if (end === 'a kill') store.kill();
  else await store.close();
  return store;
}

/** Nothing is lost, wherever it lies and however it is looked for, and all of it is there after one more start. */
async function expectNothingLost(store: SimulatedStore): Promise<void> {
  const check = async () => {
    for (const queueId of [0, 1]) {
      const sent = store.stored.filter((message) => message.queueId === queueId);
      expect(await store.ids('TopicA', queueId)).toEqual(idsOf(sent));
    }
    for (const { id } of store.stored) expect(store.idsOfKey(id), `index of ${id}`).toEqual([id]);
  };
  await check();
  await store.send(10);
  await store.send(10, { queueId: 1 });
  await check();
  await store.close();
  store.open();
  await check();
}

function unitOf(store: SimulatedStore, name: string, index: number): Buffer {
  return Buffer.from(store.content(name).subarray(index * UNIT, (index + 1) * UNIT));
}

const DAMAGE: readonly (readonly [name: string, apply: (store: SimulatedStore) => void])[] = [
  ['the directory of all queues deleted', (store) => store.disk.delete(store.path('consumequeue'))],
  ['the directory of a queue deleted', (store) => store.disk.delete(store.path('consumequeue/TopicA/1'))],
  ['the first file of a queue deleted', (store) => store.disk.delete(store.path(FIRST_FILE))],
  [
    'a file in the middle of a queue deleted',
    (store) => store.disk.delete(store.path('consumequeue/TopicA/0/00000000000000000500')),
  ],
  ['the last file of a queue deleted', (store) => store.disk.delete(store.path(LAST_FILE))],
  ['the last file of a queue cut', (store) => store.disk.cut(store.path(LAST_FILE), 3 * UNIT + 7)],
  ['the last file of a queue empty', (store) => store.disk.cut(store.path(LAST_FILE), 0)],
  ['a file in the middle of a queue cut', (store) => store.disk.cut(store.path(FIRST_FILE), 11 * UNIT)],
  [
    'the first file of a queue deleted and the second zeroed',
    (store) => {
      store.disk.delete(store.path(FIRST_FILE));
      store.disk.damage(
        store.path('consumequeue/TopicA/0/00000000000000000500'),
        0,
        Buffer.alloc(QUEUE_FILE_SIZE),
      );
    },
  ],
  [
    'entries in the middle zeroed',
    (store) => store.disk.damage(store.path(FIRST_FILE), 5 * UNIT, Buffer.alloc(12 * UNIT)),
  ],
  [
    'the last entries zeroed',
    (store) => store.disk.damage(store.path(LAST_FILE), 6 * UNIT, Buffer.alloc(10 * UNIT)),
  ],
  [
    'all entries zeroed',
    (store) => store.disk.damage(store.path(FIRST_FILE), 0, Buffer.alloc(QUEUE_FILE_SIZE)),
  ],
  [
    'an entry that leads to a message of another offset',
    (store) => store.disk.damage(store.path(FIRST_FILE), 7 * UNIT, unitOf(store, FIRST_FILE, 9)),
  ],
  [
    'an entry that leads to a message of another queue',
    (store) => {
      const other = unitOf(store, 'consumequeue/TopicA/1/00000000000000000000', 2);
      store.disk.damage(store.path(FIRST_FILE), 7 * UNIT, other);
    },
  ],
  [
    'a flipped bit in the position of an entry',
    (store) => {
      const unit = unitOf(store, FIRST_FILE, 7);
      unit[7]! ^= 1;
      store.disk.damage(store.path(FIRST_FILE), 7 * UNIT, unit);
    },
  ],
  [
    'a huge length in an entry',
    (store) => store.disk.damage(store.path(FIRST_FILE), 7 * UNIT + 8, Buffer.from('7fffffff', 'hex')),
  ],
  [
    'noise in a block of entries',
    (store) => store.disk.damage(store.path(FIRST_FILE), 4 * UNIT, Buffer.alloc(9 * UNIT, 'f3017c', 'hex')),
  ],
  ['its checkpoint zeroed', (store) => store.disk.damage(store.path('checkpoint'), 0, Buffer.alloc(4096))],
  ['its checkpoint deleted', (store) => store.disk.delete(store.path('checkpoint'))],
  ['its checkpoint cut', (store) => store.disk.cut(store.path('checkpoint'), 10)],
  [
    'a checkpoint of the far future',
    (store) => store.disk.damage(store.path('checkpoint'), 0, Buffer.alloc(24, '000002ffffffffff', 'hex')),
  ],
  [
    'a checkpoint of negative times',
    (store) => store.disk.damage(store.path('checkpoint'), 0, Buffer.alloc(24, 0xff)),
  ],
  ['the index deleted', (store) => store.disk.delete(store.path('index'))],
  [
    'the newest index file deleted',
    (store) => store.disk.delete(store.path(`index/${store.files('index').at(-1)}`)),
  ],
  [
    'the header of an index file zeroed',
    (store) => store.disk.damage(store.path(`index/${store.files('index')[0]}`), 0, Buffer.alloc(40)),
  ],
  ['an index file cut', (store) => store.disk.cut(store.path(`index/${store.files('index')[1]}`), 700)],
  [
    'the table of the ends of the queues torn',
    (store) => store.disk.cut(store.path('config/consumeQueueEnd.json'), 20),
  ],
  [
    'the table of the ends of the queues altered',
    (store) => {
      const path = store.path('config/consumeQueueEnd.json');
      const text = store.disk.content(path).toString().replace('"TopicA",0,0,', '"TopicA",0,0,9');
      store.disk.damage(path, 0, Buffer.from(text));
    },
  ],
  ['the table of the ends of the queues deleted', (store) => store.disk.delete(store.path('config'))],
  [
    'queues, index, checkpoint and tables deleted',
    (store) => {
      for (const part of ['consumequeue', 'index', 'checkpoint', 'config'])
        store.disk.delete(store.path(part));
    },
  ],
];

describe.each(['a clean end', 'a kill'] as const)('after %s, a store with', (end) => {
  it.each(DAMAGE)('%s loses nothing', async (_, damage) => {
    const store = await closedStore(end);
    damage(store);
    store.open();
    await expectNothingLost(store);
  });
});

describe('what leads to messages', () => {
  it('is repaired when it is met, once, and says so', async () => {
    const store = await closedStore('a clean end');
    store.disk.damage(store.path(FIRST_FILE), 5 * UNIT, Buffer.alloc(3 * UNIT));
    store.open();
    await store.ids();
    const repaired = 'Repaired entries 5 to 7 of ConsumeQueue TopicA/0';
    expect(store.logger.lines.filter((line) => line.includes(repaired))).toHaveLength(1);
    await store.ids();
    expect(store.logger.lines.filter((line) => line.includes('Repaired'))).toHaveLength(1);
    await store.close();
    store.open();
    await store.ids();
    expect(store.logger.lines.filter((line) => line.includes('Repaired'))).toEqual([]);
  });

  it('is rebuilt from the log when queues lack entries, and names them', async () => {
    const store = await closedStore('a clean end');
    store.disk.delete(store.path('consumequeue/TopicA/1'));
    store.open();
    expect(store.logger.lines.join('\n')).toContain(
      'Rebuilding from the commit log: entries are missing in 1 ConsumeQueues: TopicA/1 (ends at 0, not 20)',
    );
  });

  it('can damage nothing by an altered tags code but the choice of a filter', async () => {
    const store = await closedStore('a clean end');
    store.disk.damage(store.path(FIRST_FILE), 7 * UNIT + 12, Buffer.alloc(8, 0x11));
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored.filter(({ queueId }) => queueId === 0)));
  });
});
