import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeMessages } from '../../../lib/common/message-decoder.js';
import type { DefaultMessageStore } from '../../../lib/engine/store/default-message-store.js';
import { storeConfigOf, unpackStore, type StoreManifest } from '../../support/apache-vectors.js';
import { comparable, fieldsOf } from '../../support/message-fields.js';
import { StoreReader } from '../../support/store-reader.js';
import { innerMessage, openStore, put, readAll, RecordingLogger } from '../../support/test-store.js';
import { VirtualClock } from '../../support/virtual-clock.js';

const MAX_PER_QUERY = 64;

interface Opened {
  readonly store: DefaultMessageStore;
  readonly directory: string;
  readonly manifest: StoreManifest;
  readonly logger: RecordingLogger;
}

function open(directory: string, manifest: StoreManifest): Opened {
  const newest = Math.max(...manifest.messages.map(({ storeTimestamp }) => storeTimestamp));
  const logger = new RecordingLogger();
  const clock = new VirtualClock(newest + 60_000);
  const store = openStore(directory, { config: storeConfigOf(manifest), clock, logger });
  return { store, directory, manifest, logger };
}

function openApache(name: 'clean' | 'crashed'): Opened {
  const { directory, manifest } = unpackStore(name);
  return open(directory, manifest);
}

/** Commit-log offsets of what a query finds, in ascending order. */
function query(
  store: DefaultMessageStore,
  topic: string,
  key: string,
  maxNum: number,
  begin = 0,
  end = Number.MAX_SAFE_INTEGER,
): number[] {
  const records = store.queryMessage(topic, key, maxNum, begin, end);
  return decodeMessages(Buffer.concat(records))
    .map(({ commitLogOffset }) => commitLogOffset)
    .sort((a, b) => a - b);
}

function expectQueries({ store, manifest }: Opened): void {
  expect(manifest.queryMessage.length).toBeGreaterThan(5);
  for (const { topic, key, maxNum, begin, end, commitLogOffsets } of manifest.queryMessage)
    expect(query(store, topic, key, maxNum, begin, end), `${topic} ${key}`).toEqual(commitLogOffsets);
}

async function expectAllMessages({ store, manifest }: Opened): Promise<void> {
  for (const { topic, queueId, minOffset, maxOffset } of manifest.queues) {
    expect(store.getMinOffsetInQueue(topic, queueId)).toBe(minOffset);
    expect(store.getMaxOffsetInQueue(topic, queueId)).toBe(maxOffset);
    const expected = manifest.messages.filter((m) => m.topic === topic && m.queueId === queueId);
    expect((await readAll(store, topic, queueId)).map(fieldsOf)).toEqual(expected.map(comparable));
    for (const { queueOffset, tagsCode, storeTimestamp } of expected) {
      expect(store.getTagsCode(topic, queueId, queueOffset)).toBe(tagsCode);
      expect(store.getMessageStoreTimestamp(topic, queueId, queueOffset)).toBe(storeTimestamp);
    }
  }
  const queueCount = [...store.topics()].reduce((sum, [, maxQueueId]) => sum + maxQueueId + 1, 0);
  // Level 10 has the queue 9 of the schedule topic; those between it and level 1 do not exist.
  expect(queueCount).toBe(manifest.queues.length + 8);
}

describe.each(['clean', 'crashed'] as const)('the %s store of an Apache broker', (name) => {
  it('has every message, queue, offset and tags code that Apache finds in it', async () => {
    const opened = openApache(name);
    await expectAllMessages(opened);
    await opened.store.close();
  });

  it('finds by key, unique id and time what Apache finds', async () => {
    const opened = openApache(name);
    expectQueries(opened);
    const { store, manifest } = opened;
    for (const { topic, queueId, timestamp, lower, upper } of manifest.offsetByTimestamp) {
      expect(store.getOffsetInQueueByTime(topic, queueId, timestamp, 'lower')).toBe(lower);
      expect(store.getOffsetInQueueByTime(topic, queueId, timestamp, 'upper')).toBe(upper);
    }
    await store.close();
  });

  it('has every message in the index, under its id and each of its keys', async () => {
    const { store, manifest } = openApache(name);
    const byKey = new Map<string, number[]>();
    for (const { topic, properties, commitLogOffset } of manifest.messages) {
      const keys = [properties['UNIQ_KEY'], ...(properties['KEYS'] ?? '').split(' ')];
      for (const key of new Set(keys)) {
        if (!key) continue;
        const place = `${topic} ${key}`;
        byKey.set(place, [...(byKey.get(place) ?? []), commitLogOffset]);
      }
    }
    expect(byKey.size).toBeGreaterThan(300);
    for (const [place, offsets] of byKey) {
      const [topic, key] = place.split(' ') as [string, string];
      const newest = offsets.sort((a, b) => a - b).slice(-MAX_PER_QUERY);
      expect(query(store, topic, key, MAX_PER_QUERY), place).toEqual(newest);
    }
    await store.close();
  });

  it('goes on behind the last byte that Apache counts, and is whole after that', async () => {
    const opened = openApache(name);
    const { store, manifest, directory } = opened;
    const outcome = await put(store, innerMessage({ topic: 'TopicA', queueId: 1 }));
    const { maxOffset } = manifest.queues.find(({ topic, queueId }) => topic === 'TopicA' && queueId === 1)!;
    expect(outcome.status).toBe('PUT_OK');
    expect(outcome.records[0]!.commitLogOffset).toBe(manifest.commitLog.maxOffset);
    expect(outcome.records[0]!.consumeQueueOffset).toBe(maxOffset);
    await store.close();
    const again = open(directory, manifest);
    expect(await readAll(again.store, 'TopicA', 1)).toHaveLength(maxOffset + 1);
    await again.store.close();
  });

  it('keeps its files, their lengths and every record as they were', async () => {
    const before = unpackStore(name);
    const opened = openApache(name);
    await opened.store.close();
    const kept = Object.entries(opened.manifest.files).filter(([path]) => !isReplaced(path, opened.manifest));
    const files = relativeFiles(opened.directory);
    for (const [path, size] of kept) expect(files.get(path), path).toBe(size);
    const added = [...files.keys()].filter((path) => !Object.hasOwn(opened.manifest.files, path));
    expect(added.filter((path) => !path.startsWith('index/'))).toEqual(['config/consumeQueueEnd.json']);
    const indexSizes = [...files].filter(([path]) => path.startsWith('index/')).map(([, size]) => size);
    expect(indexSizes).toEqual([20_040, 20_040]);
    const { maxOffset } = opened.manifest.commitLog;
    expect(readLog(opened.directory, maxOffset).equals(readLog(before.directory, maxOffset))).toBe(true);
  });

  it('is the log that a reader of nothing but the layout finds', () => {
    const { directory, manifest } = unpackStore(name);
    const names = readdirSync(join(directory, 'commitlog')).sort();
    const { records, blanks, end } = new StoreReader(
      names.map((file) => readFileSync(join(directory, 'commitlog', file))),
    );
    expect(end).toBe(manifest.commitLog.maxOffset);
    expect(records.map(({ position, size, topic }) => [position, size, topic])).toEqual(
      manifest.messages
        .map(({ commitLogOffset, storeSize, topic }) => [commitLogOffset, storeSize, topic] as const)
        .sort(([a], [b]) => a - b),
    );
    expect(blanks.map(({ position }) => position)).toEqual(manifest.blanks.map(({ offset }) => offset));
  });

  it('is opened without a complaint about damage', async () => {
    const { store, logger } = openApache(name);
    expect(logger.lines.filter((line) => line.startsWith('ERROR'))).toEqual([]);
    await store.close();
  });
});

describe('the crashed store of an Apache broker', () => {
  it('is the same when its ConsumeQueues, its index and its checkpoint are gone', async () => {
    const { directory, manifest } = unpackStore('crashed');
    for (const part of ['consumequeue', 'index', 'checkpoint'])
      rmSync(join(directory, part), { recursive: true });
    const opened = open(directory, manifest);
    await expectAllMessages(opened);
    expectQueries(opened);
    await opened.store.close();
  });
});

function relativeFiles(directory: string): Map<string, number> {
  const paths = readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort();
  const files = paths.map((path) => [path, statSync(join(directory, path))] as const);
  return new Map(files.filter(([, file]) => file.isFile()).map(([path, { size }]) => [path, size]));
}

/**
 * Whether a path is that of the commit-log file that was created ahead of its use, which a clean end removes; of the
 * mark of an unclean end; or of an index file, the newest of which Apache leaves without a header when it is killed.
 */
function isReplaced(path: string, { commitLog }: StoreManifest): boolean {
  if (path === 'abort' || path.startsWith('index/')) return true;
  return path.startsWith('commitlog/') && Number(path.slice(-20)) >= commitLog.maxOffset;
}

function readLog(directory: string, length: number): Buffer {
  const files = readdirSync(join(directory, 'commitlog')).sort();
  const bytes = Buffer.concat(files.map((file) => readFileSync(join(directory, 'commitlog', file))));
  return bytes.subarray(0, length);
}
