import { describe, expect, it } from 'vitest';
import { decodeMessages } from '../../../lib/common/message-decoder.js';
import { SimulatedStore } from '../../support/simulated-store.js';

const MIB = 1024 * 1024;
const HEAD_SIZE = 88;

/** A store with 20 messages of a mebibyte and one key. */
async function largeStore(first?: Buffer): Promise<SimulatedStore> {
  const store = new SimulatedStore({ mappedFileSizeCommitLog: 32 * MIB, maxMessageSize: MIB });
  if (first !== undefined) await store.send(1, { body: first });
  await store.send(20, { body: Buffer.alloc(MIB), properties: new Map([['KEYS', 'k']]) });
  return store;
}

describe('MessageLookup', () => {
  it('does not read as much as what only begins like a record says', async () => {
    const forged = Buffer.alloc(200);
    forged.writeInt32BE(17 * MIB, 0);
    forged.writeBigInt64BE(BigInt(HEAD_SIZE), 28);
    const store = await largeStore(forged);
    expect(store.record(store.stored[0]!).indexOf(forged)).toBe(HEAD_SIZE);
    const reads = store.countLogReads();
    expect(store.store.lookMessageByOffset(HEAD_SIZE)).toBeUndefined();
    expect(reads.count, 'its head').toBe(1);
  });

  it('gives the newest messages of a key, as many as a frame carries', async () => {
    const store = await largeStore();
    const records = store.store.queryMessage('TopicA', 'k', 64, 0, Number.MAX_SAFE_INTEGER);
    const offsets = records.map((record) => decodeMessages(record)[0]!.queueOffset);
    expect(offsets).toEqual(Array.from({ length: 15 }, (_, i) => 19 - i));
  });
});
