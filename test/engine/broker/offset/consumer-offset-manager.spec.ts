import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RequestCode } from '../../../../lib/remoting/request-code.js';
import { createTopic } from '../../../conformance/admin-client.js';
import { eventually } from '../../../support/eventually.js';
import { TestClient } from '../../../support/test-client.js';
import { readTable, startEngine, writeTable, type TestEngine } from '../../../support/test-engine.js';
import { temporaryDirectory } from '../../../support/test-store.js';
import { VirtualBroker } from '../../../support/virtual-broker.js';
import { SECOND, VirtualClock } from '../../../support/virtual-clock.js';

const FILE = 'consumerOffset.json';

async function commit(engine: TestEngine, topic: string, group: string, offsets: number[]): Promise<void> {
  const client = await TestClient.open(engine);
  await client.send(topic);
  await client.heartbeat('c', group, { [topic]: '*' });
  for (const [queueId, commitOffset] of offsets.entries()) {
    const header = { consumerGroup: group, topic, queueId, commitOffset };
    await client.call(RequestCode.UPDATE_CONSUMER_OFFSET, header);
  }
}

async function query(engine: TestEngine, topic: string, consumerGroup: string, queueId: number) {
  const client = await TestClient.open(engine);
  const header = { topic, consumerGroup, queueId };
  return (await client.call(RequestCode.QUERY_CONSUMER_OFFSET, header)).header?.offset;
}

describe('ConsumerOffsetManager', () => {
  it('writes changes 5 s later, and all of them at the end', async () => {
    const clock = new VirtualClock();
    const directory = temporaryDirectory();
    const engine = await startEngine({ directory, clock });
    await commit(engine, 't', 'g', [3]);
    await clock.advance(4999);
    expect(existsSync(join(directory, 'config', FILE))).toBe(false);
    await clock.advance(1);
    await eventually(() => existsSync(join(directory, 'config', FILE)));
    await commit(engine, 't', 'g', [3, 8]);
    await engine.close();
    expect(JSON.parse(quoteKeys(readTable(directory, FILE))).offsetTable).toEqual({ 't@g': { 0: 3, 1: 8 } });
  });

  it.each([0, 1])(
    'has none in a topic whose deletion was cut off by a crash (%i sent later)',
    async (sent) => {
      const broker = await VirtualBroker.open();
      const { disk } = broker;
      const queue = { consumerGroup: 'g', topic: 't', queueId: 0 };
      for (let i = 0; i < 5; i++) await broker.client.send('t');
      await broker.client.heartbeat('c', 'g', { t: '*' });
      await broker.client.call(RequestCode.UPDATE_CONSUMER_OFFSET, { ...queue, commitOffset: 5 });
      await broker.pass(5 * SECOND);
      await eventually(() => disk.node(`/store/config/${FILE}`) !== undefined);
      disk.faults.push({ operation: 'create', path: /(topics|consumerOffset)\.json\.tmp$/, code: 'EIO' });
      await broker.client.call(RequestCode.DELETE_TOPIC_IN_BROKER, { topic: 't' });
      disk.faults.length = 0;
      await broker.kill();
      for (let i = 0; i < sent; i++) await broker.client.send('t');
      const { header } = await broker.client.call(RequestCode.QUERY_CONSUMER_OFFSET, queue);
      expect(header?.offset ?? 0).toBe(0);
    },
  );

  it('writes what Apache writes: integer keys without quotes', async () => {
    const directory = temporaryDirectory();
    const engine = await startEngine({ directory });
    await commit(engine, 't', 'g', [3]);
    await engine.close();
    expect(readTable(directory, FILE)).toMatch(/"offsetTable":\s*{\s*"t@g":\s*{\s*0:\s*3\s*}\s*}/);
  });

  it('keeps offsets over a restart, also those of names that are properties of objects', async () => {
    const directory = temporaryDirectory();
    const engine = await startEngine({ directory });
    await commit(engine, '__proto__', 'constructor', [7]);
    await commit(engine, 't', 'g', [1, 2]);
    await engine.close();
    const again = await startEngine({ directory });
    expect(await query(again, '__proto__', 'constructor', 0)).toBe(7);
    expect(await query(again, 't', 'g', 1)).toBe(2);
    expect(await query(again, 't', 'h', 1)).toBeUndefined();
  });

  it('takes offsets beyond 2^31, and refuses those beyond 2^53', async () => {
    const directory = temporaryDirectory();
    writeTable(directory, FILE, { offsetTable: { 't@g': { 0: 2 ** 40 } } });
    expect(await query(await startEngine({ directory }), 't', 'g', 0)).toBe(2 ** 40);
    const unsafe = temporaryDirectory();
    writeTable(unsafe, FILE, { offsetTable: { 't@g': { 0: 2 ** 60 } } });
    await expect(startEngine({ directory: unsafe })).rejects.toThrow(`${FILE} cannot be read`);
  });

  it('gives the store free when a table cannot be read', async () => {
    const directory = temporaryDirectory();
    writeTable(directory, FILE, { offsetTable: [] });
    await expect(startEngine({ directory })).rejects.toThrow(`${FILE} cannot be read`);
    writeTable(directory, FILE, { offsetTable: {} });
    await startEngine({ directory });
  });

  it('counts a version up with every 500 commits', async () => {
    const directory = temporaryDirectory();
    const engine = await startEngine({ directory });
    await createTopic(await TestClient.open(engine), 't', { readQueueNums: 500 });
    await commit(
      engine,
      't',
      'g',
      Array.from({ length: 500 }, (_, i) => i),
    );
    await engine.close();
    expect(JSON.parse(quoteKeys(readTable(directory, FILE))).dataVersion.counter).toBe(1);
  });
});

const quoteKeys = (text: string): string => text.replaceAll(/([{,]\s*)(\d+):/g, '$1"$2":');
