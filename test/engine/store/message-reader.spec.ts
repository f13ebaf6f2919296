import { describe, expect, it } from 'vitest';
import type { EvaluationContext } from '../../../lib/common/filter/expression.js';
import { decodeMessages } from '../../../lib/common/message-decoder.js';
import type { GetMessageResult } from '../../../lib/engine/store/get-message-result.js';
import { idsIn, idsOf, SimulatedStore } from '../../support/simulated-store.js';
import { get } from '../../support/test-store.js';
import { settle } from '../../support/virtual-clock.js';

const LOG_FILE_SIZE = 256 * 1024;
/** Every record counts as cold that is not in memory for certain. */
const COLD = { accessMessageInMemoryMaxRatio: 0 };

/** More messages than the newest part of the log in memory holds. */
async function largeStore(config = {}): Promise<SimulatedStore> {
  const store = new SimulatedStore({ mappedFileSizeCommitLog: LOG_FILE_SIZE, ...config });
  await store.send(240, { body: Buffer.alloc(8000, 'large ') });
  return store;
}

describe('reading', () => {
  it('gives the newest messages from memory, older ones from files, and all of them alike', async () => {
    const store = await largeStore();
    const reads = store.countLogReads();
    const newest = await get(store.store, 'TopicA', 0, 235);
    expect(idsIn(newest)).toEqual(idsOf(store.stored.slice(235)));
    expect(reads.count, 'no file is read for the newest').toBe(0);
    const oldest = await get(store.store, 'TopicA', 0, 0);
    expect(idsIn(oldest).length).toBeGreaterThan(10);
    expect(reads.count).toBeGreaterThan(0);
    expect(await store.ids()).toEqual(idsOf(store.stored));
    const before = await store.read();
    await store.close();
    store.open();
    const after = await store.read();
    expect(after).toHaveLength(before.length);
    expect(after.every(({ body }, i) => body.equals(before[i]!.body))).toBe(true);
  });

  it.each([0, 1])(
    'proves by its checksum what is read from a file with every second one damaged, %i',
    async (odd) => {
      const store = await largeStore({ mappedFileSizeCommitLog: 4 * 1024 * 1024 });
      store.stored.forEach(({ commitLogOffset }, i) => {
        if (i % 2 === odd) store.damageLog(commitLogOffset + 1000, Buffer.from('damaged'));
      });
      for (let offset = 0; offset < store.stored.length; offset++) {
        const { messages } = await get(store.store, 'TopicA', 0, offset);
        expect(messages.includes('damaged'), `from offset ${offset}`).toBe(false);
      }
      expect((await store.ids()).length).toBeGreaterThan(150);
    },
  );

  it('never blocks for a record that is cold, and reads neighbours at once', async () => {
    const store = await largeStore(COLD);
    let result: GetMessageResult | undefined;
    store.store.getMessage('TopicA', 0, 0, 32, undefined, (found) => (result = found));
    expect(result, 'not before the disk has answered').toBeUndefined();
    await settle();
    expect(idsIn(result!)).toEqual(idsOf(store.stored.slice(0, 8)));
    const hot = new SimulatedStore();
    await hot.send(3);
    hot.store.getMessage('TopicA', 0, 0, 32, undefined, (found) => (result = found));
    expect(idsIn(result!)).toEqual(idsOf(hot.stored));
  });

  it.each([
    ['hot', {}, 32, 262_144],
    ['cold', COLD, 8, 65_536],
  ])('ends a pull of %s messages at so many, and at so many bytes', async (_, config, count, bytes) => {
    const many = new SimulatedStore(config);
    await many.send(50, { body: Buffer.alloc(10) });
    await many.close();
    many.open();
    expect((await get(many.store, 'TopicA', 0, 0, 100)).messageCount).toBe(count);
    expect((await get(many.store, 'TopicA', 0, 0, 5)).messageCount).toBe(5);
    const large = new SimulatedStore({
      mappedFileSizeCommitLog: LOG_FILE_SIZE,
      maxMessageSize: 64 * 1024,
      ...config,
    });
    await large.send(8, { body: Buffer.alloc(60_000) });
    await large.close();
    large.open();
    const { messages, messageCount, nextBeginOffset } = await get(large.store, 'TopicA', 0, 0, 100);
    expect(messages.length).toBeLessThanOrEqual(bytes);
    expect(messageCount).toBe(Math.floor(bytes / large.stored[0]!.size));
    expect(nextBeginOffset).toBe(messageCount);
  });

  it('gives a message that alone is above the limit', async () => {
    const store = new SimulatedStore({ maxTransferBytesOnMessageInMemory: 100 });
    await store.send(3);
    expect(idsIn(await get(store.store, 'TopicA', 0, 1))).toEqual(['m1']);
  });

  it('passes over what a filter does not want, and says how far it came', async () => {
    const store = new SimulatedStore();
    for (let i = 0; i < 40; i++)
      await store.send(1, {
        properties: new Map([
          ['UNIQ_KEY', `t${i}`],
          ['TAGS', `T${i % 4}`],
        ]),
      });
    const wanted = store.store.getTagsCode('TopicA', 0, 2)!;
    const result = await get(store.store, 'TopicA', 0, 0, 5, {
      ofUnit: (tagsCode) => tagsCode === wanted,
    });
    expect(idsIn(result)).toEqual(['t2', 't6', 't10', 't14', 't18']);
    const none = await get(store.store, 'TopicA', 0, 0, 5, { ofUnit: () => false });
    expect(none).toMatchObject({ status: 'NO_MATCHED_MESSAGE', nextBeginOffset: 40, messageCount: 0 });
  });

  it.each([
    ['hot', {}],
    ['cold', COLD],
  ])('gives the records of %s messages that a filter wants, within all limits', async (_, config) => {
    const limits = { maxFilterMessageSize: 30 * 20, maxTransferBytesOnMessageInMemory: 12_000 };
    const store = new SimulatedStore({ ...config, ...limits });
    for (let i = 0; i < 100; i++)
      await store.send(1, {
        body: Buffer.alloc(i % 7 === 0 ? 5000 : 10),
        properties: new Map([
          ['UNIQ_KEY', `t${i}`],
          ['n', `${i}`],
        ]),
      });
    for (const [name, isWanted] of Object.entries({
      all: () => true,
      none: () => false,
      some: (n: number) => n % 5 === 2,
      large: (n: number) => n % 7 === 0,
      late: (n: number) => n > 70,
    })) {
      const found: string[] = [];
      for (let offset = 0, pulls = 0; offset < 100; pulls++) {
        const filter = { ofRecord: (properties: EvaluationContext) => isWanted(Number(properties.get('n'))) };
        const result = await get(store.store, 'TopicA', 0, offset, 6, filter);
        expect(result.messageCount).toBe(idsIn(result).length);
        expect(result.messageCount).toBeLessThanOrEqual(6);
        expect(result.messages.length).toBeLessThanOrEqual(12_000);
        expect(result.nextBeginOffset).toBeGreaterThan(offset);
        expect(result.nextBeginOffset).toBeLessThanOrEqual(offset + 40);
        expect(pulls).toBeLessThan(101);
        found.push(...idsIn(result));
        offset = result.nextBeginOffset;
      }
      const wanted = Array.from({ length: 100 }, (_n, i) => i).filter(isWanted);
      expect(found, name).toEqual(wanted.map((n) => `t${n}`));
    }
  });

  it('keeps of what a filter leaves out nothing in memory', async () => {
    const store = new SimulatedStore({ mappedFileSizeCommitLog: LOG_FILE_SIZE });
    // Smaller ones come from memory that Node shares out.
    await store.send(20, { body: Buffer.alloc(Buffer.poolSize) });
    let looked = 0;
    const { messages } = await get(store.store, 'TopicA', 0, 0, 20, { ofRecord: () => ++looked === 10 });
    expect(messages.length).toBeGreaterThan(Buffer.poolSize);
    expect(messages.buffer.byteLength).toBeLessThan(2 * messages.length);
  });

  it('looks at no more entries in one pull than maxFilterMessageSize says', async () => {
    const store = new SimulatedStore({ maxFilterMessageSize: 20 * 20 });
    await store.send(50);
    const none = await get(store.store, 'TopicA', 0, 0, 5, { ofUnit: () => false });
    expect(none).toMatchObject({ status: 'NO_MATCHED_MESSAGE', nextBeginOffset: 20 });
    const many = await get(store.store, 'TopicA', 0, 0, 2 ** 31 - 1, { ofUnit: () => false });
    expect(many.nextBeginOffset, 'maxTransferCountOnMessageInMemory').toBe(32);
  });

  it('looks at no more than 16 MiB of records in one pull', async () => {
    const size = 1024 * 1024;
    const store = new SimulatedStore({ mappedFileSizeCommitLog: 32 * size, maxMessageSize: size });
    await store.send(20, { body: Buffer.alloc(size) });
    const none = await get(store.store, 'TopicA', 0, 0, 5, { ofRecord: () => false });
    expect(none).toMatchObject({ status: 'NO_MATCHED_MESSAGE', nextBeginOffset: 16 });
    const rest = await get(store.store, 'TopicA', 0, 16, 5, { ofRecord: () => false });
    expect(rest.nextBeginOffset).toBe(20);
  });

  it('looks at no more than 1 MiB of properties in one pull', async () => {
    const store = new SimulatedStore({ mappedFileSizeCommitLog: 4 * 1024 * 1024 });
    const properties = new Map([['large', 'x'.repeat(32_000)]]);
    for (let i = 0; i < 40; i++) await store.send(1, { properties });
    const ofRecord = (record: EvaluationContext) => record.get('absent') !== undefined;
    const none = await get(store.store, 'TopicA', 0, 0, 5, { ofRecord });
    expect(none.status).toBe('NO_MATCHED_MESSAGE');
    expect(none.nextBeginOffset).toBeGreaterThan(31);
    expect(none.nextBeginOffset).toBeLessThan(40);
  });

  it('believes no entry that names more than a frame carries before the record says so', async () => {
    const size = 3 * 1024 * 1024;
    const store = new SimulatedStore({ mappedFileSizeCommitLog: 64 * 1024 * 1024, maxMessageSize: size });
    await store.send(8, { body: Buffer.alloc(size) });
    await store.close();
    const length = Buffer.alloc(4);
    length.writeInt32BE(20 * 1024 * 1024);
    store.disk.damage(store.path('consumequeue/TopicA/0/00000000000000000000'), 8, length);
    store.open();
    const sizes: number[] = [];
    const allocator = {
      allocate(bytes: number) {
        sizes.push(bytes);
        return Buffer.alloc(bytes);
      },
    };
    await new Promise((resolve) => store.store.getMessage('TopicA', 0, 0, 1, undefined, resolve, allocator));
    expect(sizes).toEqual([store.stored[0]!.size]);
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });

  it.each([
    ['a queue that does not exist', 'TopicX', 0, 5, 'NO_MATCHED_LOGIC_QUEUE', 0],
    ['the end of the queue', 'TopicA', 0, 10, 'OFFSET_OVERFLOW_ONE', 10],
    ['behind the end of the queue', 'TopicA', 0, 11, 'OFFSET_OVERFLOW_BADLY', 10],
    ['before its start', 'TopicA', 0, -1, 'OFFSET_TOO_SMALL', 0],
  ])('at %s says so, and where to go on', async (_, topic, queueId, offset, status, nextBeginOffset) => {
    const store = new SimulatedStore();
    await store.send(10);
    expect(await get(store.store, topic, queueId, offset)).toMatchObject({
      status,
      nextBeginOffset,
      messageCount: 0,
    });
  });

  it('proves what it reads: damage that befalls an open store costs only what it hits', async () => {
    const store = await largeStore();
    const victim = store.stored[3]!;
    store.damageLog(victim.commitLogOffset + 500, Buffer.from([0xff]));
    expect(await store.ids()).toEqual(idsOf(store.stored.filter((message) => message !== victim)));
    const lines = store.logger.lines.join('\n');
    expect(lines).toContain('ERROR Messages 3 to 3 of TopicA/0 cannot be read');
    expect(lines).toContain(`${victim.size} bytes (${store.logFile(victim.commitLogOffset)})`);
  });

  it('does not pass on a record of another queue that was copied over one of this', async () => {
    const store = await largeStore();
    const [other] = await store.send(1, { queueId: 1, body: Buffer.alloc(8000, 'large ') });
    const victim = store.stored[3]!;
    const copy = Buffer.from(store.record(other!));
    store.damageLog(victim.commitLogOffset, copy);
    expect(await store.ids()).not.toContain(other!.id);
    expect(store.store.lookMessageByOffset(victim.commitLogOffset)).toBeUndefined();
  });

  it('of a position of the log finds the record that begins there, and nothing else', async () => {
    const store = new SimulatedStore();
    await store.send(60);
    for (const { commitLogOffset, id, size } of store.stored) {
      expect(decodeMessages(store.store.lookMessageByOffset(commitLogOffset)!)[0]!.msgId).toBe(id);
      expect(store.store.lookMessageByOffset(commitLogOffset + 1)).toBeUndefined();
      expect(store.store.lookMessageByOffset(commitLogOffset + size - 1)).toBeUndefined();
    }
    for (const offset of [-1, 2 ** 50, Number.MAX_SAFE_INTEGER])
      expect(store.store.lookMessageByOffset(offset)).toBeUndefined();
  });
});
