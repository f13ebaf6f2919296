import { describe, expect, it } from 'vitest';
import { MessageSelector } from '../../../../lib/client/index.js';
import { decodeMessages } from '../../../../lib/common/message-decoder.js';
import type { EngineOptions } from '../../../../lib/engine/index.js';
import { ResponseCode } from '../../../../lib/remoting/response-code.js';
import { TestClient } from '../../../support/test-client.js';
import { readTable, startEngine } from '../../../support/test-engine.js';
import { bodies, collect, startConsumer } from '../../../support/test-peers.js';

const refusal = 'does not support consumer to filter message by SQL92: enablePropertyFilter switches it on';

async function open(engine: EngineOptions = {}) {
  const cluster = await startEngine({ engine });
  const client = await TestClient.open(cluster);
  await client.send('t');
  return { cluster, client };
}

describe('enablePropertyFilter', () => {
  it('is asked for by pulls with an expression', async () => {
    const { client } = await open({ enablePropertyFilter: false });
    const fields = { subscription: 'a > 1', expressionType: 'SQL92' };
    const { code, remark } = await client.pull('t', 'g', fields);
    expect(code).toBe(ResponseCode.SYSTEM_ERROR);
    expect(remark).toContain(refusal);
  });

  it('is asked for by a group that has one', async () => {
    const { client } = await open({ enablePropertyFilter: false });
    const subscription = { ...client.subscription('t', '*'), subString: 'a > 1', subVersion: 1000 };
    await client.heartbeat('c1', 'g', { t: { ...subscription, expressionType: 'SQL92' } });
    const { code } = await client.pull('t', 'g', { sysFlag: 0, subVersion: 1000 });
    expect(code).toBe(ResponseCode.SYSTEM_ERROR);
  });

  it('is asked for by a consumer that starts', async () => {
    const { cluster } = await open({ enablePropertyFilter: false });
    const start = startConsumer(cluster, 'g', { t: MessageSelector.bySql('a > 1') }, collect([]));
    await expect(start).rejects.toThrow(refusal);
  });
});

describe('a pull with an expression of its own', () => {
  it('is refused with the position when it is wrong', async () => {
    const { client } = await open();
    const { code, remark } = await client.pull('t', 'g', { subscription: 'a > ', expressionType: 'SQL92' });
    expect(code).toBe(ResponseCode.SUBSCRIPTION_PARSE_FAILED);
    expect(remark).toContain('found the end at character 5');
  });

  it('selects by tags when it is of no kind', async () => {
    const { client } = await open();
    for (const TAGS of ['a', 'b']) await client.send('t', { body: TAGS, properties: { TAGS } });
    const { body } = await client.pull('t', 'g', { subscription: 'b', expressionType: '' });
    expect(bodies(decodeMessages(body!))).toEqual(['b']);
  });

  it('is refused when it is of another kind', async () => {
    const { client } = await open();
    const { code, remark } = await client.pull('t', 'g', { subscription: 'a', expressionType: 'XPATH' });
    expect(code).toBe(ResponseCode.SYSTEM_ERROR);
    expect(remark).toContain('by XPATH');
  });
});

describe('the expression of a group', () => {
  const sql = (topic: string, client: TestClient) => {
    const subscription = { ...client.subscription(topic, '*'), subString: 'a > 1', subVersion: 1000 };
    return { ...subscription, expressionType: 'SQL92' as const };
  };

  it('is not kept for topics that do not exist', async () => {
    const { cluster, client } = await open();
    for (let i = 0; i < 2; i++) {
      const topics = Array.from({ length: 1000 }, (_, n) => `unknown-${i}-${n}`);
      await client.heartbeat(
        'c1',
        'g',
        Object.fromEntries(topics.map((topic) => [topic, sql(topic, client)])),
      );
    }
    await client.heartbeat('c1', 'g', { t: sql('t', client) });
    await cluster.close();
    const table = JSON.parse(readTable(cluster.directory, 'consumerFilter.json')) as {
      filterDataByTopic: object;
    };
    expect(Object.keys(table.filterDataByTopic)).toEqual(['t']);
  });

  it('selects from the first message of a topic that came later on', async () => {
    const { client } = await open();
    await client.heartbeat('c1', 'g', { later: sql('later', client) });
    for (const a of ['1', '2']) await client.send('later', { body: a, properties: { a } });
    const { code, body } = await client.pull('later', 'g', { sysFlag: 0, subVersion: 1000 });
    expect(code).toBe(0);
    expect(bodies(decodeMessages(body!))).toEqual(['2']);
  });

  it('of a topic that came later on selects nothing when it is wrong', async () => {
    const { client } = await open();
    await client.heartbeat('c1', 'g', { later: { ...sql('later', client), subString: 'a > ' } });
    await client.send('later');
    const { code } = await client.pull('later', 'g', { sysFlag: 0, subVersion: 1000 });
    expect(code).toBe(ResponseCode.FILTER_DATA_NOT_EXIST);
  });
});
