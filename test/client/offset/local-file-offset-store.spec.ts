import { describe, expect, it } from 'vitest';
import { LocalFileOffsetStore } from '../../../lib/client/offset/local-file-offset-store.js';
import { JsonFile } from '../../../lib/common/json-file.js';
import { SimulatedDisk } from '../../support/simulated-file-system.js';

const mq = { topic: 't', brokerName: 'a', queueId: 0 };

describe('offsets in a file', () => {
  it('are saved by the next call when one could not save them', async () => {
    const disk = new SimulatedDisk({ now: () => 0 });
    const open = () => new LocalFileOffsetStore(new JsonFile(disk.mount(), '/offsets/offsets.json'));
    const store = open();
    store.updateOffset(mq, 10, true);
    disk.faults.push({ operation: 'write', path: /tmp$/, code: 'ENOSPC', times: 1 });
    await expect(store.persistAll()).rejects.toThrow('ENOSPC');
    await store.persistAll();
    const again = open();
    await again.load();
    expect(again.memoryOffset(mq)).toBe(10);
  });
});
