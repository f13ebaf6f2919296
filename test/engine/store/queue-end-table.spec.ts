import { describe, expect, it } from 'vitest';
import { idsOf, SimulatedStore } from '../../support/simulated-store.js';

const TABLE = 'config/consumeQueueEnd.json';

/** A store whose queue has lost its newest file; all of its records lie before the last file of the log. */
async function withShortQueue(): Promise<SimulatedStore> {
  const store = new SimulatedStore();
  await store.send(60);
  await store.send(200, { queueId: 1 });
  await store.checkpoint();
  await store.close();
  store.disk.delete(store.path(`consumequeue/TopicA/0/${store.files('consumequeue/TopicA/0').at(-1)}`));
  return store;
}

const ofQueue0 = (store: SimulatedStore) => idsOf(store.stored.filter(({ queueId }) => queueId === 0));

describe('the table of the ends of the queues', () => {
  it('that cannot be opened ends the start, and costs nothing later', async () => {
    const store = await withShortQueue();
    store.disk.faults.push({ operation: 'open', path: /consumeQueueEnd/, code: 'EACCES' });
    expect(() => store.open()).toThrow(`${store.path(TABLE)} cannot be opened (EACCES`);
    store.disk.faults.length = 0;
    store.open();
    expect(await store.ids()).toEqual(ofQueue0(store));
  });

  it('that is empty, or cannot be read, has the log read as a whole', async () => {
    for (const fault of ['empty', 'unreadable']) {
      const store = await withShortQueue();
      if (fault === 'empty') store.disk.cut(store.path(TABLE), 0);
      else store.disk.faults.push({ operation: 'read', path: /consumeQueueEnd\.json/, code: 'EIO' });
      store.open();
      expect(store.logger.lines.join()).toContain(
        `Rebuilding from the commit log: ${store.path(TABLE)} is damaged`,
      );
      expect(await store.ids()).toEqual(ofQueue0(store));
    }
  });
});
