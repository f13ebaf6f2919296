import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../lib/common/clock.js';
import { silentLogger } from '../../lib/common/logger.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { TcpTransport } from '../../lib/remoting/transport/tcp-transport.js';
import { invoke } from '../../lib/remoting/transport/transport.js';
import { createTopic } from '../conformance/admin-client.js';
import { TestClient } from '../support/test-client.js';
import { startEngine, type TestEngine } from '../support/test-engine.js';
import { VirtualClock } from '../support/virtual-clock.js';

const FORGED = 'x\nERROR forged\r\x1b[2J';
/** Behind a line only those of a stack may be. */
const MORE_THAN_A_LINE = /\n(?! {4}at )|[^\P{Cc}\n]/u;

function expectLine({ logger }: TestEngine, text: string, shown = 'x\\nERROR forged\\u000d\\u001b[2J'): void {
  const lines = logger.lines.filter((line) => line.includes(text));
  expect(lines).toEqual([expect.stringContaining(shown)]);
  for (const line of logger.lines) expect(line).not.toMatch(MORE_THAN_A_LINE);
}

async function open() {
  const engine = await startEngine({ clock: new VirtualClock() });
  return { engine, client: await TestClient.open(engine) };
}

describe('what others say stays within its line of the log', () => {
  it('of a stranger', async () => {
    const users = [{ accessKey: 'user', secretKey: 'secret' }];
    const engine = await startEngine({ engine: { listen: { nameServerPort: 0, listenPort: 0, users } } });
    const credentials = { accessKey: FORGED, secretKey: 'secret' };
    const transport = new TcpTransport({ clock: systemClock, logger: silentLogger, credentials });
    onTestFinished(() => transport.close());
    const request = { code: RequestCode.GET_BROKER_CLUSTER_INFO, header: undefined, body: undefined };
    await invoke(transport, engine.namesrvAddrs[0]!, request, 5000);
    expectLine(engine, 'are refused: User:');
  });

  it('of the sender of a message, once in a while', async () => {
    const { engine, client } = await open();
    for (let i = 0; i < 3; i++) await client.send('t', { properties: { DELAY: FORGED } });
    expectLine(engine, 'failed: RangeError: For input string');
  });

  it('of a consumer that acknowledges, once in a while', async () => {
    const { engine, client } = await open();
    await client.send('t');
    const consumerGroup = FORGED;
    const extraInfo = `0 1000 9000000000000 0 0 ${client.brokerName} 0 0`;
    const header = { consumerGroup, topic: 't', queueId: 0, extraInfo, offset: 0 };
    for (let i = 0; i < 3; i++) await client.call(RequestCode.ACK_MESSAGE, header);
    expectLine(engine, 'Pop record t@0');
  });

  it('of a heartbeat', async () => {
    const { engine, client } = await open();
    await client.producerHeartbeat('c', FORGED);
    expectLine(engine, 'is not taken in');
    await client.send('t');
    const t = { ...client.subscription('t', `a > > ${FORGED}`), expressionType: 'SQL92' } as const;
    for (const group of ['g1', 'g2', 'g3']) await client.heartbeat('c', group, { t });
    expectLine(engine, 'subscribes to topic', JSON.stringify(`a > > ${FORGED}`));
  });
});

describe('changes of administrators', () => {
  const HOST = /^LOG 127\.0\.0\.1:\d+ asks for /;
  const changes = ({ logger }: TestEngine) =>
    logger.lines.filter((line) => HOST.test(line)).map((line) => line.replace(HOST, ''));

  it('are cut to a thousand characters', async () => {
    const engine = await startEngine();
    const client = await TestClient.open(engine);
    await client.callNamesrv(RequestCode.DELETE_KV_CONFIG, { namespace: 'n', key: 'k'.repeat(5000) });
    const line = engine.logger.lines.find((text) => HOST.test(text))!;
    expect(line.slice(line.indexOf('{'))).toHaveLength(1000);
  });

  it('are in the log with what and from where', async () => {
    const clock = new VirtualClock();
    const engine = await startEngine({ clock });
    const client = await TestClient.open(engine);
    await createTopic(client, 't');
    await client.call(RequestCode.DELETE_TOPIC_IN_BROKER, { topic: 't' });
    await client.callNamesrv(RequestCode.DELETE_KV_CONFIG, { namespace: 'n', key: 'k' });
    const deletion = { groupName: FORGED, cleanOffset: true };
    const mode = { topic: 't', consumerGroup: 'g', mode: 'POP', popShareQueueNum: 0 } as const;
    await client.call(RequestCode.SET_MESSAGE_REQUEST_MODE, undefined, mode);
    await client.call(RequestCode.RESUME_CHECK_HALF_MESSAGE, { msgId: 'none' });
    await client.call(RequestCode.DELETE_SUBSCRIPTIONGROUP, deletion);
    expect(changes(engine)).toEqual([
      expect.stringMatching(/^UPDATE_AND_CREATE_TOPIC \{"topic":"t",/),
      'DELETE_TOPIC_IN_BROKER {"topic":"t"}',
      'DELETE_KV_CONFIG {"namespace":"n","key":"k"}',
      `SET_MESSAGE_REQUEST_MODE ${JSON.stringify(mode)}`,
      'RESUME_CHECK_HALF_MESSAGE {"msgId":"none"}',
      `DELETE_SUBSCRIPTIONGROUP ${JSON.stringify(deletion)}`,
    ]);
  });

  it('are 600 lines a minute at most', async () => {
    const clock = new VirtualClock();
    const engine = await startEngine({ clock });
    const client = await TestClient.open(engine);
    const change = () => client.callNamesrv(RequestCode.DELETE_KV_CONFIG, { namespace: 'n', key: 'k' });
    for (let i = 0; i < 603; i++) await change();
    expect(changes(engine)).toHaveLength(600);
    clock.pass(60_000);
    await change();
    expect(changes(engine).at(-1)).toMatch(/^DELETE_KV_CONFIG .* \(3 left out before\)$/);
  });
});
