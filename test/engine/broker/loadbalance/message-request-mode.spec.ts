import { describe, expect, it } from 'vitest';
import { RequestCode } from '../../../../lib/remoting/request-code.js';
import { ResponseCode } from '../../../../lib/remoting/response-code.js';
import { createTopic } from '../../../conformance/admin-client.js';
import { TestClient } from '../../../support/test-client.js';
import { readTable, startEngine, writeTable } from '../../../support/test-engine.js';
import { temporaryDirectory } from '../../../support/test-store.js';
import { VirtualBroker } from '../../../support/virtual-broker.js';

const FILE = 'messageRequestMode.json';
const pop = { topic: 'BenchmarkTest', consumerGroup: 'g', mode: 'POP', popShareQueueNum: 2 } as const;

async function assignments(client: TestClient, topic: string) {
  await client.heartbeat('c', 'g', { [topic]: '*' });
  const body = {
    topic,
    consumerGroup: 'g',
    clientId: 'c',
    strategyName: 'AVG',
    messageModel: 'CLUSTERING',
  } as const;
  const answer = await client.call(RequestCode.QUERY_ASSIGNMENT, undefined, body);
  return answer.body!.messageQueueAssignments!.map(
    ({ mode, messageQueue }) => `${mode} ${messageQueue.queueId}`,
  );
}

describe('MessageRequestModeManager', () => {
  it('is on the disk before it is acknowledged, and there after a restart', async () => {
    const directory = temporaryDirectory();
    const engine = await startEngine({ directory });
    const client = await TestClient.open(engine);
    await client.call(RequestCode.SET_MESSAGE_REQUEST_MODE, undefined, pop);
    expect(JSON.parse(readTable(directory, FILE))).toEqual({
      messageRequestModeMap: { BenchmarkTest: { g: pop } },
    });
    await engine.close();
    const restarted = await startEngine({ directory });
    expect(await assignments(await TestClient.open(restarted), 'BenchmarkTest')).toEqual(['POP -1']);
  });

  it.each(['topic', 'group'])(
    'is forgotten with its %s, though there is another one of that name',
    async (what) => {
      const directory = temporaryDirectory();
      const engine = await startEngine({ directory });
      const client = await TestClient.open(engine);
      await createTopic(client, 't');
      await client.call(RequestCode.SET_MESSAGE_REQUEST_MODE, undefined, { ...pop, topic: 't' });
      expect(await assignments(client, 't')).toEqual(['POP -1']);
      const group = { groupName: 'g', cleanOffset: true };
      if (what === 'topic') await client.call(RequestCode.DELETE_TOPIC_IN_BROKER, { topic: 't' });
      else await client.call(RequestCode.DELETE_SUBSCRIPTIONGROUP, group);
      await createTopic(client, 't');
      expect(await assignments(client, 't')).toContain('PULL 0');
      await engine.close();
      expect(JSON.parse(readTable(directory, FILE))).toEqual({ messageRequestModeMap: {} });
    },
  );

  it.each(['topic', 'group'])(
    'of a %s that is deleted is off the disk before that is acknowledged',
    async (what) => {
      const broker = await VirtualBroker.open();
      const { client, disk } = broker;
      const remove = () =>
        what === 'topic'
          ? client.call(RequestCode.DELETE_TOPIC_IN_BROKER, { topic: 't' })
          : client.call(RequestCode.DELETE_SUBSCRIPTIONGROUP, { groupName: 'g', cleanOffset: true });
      await createTopic(client, 't');
      disk.faults.push({ operation: 'write', path: /messageRequestMode/, code: 'ENOSPC' });
      expect((await remove()).code).toBe(ResponseCode.SUCCESS);
      disk.faults.length = 0;
      await createTopic(client, 't');
      await client.call(RequestCode.SET_MESSAGE_REQUEST_MODE, undefined, { ...pop, topic: 't' });
      disk.faults.push({ operation: 'write', path: /messageRequestMode/, code: 'ENOSPC' });
      const { code, remark } = await remove();
      expect(code).toBe(ResponseCode.SYSTEM_ERROR);
      expect(remark).toContain('messageRequestMode.json cannot be written');
      disk.faults.length = 0;
      expect((await remove()).code).toBe(ResponseCode.SUCCESS);
    },
  );

  it('takes the modes of the broker for topics without one, but never for retry topics', async () => {
    const engine = await startEngine({
      engine: { defaultMessageRequestMode: 'POP', defaultPopShareQueueNum: 0 },
    });
    const client = await TestClient.open(engine);
    expect(await assignments(client, 'BenchmarkTest')).toEqual(['POP -1']);
    expect(await assignments(client, '%RETRY%g')).toEqual(['PULL 0']);
  });

  it('gives everyone everything when the broker does not share out', async () => {
    const engine = await startEngine({ engine: { serverLoadBalancerEnable: false } });
    const client = await TestClient.open(engine);
    await (await TestClient.open(engine)).heartbeat('other', 'g', { BenchmarkTest: '*' });
    expect(await assignments(client, 'BenchmarkTest')).toHaveLength(1024);
  });

  it('refuses a table with a mode that there is not', async () => {
    const directory = temporaryDirectory();
    writeTable(directory, FILE, { messageRequestModeMap: { t: { g: { ...pop, mode: 'PUSH' } } } });
    await expect(startEngine({ directory })).rejects.toThrow('"mode" is "PUSH", expected PULL or POP');
  });
});
