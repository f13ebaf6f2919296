import { describe, expect, it } from 'vitest';
import { idsIn, idsOf, SimulatedStore, type StoredMessage } from '../../support/simulated-store.js';
import { get } from '../../support/test-store.js';

const LOG = /commitlog/;
const COLD = { accessMessageInMemoryMaxRatio: 0 };
const MINUTE = 60_000;

/** A store that has nothing of its log in memory. */
async function reopened(config = {}): Promise<SimulatedStore> {
  const store = new SimulatedStore(config);
  await store.send(100);
  await store.close();
  store.open();
  return store;
}

describe.each([
  ['hot', {}],
  ['cold', COLD],
])('a log that cannot be read for a moment: %s', (_, config) => {
  it('costs no message, and moves no offset', async () => {
    const store = await reopened(config);
    for (let outage = 0; outage < 3; outage++) {
      store.disk.faults.push({ operation: 'read', path: LOG, code: 'EIO' });
      for (let tries = 0; tries < 19; tries++) {
        const { status, nextBeginOffset } = await get(store.store, 'TopicA', 0, 0);
        expect([status, nextBeginOffset]).toEqual(['SERVICE_NOT_AVAILABLE', 0]);
        await store.clock.advance(3000);
      }
      store.disk.faults.length = 0;
      expect(await store.ids()).toEqual(idsOf(store.stored));
    }
    const lines = store.logger.lines.filter((line) => line.includes('Messages cannot be read now'));
    expect(lines[0]).toContain('is tried again (Error: EIO');
    expect(lines.length).toBeLessThan(20);
  });

  it('keeps nobody from the messages before what cannot be read', async () => {
    const store = await reopened(config);
    store.disk.faults.push({ operation: 'read', path: LOG, code: 'EIO', page: 3 });
    const isBefore = ({ commitLogOffset, size }: StoredMessage) => commitLogOffset + size <= 3 * 4096;
    const got: string[] = [];
    let result = await get(store.store, 'TopicA', 0, 0);
    for (; result.status === 'FOUND'; result = await get(store.store, 'TopicA', 0, result.nextBeginOffset))
      got.push(...idsIn(result));
    expect(result.status).toBe('SERVICE_NOT_AVAILABLE');
    expect(got).toEqual(idsOf(store.stored.filter(isBefore)));
    expect(got.length).toBeGreaterThan(20);
  });

  it('costs none however long that takes, if the code says that no sector is bad', async () => {
    const store = await reopened(config);
    store.disk.faults.push({ operation: 'read', path: LOG, code: 'ESTALE' });
    for (let tries = 0; tries < 50; tries++) {
      expect((await get(store.store, 'TopicA', 0, 0)).status).toBe('SERVICE_NOT_AVAILABLE');
      await store.clock.advance(3000);
    }
    store.disk.faults.length = 0;
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });

  it('costs none when it is seldom asked for', async () => {
    const store = await reopened({ ...config, mappedFileSizeCommitLog: 1024 * 1024 });
    store.disk.faults.push({ operation: 'read', path: LOG, code: 'EIO' });
    for (let tries = 0; tries < 4; tries++) {
      expect((await get(store.store, 'TopicA', 0, 0)).status).toBe('SERVICE_NOT_AVAILABLE');
      await store.clock.advance(MINUTE);
    }
    store.disk.faults.length = 0;
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });
});
