import { describe, expect, it } from 'vitest';
import { idsOf, SimulatedStore } from '../../support/simulated-store.js';
import { get, put } from '../../support/test-store.js';
import { settle } from '../../support/virtual-clock.js';

const DOOMED = 'Doomed';

/** A store with messages of two topics in turn, so that their records lie between one another. */
async function openBoth(config = {}) {
  const store = new SimulatedStore(config);
  for (let i = 0; i < 10; i++) {
    await store.send(2);
    await store.send(2, { topic: DOOMED });
  }
  const kept = idsOf(store.stored.filter(({ topic }) => topic === 'TopicA'));
  const doomed = idsOf(store.stored.filter(({ topic }) => topic === DOOMED));
  return { store, kept, doomed };
}

const topicsOf = ({ store }: SimulatedStore) => [...store.topics()].map(([topic]) => topic);

describe('a deleted topic', () => {
  it('is gone with its files, and nothing else is', async () => {
    const { store, kept } = await openBoth();
    await store.checkpoint();
    await store.store.deleteTopic(DOOMED);
    expect(topicsOf(store)).toEqual(['TopicA']);
    expect(await store.ids(DOOMED)).toEqual([]);
    expect(await store.ids()).toEqual(kept);
    expect(store.files('consumequeue').filter((path) => path.startsWith(DOOMED))).toEqual([]);
  });

  it('can be deleted when there is none, and more than once', async () => {
    const { store, kept } = await openBoth();
    await store.store.deleteTopic('Nothing');
    await store.store.deleteTopic(DOOMED);
    await store.store.deleteTopic(DOOMED);
    expect(await store.ids()).toEqual(kept);
  });

  it.each(['close', 'kill', 'crash'] as const)('does not come back after a %s', async (end) => {
    const { store, kept } = await openBoth();
    await store.checkpoint();
    await store.store.deleteTopic(DOOMED);
    await store[end]();
    store.open();
    expect(topicsOf(store)).toEqual(['TopicA']);
    expect(await store.ids()).toEqual(kept);
  });

  it('does not come back when all ConsumeQueues are rebuilt', async () => {
    const { store, kept } = await openBoth();
    await store.store.deleteTopic(DOOMED);
    await store.close();
    for (const path of [...store.disk.paths()]) {
      if (path.includes('/consumequeue/') && /\d{20}$/.test(path)) store.disk.delete(path);
    }
    store.open();
    expect(topicsOf(store)).toEqual(['TopicA']);
    expect(await store.ids()).toEqual(kept);
  });

  it.each(['close', 'kill', 'crash'] as const)(
    'makes room for a new one of its name, which a %s does not mix up with it',
    async (end) => {
      const { store, kept } = await openBoth({ flushDiskType: 'SYNC_FLUSH' });
      await store.checkpoint();
      await store.store.deleteTopic(DOOMED);
      const sent = await store.send(5, { topic: DOOMED });
      expect(sent.map(({ queueOffset }) => queueOffset)).toEqual([0, 1, 2, 3, 4]);
      await store[end]();
      store.open();
      expect(await store.ids(DOOMED)).toEqual(idsOf(sent));
      expect(await store.ids()).toEqual(kept);
      await store.close();
      for (const path of [...store.disk.paths()]) {
        if (path.includes('/consumequeue/') && /\d{20}$/.test(path)) store.disk.delete(path);
      }
      store.open();
      expect(await store.ids(DOOMED)).toEqual(idsOf(sent));
    },
  );

  it('does not come back in place of a damaged message of a new one of its name', async () => {
    const { store } = await openBoth();
    await store.store.deleteTopic(DOOMED);
    const [first, ...others] = await store.send(5, { topic: DOOMED });
    await store.close();
    store.damageLog(first!.commitLogOffset + 40, Buffer.from('damaged'));
    store.open();
    expect(await store.ids(DOOMED)).toEqual(idsOf(others));
    expect(await store.ids(DOOMED)).toEqual(idsOf(others));
  });

  it.each(['../outside', '..', '.', '', 'TopicA/0'])('with the name %j touches nothing', async (name) => {
    const { store, kept } = await openBoth();
    await store.checkpoint();
    const before = [...store.disk.paths()];
    await store.store.deleteTopic(name);
    expect([...store.disk.paths()]).toEqual(before);
    expect(await store.ids()).toEqual(kept);
  });

  it('takes no message while it is being deleted', async () => {
    const { store } = await openBoth();
    store.disk.holdsSyncs = true;
    const deletion = store.store.deleteTopic(DOOMED);
    expect((await put(store.store, store.message({ topic: DOOMED }))).status).toBe('SERVICE_NOT_AVAILABLE');
    store.disk.holdsSyncs = false;
    store.disk.releaseSyncs();
    await deletion;
    expect((await put(store.store, store.message({ topic: DOOMED }))).status).toBe('PUT_OK');
  });

  it('includes messages that were still being stored', async () => {
    const { store } = await openBoth({ flushDiskType: 'SYNC_FLUSH' });
    store.disk.holdsSyncs = true;
    const last = put(store.store, store.message({ topic: DOOMED }));
    await settle();
    const deletion = store.store.deleteTopic(DOOMED);
    store.disk.holdsSyncs = false;
    store.disk.releaseSyncs();
    expect((await last).status).toBe('PUT_OK');
    await store.clock.advance(100);
    await deletion;
    expect(await store.ids(DOOMED)).toEqual([]);
    store.kill();
    store.open();
    expect(topicsOf(store)).toEqual(['TopicA']);
  });

  it('is still there when the disk does not take the note of it', async () => {
    const { store, doomed } = await openBoth();
    store.disk.faults.push({ operation: 'create', path: /deletedTopics/, code: 'EIO', times: 1 });
    await expect(store.store.deleteTopic(DOOMED)).rejects.toThrow();
    expect(await store.ids(DOOMED)).toEqual(doomed);
    await store.store.deleteTopic(DOOMED);
    expect(await store.ids(DOOMED)).toEqual([]);
  });

  it.each(['kill', 'crash'] as const)(
    'takes nothing when the flush of the note of it fails, as a %s may leave it or not',
    async (end) => {
      const { store, kept, doomed } = await openBoth();
      await store.checkpoint();
      store.disk.faults.push({ operation: 'syncDirectory', path: /config$/, code: 'EIO', times: 1 });
      await expect(store.store.deleteTopic(DOOMED)).rejects.toThrow('EIO');
      expect((await put(store.store, store.message({ topic: DOOMED }))).status).toBe('SERVICE_NOT_AVAILABLE');
      store[end]();
      store.open();
      expect(await store.ids()).toEqual(kept);
      expect(await store.ids(DOOMED)).toEqual(end === 'kill' ? [] : doomed);
      const [sent] = await store.send(1, { topic: DOOMED });
      expect(sent!.queueOffset).toBe(end === 'kill' ? 0 : doomed.length);
    },
  );

  it('is deleted for good when that succeeds after the flush of the note of it has failed', async () => {
    const { store, kept } = await openBoth();
    await store.checkpoint();
    store.disk.faults.push({ operation: 'syncDirectory', path: /config$/, code: 'EIO', times: 1 });
    await expect(store.store.deleteTopic(DOOMED)).rejects.toThrow('EIO');
    await store.store.deleteTopic(DOOMED);
    store.crash();
    store.open();
    expect(topicsOf(store)).toEqual(['TopicA']);
    expect(await store.ids()).toEqual(kept);
  });

  it('is still there when the note of it fails, also if that of another one follows', async () => {
    const { store, doomed } = await openBoth();
    await store.checkpoint();
    store.disk.holdsTransfers = /deletedTopics/;
    store.disk.faults.push({ operation: 'write', path: /deletedTopics/, code: 'ENOSPC', times: 1 });
    const first = store.store.deleteTopic(DOOMED);
    await settle();
    const second = store.store.deleteTopic('TopicA');
    await settle();
    store.disk.releaseTransfers();
    await expect(first).rejects.toThrow('ENOSPC');
    await second;
    store.kill();
    store.open();
    expect(topicsOf(store)).toEqual([DOOMED]);
    expect(await store.ids(DOOMED)).toEqual(doomed);
  });

  it('takes nothing while files of it are left, and can be deleted again', async () => {
    const { store, kept } = await openBoth();
    await store.checkpoint();
    store.disk.faults.push({ operation: 'remove', path: /consumequeue\/Doomed/, code: 'EIO', times: 1 });
    await expect(store.store.deleteTopic(DOOMED)).rejects.toThrow('EIO');
    expect((await put(store.store, store.message({ topic: DOOMED }))).status).toBe('SERVICE_NOT_AVAILABLE');
    await store.store.deleteTopic(DOOMED);
    expect(topicsOf(store)).toEqual(['TopicA']);
    const [message] = await store.send(1, { topic: DOOMED });
    store.kill();
    store.open();
    expect(await store.ids(DOOMED)).toEqual(idsOf([message!]));
    expect(await store.ids()).toEqual(kept);
  });

  it.each(['close', 'kill', 'crash'] as const)(
    'takes nothing, but keeps the store from nothing, while the start after a %s cannot delete its files either',
    async (end) => {
      const { store, kept } = await openBoth();
      await store.checkpoint();
      store.disk.faults.push({ operation: 'remove', path: /consumequeue\/Doomed/, code: 'EIO' });
      await expect(store.store.deleteTopic(DOOMED)).rejects.toThrow('EIO');
      for (let i = 0; i < 2; i++) {
        await store[end]();
        store.open();
        expect(store.logger.lines.join('\n')).toContain(
          'ERROR Topic Doomed is deleted and takes no messages until its files are: Error: EIO',
        );
        expect(topicsOf(store)).toEqual(['TopicA']);
        expect(await store.ids()).toEqual(kept);
        expect((await put(store.store, store.message({ topic: DOOMED }))).status).toBe(
          'SERVICE_NOT_AVAILABLE',
        );
        await expect(store.store.deleteTopic(DOOMED)).rejects.toThrow('EIO');
      }
      store.disk.faults.length = 0;
      await store.store.deleteTopic(DOOMED);
      expect(store.files('consumequeue').filter((path) => path.startsWith(DOOMED))).toEqual([]);
      const sent = await store.send(3, { topic: DOOMED });
      expect(sent.map(({ queueOffset }) => queueOffset)).toEqual([0, 1, 2]);
      store.kill();
      store.open();
      expect(await store.ids(DOOMED)).toEqual(idsOf(sent));
    },
  );

  it('has its files deleted by the first start that can', async () => {
    const { store } = await openBoth();
    await store.checkpoint();
    store.disk.faults.push({ operation: 'remove', path: /consumequeue\/Doomed/, code: 'EIO', times: 2 });
    await expect(store.store.deleteTopic(DOOMED)).rejects.toThrow('EIO');
    for (const left of [true, false]) {
      await store.close();
      store.open();
      expect(store.files('consumequeue').some((path) => path.startsWith(DOOMED))).toBe(left);
    }
    expect((await store.send(1, { topic: DOOMED }))[0]!.queueOffset).toBe(0);
  });

  it('does not come back, nor has all of the log read, when a checkpoint was written during the deletion', async () => {
    const { store } = await openBoth();
    store.disk.holdsTransfers = /deletedTopics/;
    const deletion = store.store.deleteTopic(DOOMED);
    await settle();
    await store.send(5);
    await store.checkpoint();
    store.disk.releaseTransfers();
    await deletion;
    store.kill();
    store.open();
    expect(topicsOf(store)).toEqual(['TopicA']);
    expect(store.logger.lines.join('\n')).not.toContain('Rebuilding');
    expect(await store.ids()).toEqual(idsOf(store.stored.filter(({ topic }) => topic === 'TopicA')));
  });

  it('does not come back, nor has all of the log read, when checkpoints were written while files of it were left', async () => {
    const { store } = await openBoth();
    await store.checkpoint();
    store.disk.faults.push({ operation: 'remove', path: /consumequeue\/Doomed/, code: 'EIO', times: 1 });
    await expect(store.store.deleteTopic(DOOMED)).rejects.toThrow('EIO');
    await store.send(5);
    await store.checkpoint();
    store.kill();
    store.open();
    expect(topicsOf(store)).toEqual(['TopicA']);
    expect(store.logger.lines.join('\n')).not.toContain('Rebuilding');
  });

  it('is warned of when the note of it cannot be read, and an older one is taken', async () => {
    const { store } = await openBoth();
    await store.store.deleteTopic('TopicA');
    await store.store.deleteTopic(DOOMED);
    await store.close();
    store.disk.cut(store.path('config/deletedTopics.json'), 5);
    store.open();
    expect(store.logger.lines.join()).toMatch(/WARN \S+deletedTopics\.json cannot be read \(/);
  });

  it('ends while damaged entries of it are looked for in the log', async () => {
    const store = new SimulatedStore();
    for (let i = 0; i < 300; i++) await store.send(1, { topic: i % 3 === 0 ? DOOMED : 'TopicA' });
    await store.checkpoint();
    await store.close();
    for (const name of ['00000000000000000500', '00000000000000001000'])
      store.disk.damage(store.path(`consumequeue/${DOOMED}/0/${name}`), 0, Buffer.alloc(500));
    store.open();
    const reading = get(store.store, DOOMED, 0, 30);
    await store.store.deleteTopic(DOOMED);
    await reading;
    await settle(60);
    expect(topicsOf(store)).toEqual(['TopicA']);
    expect(store.logger.lines.join('\n')).not.toContain('cannot be read');
  });

  it('leaves files of others in its directory, and the store opens all the same', async () => {
    const { store, kept } = await openBoth();
    await store.checkpoint();
    const path = `${store.path('consumequeue')}/${DOOMED}/0/.DS_Store`;
    await store.close();
    store.disk.mount().create(path);
    store.open();
    await store.store.deleteTopic(DOOMED);
    expect(topicsOf(store)).toEqual(['TopicA']);
    store.kill();
    store.open();
    expect(await store.ids()).toEqual(kept);
    expect(store.disk.node(path)).toBeDefined();
  });

  it.each(['kill', 'crash'] as const)(
    'is there or gone, and nothing else is harmed, if a %s comes at any moment',
    async (end) => {
      let deleted = 0;
      let present = 0;
      for (let operations = 0; deleted < 3; operations++) {
        const { store, kept, doomed } = await openBoth();
        await store.checkpoint();
        const death = store.disk.killAfter(operations);
        const outcome = store.store.deleteTopic(DOOMED).then(
          () => 'deleted',
          () => 'failed',
        );
        const first = await Promise.race([outcome, death.then(() => 'dead')]);
        if (first === 'deleted') deleted++;
        if (end === 'crash') store.crash();
        else store.kill();
        store.open();
        expect(await store.ids()).toEqual(kept);
        const left = await store.ids(DOOMED);
        if (left.length > 0) present++;
        if (left.length > 0) expect(left).toEqual(doomed);
        else expect(topicsOf(store)).toEqual(['TopicA']);
        if (first === 'deleted') expect(left).toEqual([]);
        await store.close();
      }
      expect(present).toBeGreaterThan(0);
    },
  );
});

describe('a topic that Apache has deleted', () => {
  const QUEUES = 'consumequeue';
  const deleteFiles = (store: SimulatedStore, ...names: readonly string[]) => {
    for (const name of names) store.disk.delete(store.path(name));
  };
  /** As Apache's broker leaves the store that it ends in order, when it has stored nothing, or as it had stored something. */
  async function openDeleted(hasStored: boolean) {
    const both = await openBoth();
    const { store } = both;
    await store.close();
    deleteFiles(store, `${QUEUES}/${DOOMED}`);
    if (hasStored) deleteFiles(store, 'config/consumeQueueEnd.json', 'config/consumeQueueEnd.json.bak');
    store.savedTopics = new Set(['TopicA']);
    return both;
  }

  it.each([true, false])(
    'does not come back, and is noted (when Apache has stored more: %s)',
    async (hasStored) => {
      const { store, kept } = await openDeleted(hasStored);
      store.open();
      expect(topicsOf(store)).toEqual(['TopicA']);
      expect(await store.ids()).toEqual(kept);
      expect(store.logger.lines.join()).toContain(`stay out, as deleted by Apache's broker: ${DOOMED}`);
      expect(store.logger.lines.join()).not.toContain('Rebuilding');
      const sent = await store.send(3, { topic: DOOMED });
      expect(sent.map(({ queueOffset }) => queueOffset)).toEqual([0, 1, 2]);
      await store.checkpoint();
      store.kill();
      deleteFiles(store, QUEUES);
      store.open();
      expect(await store.ids(DOOMED)).toEqual(idsOf(sent));
      expect(await store.ids()).toEqual(kept);
    },
  );

  it.each<[string, (store: SimulatedStore) => unknown]>([
    ['it ended with a crash', (store) => store.disk.mount().create(store.path('abort')).close()],
    ['topics.json is gone', (store) => (store.savedTopics = undefined)],
    ['it is in topics.json', (store) => (store.savedTopics = new Set(['TopicA', DOOMED]))],
    ['all queues are gone', (store) => deleteFiles(store, QUEUES)],
    ['nothing says that it had queues', (store) => deleteFiles(store, 'checkpoint')],
    ['a queue is there', (store) => store.disk.mount().makeDirectory(store.path(`${QUEUES}/${DOOMED}/7`))],
  ])('is not taken for one when %s', async (_, change) => {
    const { store, kept, doomed } = await openDeleted(true);
    change(store);
    store.open();
    expect(await store.ids(DOOMED)).toEqual(doomed);
    expect(await store.ids()).toEqual(kept);
  });
});
