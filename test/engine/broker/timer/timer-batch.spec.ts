import { describe, expect, it } from 'vitest';
import type { SimulatedDisk } from '../../../support/simulated-file-system.js';
import { TimerBroker } from '../../../support/timer-broker.js';
import { HOUR } from '../../../support/virtual-clock.js';

const NAMES = Array.from({ length: 1000 }, (_, i) => `${i}`);

const flushesOf = (disk: SimulatedDisk) =>
  disk.journal.filter((line) => line.startsWith('sync /store/commitlog/')).length;

describe('TimerBatch', () => {
  it('stores with few flushes what became due while the disk was slow', async () => {
    const broker = await TimerBroker.open({ flushDiskType: 'SYNC_FLUSH' });
    await broker.send('pending', broker.in(HOUR));
    broker.disk.holdsSyncs = true;
    const sent = Promise.all(NAMES.map((name) => broker.send(name, broker.in(1000))));
    await broker.pass(4000);
    broker.disk.journal.length = 0;
    broker.disk.releaseSyncs();
    await sent;
    for (let i = 0; i < 100; i++) await broker.pass(100);
    expect(await broker.arrived()).toEqual(NAMES);
    expect(flushesOf(broker.disk)).toBeLessThan(16);
  });
});
