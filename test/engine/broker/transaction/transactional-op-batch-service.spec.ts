import { describe, expect, it } from 'vitest';
import type { EngineOptions } from '../../../../lib/engine/index.js';
import { SimulatedDisk } from '../../../support/simulated-file-system.js';
import { TestClient } from '../../../support/test-client.js';
import { startEngine } from '../../../support/test-engine.js';
import { bodies } from '../../../support/test-peers.js';
import { checksOf, COMMIT, end, GROUP, OP_TOPIC, sendHalf } from '../../../support/transactions.js';
import { SECOND, settle, VirtualClock } from '../../../support/virtual-clock.js';

describe('the note that a transaction has ended', () => {
  it('waits for the flush of the message, however long that takes', async () => {
    const clock = new VirtualClock();
    const disk = new SimulatedDisk({ now: () => clock.now() });
    const engine: EngineOptions = { flushDiskType: 'SYNC_FLUSH' };
    const start = () => startEngine({ directory: '/store', clock, engine, fileSystem: disk.mount() });
    const client = await TestClient.open(await start());
    await client.producerHeartbeat('one', GROUP);
    const half = await sendHalf(client, 't', { body: 'm', bornTimestamp: clock.now() });
    await settle();
    disk.holdsSyncs = true;
    const ended = end(client, half, COMMIT);
    await clock.advance(20 * SECOND);
    expect((await ended).code).toBe(0);
    expect(disk.heldSyncCount).toBe(1);
    const written = disk.content('/store/commitlog/00000000000000000000').toString('latin1');
    expect(written).not.toContain(OP_TOPIC);
    disk.releaseSyncs();
    await clock.advance(4 * SECOND);
    expect(bodies(await client.read(OP_TOPIC))).toEqual(['0,']);
    await clock.advance(60 * SECOND);
    expect(checksOf(client)).toEqual([]);
    expect(bodies(await client.read('t'))).toEqual(['m']);
  });
});
