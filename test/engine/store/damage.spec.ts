import { describe, expect, it } from 'vitest';
import { idsOf, SimulatedStore, TINY_FILES, type StoredMessage } from '../../support/simulated-store.js';

const FILE_SIZE = TINY_FILES.mappedFileSizeCommitLog!;

/** How the store ended before the damage: a start after a clean end reads only a little of the log. */
const ENDS = ['a clean end', 'a kill'] as const;
type End = (typeof ENDS)[number];

/** A store with three commit-log files, of which the last messages came after the last checkpoint; not open. */
async function closedStore(end: End): Promise<SimulatedStore> {
  const store = new SimulatedStore();
  for (let i = 0; i < 70; i++) await store.send(1, { queueId: i % 2 });
  await store.checkpoint();
  for (let i = 70; i < 90; i++) await store.send(1, { queueId: i % 2 });
  if (end === 'a kill') store.kill();
  else await store.close();
  return store;
}

/** Everything but `lost` can be read where it was; the store takes more, and keeps it over another start. */
async function expectOnlyLost(store: SimulatedStore, lost: readonly StoredMessage[]): Promise<void> {
  const isLost = new Set(idsOf(lost));
  const check = async () => {
    for (const queueId of [0, 1]) {
      const kept = store.stored.filter((message) => message.queueId === queueId && !isLost.has(message.id));
      const read = await store.read('TopicA', queueId);
      expect(read.map(({ msgId }) => msgId)).toEqual(idsOf(kept));
      expect(read.map(({ queueOffset }) => queueOffset)).toEqual(kept.map(({ queueOffset }) => queueOffset));
    }
  };
  await check();
  expectReported(store, lost);
  await store.send(40);
  await check();
  await store.close();
  store.open();
  await check();
}

/** One line names the file and a range of bytes of the log that holds the message. */
function expectReported(store: SimulatedStore, lost: readonly StoredMessage[]): void {
  const errors = store.logger.lines.filter((line) => line.startsWith('ERROR'));
  for (const { id, commitLogOffset, size } of lost) {
    const named = errors.filter((line) => {
      const [, from, to] = /bytes (\d+) to (\d+)/i.exec(line) ?? [];
      return Number(from) <= commitLogOffset && Number(to) >= commitLogOffset + size - 1;
    });
    expect(named.join('\n'), `${id} at ${commitLogOffset} in\n${errors.join('\n')}`).toContain(
      store.logFile(commitLogOffset),
    );
  }
}

/** Flips one bit of a record. */
function flip(store: SimulatedStore, victim: StoredMessage, position: number, mask: number): void {
  const byte = store.record(victim)[position]!;
  store.damageLog(victim.commitLogOffset + position, Buffer.from([byte ^ mask]));
}

/** Where the parts of a record begin that these tests write. */
const PARTS: readonly (readonly [name: string, position: (size: number) => number, mask: number])[] = [
  ['the length (shorter)', () => 3, 1],
  ['the length (beyond the file)', () => 0, 0x40],
  ['the length (negative)', () => 0, 0x80],
  ['the magic code', () => 4, 1],
  ['the checksum of the body', () => 9, 1],
  ['the queue id', () => 15, 1],
  ['the flag', () => 19, 4],
  ['the queue offset', () => 27, 1],
  ['the position', () => 35, 1],
  ['the sysFlag (length of a host)', () => 39, 0x10],
  ['the store timestamp', () => 60, 0x80],
  ['the length of the body', () => 87, 8],
  ['the body', () => 120, 1],
  ['the topic', () => 88 + 300 + 1, 1],
  ['a property', (size) => size - 30, 1],
  ['the checksum', (size) => size - 5, 1],
];

describe.each(ENDS)('after %s, a flipped bit in', (end) => {
  it.each(PARTS)('%s costs that message only', async (_, position, mask) => {
    const store = await closedStore(end);
    // In the first file, in the last one before the checkpoint, and behind it.
    const victims = [8, 60, 80].map((i) => store.stored[i]!);
    for (const victim of victims) flip(store, victim, position(victim.size), mask);
    store.open();
    await expectOnlyLost(store, victims);
  });

  it('the very first record costs that message only', async () => {
    const store = await closedStore(end);
    flip(store, store.stored[0]!, 100, 1);
    store.open();
    await expectOnlyLost(store, [store.stored[0]!]);
  });

  it('the very last record costs that message, and its offset is not given again', async () => {
    const store = await closedStore(end);
    const last = store.stored.at(-1)!;
    flip(store, last, 100, 1);
    store.open();
    expect(await store.ids('TopicA', 1)).toEqual(
      idsOf(store.stored.filter(({ queueId, id }) => queueId === 1 && id !== last.id)),
    );
    const [next] = await store.send(1, { queueId: 1 });
    // After a kill a last record that is not whole is one that was never acknowledged.
    expect(next!.queueOffset).toBe(end === 'a kill' ? last.queueOffset : last.queueOffset + 1);
  });
});

describe('a power cut that takes one of the messages behind the last checkpoint, and leaves those behind it', () => {
  const isRebuilt = ({ logger }: SimulatedStore) => logger.lines.join('\n').includes('Rebuilding');

  it('does not have all of the log read', async () => {
    const store = await closedStore('a kill');
    const victim = store.stored[80]!;
    store.damageLog(victim.commitLogOffset, Buffer.alloc(victim.size));
    store.open();
    expect(isRebuilt(store)).toBe(false);
    await expectOnlyLost(store, [victim]);
  });

  it('has all of the log read when its queue lacks messages before the checkpoint, too', async () => {
    const store = await closedStore('a kill');
    const victim = store.stored[80]!;
    store.damageLog(victim.commitLogOffset, Buffer.alloc(victim.size));
    // Its entries from 29 on, of 35 that the checkpoint covers.
    store.disk.damage(store.path('consumequeue/TopicA/0/00000000000000000500'), 80, Buffer.alloc(420));
    store.open();
    expect(isRebuilt(store)).toBe(true);
    await expectOnlyLost(store, [victim]);
  });
});

describe.each(ENDS)('after %s, the log', (end) => {
  it.each([
    ['512 bytes in the middle of the first file', 5120, 512],
    ['4 KiB in the middle of the log', FILE_SIZE + 8192, 4096],
    ['4 KiB at the start of a file', FILE_SIZE, 4096],
    ['a whole file', FILE_SIZE, FILE_SIZE],
    ['the whole first file', 0, FILE_SIZE],
  ])('with %s zeroed loses the messages there only', async (_, offset, length) => {
    const store = await closedStore(end);
    const lost = store.stored.filter(
      ({ commitLogOffset, size }) => commitLogOffset < offset + length && commitLogOffset + size > offset,
    );
    expect(lost.length).toBeGreaterThan(0);
    store.damageLog(offset, Buffer.alloc(length));
    store.open();
    await expectOnlyLost(store, lost);
  });

  it('with noise in a block loses the messages there only', async () => {
    const store = await closedStore(end);
    const lost = store.stored.filter(
      ({ commitLogOffset, size }) => commitLogOffset < 10_240 && commitLogOffset + size > 8192,
    );
    store.damageLog(8192, Buffer.alloc(2048, Buffer.from('daa320a7ffffffff', 'hex')));
    store.open();
    await expectOnlyLost(store, lost);
  });

  it.each([
    ['in the middle', 1],
    ['at its start', 0],
  ])('without the file %s loses its messages only, and names the range', async (where, number) => {
    const store = await closedStore(end);
    const path = store.logFile(number * FILE_SIZE);
    const lost = store.stored.filter(({ commitLogOffset }) => store.logFile(commitLogOffset) === path);
    store.disk.delete(path);
    store.open();
    const range = `Bytes ${number * FILE_SIZE} to ${(number + 1) * FILE_SIZE - 1} of the commit log are missing`;
    // That a log begins late after a kill may be expiry.
    if (where === 'in the middle' || end === 'a clean end')
      expect(store.logger.lines.join()).toContain(range);
    for (const queueId of [0, 1]) {
      const kept = store.stored.filter((message) => message.queueId === queueId && !lost.includes(message));
      expect(await store.ids('TopicA', queueId)).toEqual(idsOf(kept));
    }
  });

  it('without a file in the middle, does not open on a disk that fails, and says why', async () => {
    const store = await closedStore('a kill');
    store.disk.delete(store.logFile(FILE_SIZE));
    store.disk.faults.push({ operation: 'sync', path: /commitlog/, code: 'EIO', times: 1 });
    expect(() => store.open()).toThrow('EIO');
  });

  it.each([
    ['in the middle, is read as far as it goes', 1],
    ['at its end, is read as far as it goes', 2],
  ])('with a file that was cut %s', async (_, number) => {
    const store = await closedStore(end);
    const path = store.logFile(number * FILE_SIZE);
    const cut = 2000;
    const lost = store.stored.filter(
      ({ commitLogOffset: offset, size }) =>
        store.logFile(offset) === path && (offset % FILE_SIZE) + size > cut,
    );
    expect(lost.length).toBeGreaterThan(0);
    store.disk.cut(path, cut);
    store.open();
    expect(store.logger.lines.join('\n')).toContain(`${path} has ${cut} of ${FILE_SIZE} bytes`);
    for (const queueId of [0, 1]) {
      const kept = store.stored.filter((message) => message.queueId === queueId && !lost.includes(message));
      expect(await store.ids('TopicA', queueId)).toEqual(idsOf(kept));
    }
    expect(store.content(`commitlog/${path.slice(-20)}`)).toHaveLength(FILE_SIZE);
  });

  it('whose last file is one byte short is opened as if it were not', async () => {
    const store = await closedStore(end);
    const last = store.logFile(store.stored.at(-1)!.commitLogOffset);
    store.disk.cut(last, FILE_SIZE - 1);
    store.open();
    await expectOnlyLost(store, []);
  });
});
