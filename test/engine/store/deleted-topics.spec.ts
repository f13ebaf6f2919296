import { describe, expect, it } from 'vitest';
import { SimulatedStore } from '../../support/simulated-store.js';
import { settle } from '../../support/virtual-clock.js';

const DOOMED = 'Doomed';

describe('a topic whose log was lost together with its deletion', () => {
  it('takes nothing before the disk knows where the log ends now', async () => {
    const store = new SimulatedStore();
    await store.send(60);
    await store.send(20, { topic: DOOMED });
    await store.store.deleteTopic(DOOMED);
    await store.close();
    const last = store.stored.at(-1)!.commitLogOffset;
    for (let offset = last; offset > 16_384; offset -= 16_384) store.disk.delete(store.logFile(offset));
    store.disk.faults.push({ operation: 'rename', path: /deletedTopics/, code: 'ENOSPC' });
    store.open();
    expect((await store.put({ topic: DOOMED })).status).toBe('SERVICE_NOT_AVAILABLE');
    store.disk.faults.length = 0;
    await store.put({ topic: DOOMED });
    await settle(20);
    const [again] = await store.send(1, { topic: DOOMED });
    store.kill();
    store.open();
    expect(await store.ids(DOOMED)).toEqual([again!.id]);
  });
});
