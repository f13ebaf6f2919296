import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DefaultMQProducer, DefaultMQPushConsumer, MQClientInstance } from '../../lib/client/index.js';
import { systemClock } from '../../lib/common/clock.js';
import { silentLogger } from '../../lib/common/logger.js';
import type { MessageQueue } from '../../lib/common/message-queue.js';
import { Message } from '../../lib/common/message.js';
import type { SendResult } from '../../lib/client/index.js';
import { TcpTransport } from '../../lib/remoting/transport/tcp-transport.js';
import { TestEngine } from '../support/test-engine.js';
import { MqAdmin } from './mqadmin.js';

const TIMEOUT = 60_000;

/**
 * The commands of the real mqadmin on an engine that listens, in the order in which an administrator may need them. Each builds on
 * those before, so that a second try of one proves nothing.
 */
describe('mqadmin', { timeout: TIMEOUT, retry: 0 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'rocketmq-mqadmin-'));
  const listen = { nameServerPort: 0, listenPort: 0 };
  const engine = new TestEngine(join(directory, 'store'), {
    engine: { listen, updateBrokerConfigEnable: true },
  });
  const received: string[] = [];
  let admin: MqAdmin;
  let brokerAddr: string;
  let instance: MQClientInstance;
  let producer: DefaultMQProducer;
  let consumer: DefaultMQPushConsumer;
  let first: SendResult;

  /** Runs a command until it prints what is expected. */
  async function runUntil(expected: RegExp, ...command: string[]): Promise<string> {
    for (const deadline = Date.now() + TIMEOUT / 2; ;) {
      const output = await admin.run(...command);
      if (expected.test(output)) return output;
      if (Date.now() > deadline) throw new Error(`${command.join(' ')} printed:\n${output}`);
    }
  }

  function startClient(): void {
    instance = new MQClientInstance({
      transport: new TcpTransport({ clock: systemClock, logger: silentLogger }),
      namesrvAddrs: engine.namesrvAddrs,
      config: { instanceName: 'mqadmin-test' },
      clock: systemClock,
      random: Math.random,
      logger: silentLogger,
    });
    producer = new DefaultMQProducer(instance, { group: 'clerks' });
    const config = { consumerGroup: 'workers', consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET' as const };
    consumer = new DefaultMQPushConsumer(instance, config, {
      concurrently: (messages) => {
        received.push(...messages.map(({ body }) => body.toString()));
        return 'CONSUME_SUCCESS';
      },
    });
    consumer.subscribe('orders');
  }

  beforeAll(async () => {
    await engine.start();
    admin = MqAdmin.start(directory, engine.namesrvAddrs[0]!);
    startClient();
  }, TIMEOUT);

  afterAll(async () => {
    await consumer.shutdown();
    producer.shutdown();
    instance.shutdown();
    admin.stop();
    await engine.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('clusterList', async () => {
    const output = await admin.run('clusterList');
    const [, name, broker, id, address, version] = /^(\S+)\s+(\S+)\s+(\d+)\s+(\S+:\d+)\s+(V\S+)\s/m.exec(
      output,
    )!;
    expect([name, broker, id, version]).toEqual(['DefaultCluster', 'broker-a', '0', 'V5_3_3']);
    brokerAddr = address!;
  });

  it('updateTopic creates a topic, and changes one', async () => {
    const create = ['updateTopic', '-b', brokerAddr, '-t', 'orders', '-r', '2'];
    const created = await admin.run(...create, '-w', '2', '-a', '+message.type=NORMAL');
    expect(created).toContain(`create topic to ${brokerAddr} success.`);
    const output = await admin.run(...create, '-w', '3');
    expect(output).toContain('success');
    const refused = await admin.run('updateTopic', '-b', brokerAddr, '-t', 'TBW102');
    expect(refused).toContain('The topic[TBW102] is conflict with system topic.');
  });

  it('updateTopic with an order registers the queues of the topic', async () => {
    const output = await admin.run('updateTopic', '-c', 'DefaultCluster', '-t', 'ordered', '-o', 'true');
    expect(output).toContain('set cluster orderConf. isOrder=true, orderConf=[broker-a:8]');
    const conf = await admin.run('updateOrderConf', '-t', 'ordered', '-m', 'get');
    expect(conf).toContain('topic=[ordered], orderConf=[broker-a:8]');
  });

  it('topicList', async () => {
    const topics = (await admin.run('topicList')).split('\n');
    expect(topics).toEqual(expect.arrayContaining(['orders', 'ordered', 'BenchmarkTest', 'broker-a']));
  });

  it('topicRoute', async () => {
    const output = await admin.run('topicRoute', '-t', 'orders');
    expect(output).toContain(`0:"${brokerAddr}"`);
    expect(output.replaceAll(/\s/g, '')).toContain(
      '"brokerName":"broker-a","perm":6,"readQueueNums":2,"topicSysFlag":0,"writeQueueNums":3',
    );
  });

  it('updateSubGroup', async () => {
    const group = ['updateSubGroup', '-b', brokerAddr, '-g', 'workers'];
    const output = await admin.run(...group, '-r', '7', '-d', 'true', '-m', 'true');
    expect(output).toContain(`create subscription group to ${brokerAddr} success.`);
    const config = await admin.run('getConsumerConfig', '-g', 'workers');
    expect(config).toMatch(/retryMaxTimes\s+=\s+7/);
    expect(config).toMatch(/consumeBroadcastEnable\s+=\s+true/);
  });

  it('topicStatus', async () => {
    producer.start();
    const toFirst = { selector: (queues: readonly MessageQueue[]) => queues[0]!, arg: 'any' };
    first = await producer.send(new Message('orders', Buffer.from('one'), 'TagA', 'k1'), toFirst);
    await producer.send(new Message('orders', Buffer.from('two')), toFirst);
    const output = await admin.run('topicStatus', '-t', 'orders');
    expect(output).toMatch(/^broker-a\s+0\s+0\s+2\s+\d{4}-\d\d-\d\d /m);
    expect(output).toMatch(/^broker-a\s+1\s+0\s+0\s*$/m);
  });

  it('consumerProgress', async () => {
    await consumer.start();
    await expect.poll(() => received).toEqual(['one', 'two']);
    consumer.persistConsumerOffset();
    const output = await runUntil(/Diff Total: 0/, 'consumerProgress', '-g', 'workers');
    expect(output).toMatch(/^orders\s+broker-a\s+0\s+2\s+2\s+0\s+0\s+\d{4}/m);
    expect(await admin.run('consumerProgress')).toMatch(/^workers\s+1\s+V5_3_3\s+PUSH\s+CLUSTERING/m);
  });

  it('consumerConnection', async () => {
    const output = await admin.run('consumerConnection', '-g', 'workers');
    expect(output).toMatch(/^\S+@mqadmin-test\s+127\.0\.0\.1:\d+\s+OTHER\s+V5_3_3/m);
    expect(output).toMatch(/^orders\s+\*$/m);
    expect(output).toContain('ConsumeType: CONSUME_PASSIVELY');
    const offline = await admin.run('consumerConnection', '-g', 'TOOLS_CONSUMER', '-b', brokerAddr);
    expect(offline).toContain('CODE: 206  DESC: the consumer group[TOOLS_CONSUMER] not online');
  });

  it('producerConnection', async () => {
    const command = ['producerConnection', '-g', 'clerks', '-t', 'orders'];
    const output = await runUntil(/OTHER/, ...command);
    expect(output).toMatch(/\S+@mqadmin-test\s+127\.0\.0\.1:\d+\s+OTHER\s+V5_3_3/);
    const all = await admin.run('producer', '-b', brokerAddr);
    expect(all).toMatch(/producer group \(clerks\) instance : clientId=\S+@mqadmin-test,/);
  });

  it('consumerStatus asks the consumer itself', async () => {
    const output = await admin.run('consumerStatus', '-g', 'workers', '-i', instance.clientId);
    expect(output).toMatch(/PROP_CONSUME_TYPE\s+: CONSUME_PASSIVELY/);
    expect(output).toMatch(/Topic: orders\s+ClassFilter: false\s+SubExpression: \*/);
    expect(output).toMatch(/^orders\s+broker-a\s+0\s+ProcessQueueInfo \[commitOffset=2,/m);
  });

  it('brokerStatus', async () => {
    const output = await admin.run('brokerStatus', '-b', brokerAddr);
    expect(output).toMatch(/^brokerVersionDesc\s+: V5_3_3$/m);
    expect(output).toMatch(/^msgPutTotalTodayNow\s+: 2$/m);
    expect(output).toMatch(/^putTps\s+:( \d+\.?\S*){3} $/m);
    expect(output).toMatch(/^getTransferredTps\s+:( \d+\.?\S*){3} $/m);
  });

  it('statsAll', async () => {
    expect(await admin.run('statsAll')).toMatch(/^orders\s+workers\s+0\s+\d/m);
  });

  it('sendMessage', async () => {
    const command = ['sendMessage', '-t', 'orders', '-p', 'three', '-k', 'k3', '-b', 'broker-a', '-i', '0'];
    expect(await admin.run(...command)).toMatch(/^broker-a\s+0\s+SEND_OK\s+[0-9A-F]{32}/m);
    await expect.poll(() => received).toEqual(['one', 'two', 'three']);
  });

  it('queryMsgById', async () => {
    const output = await admin.run('queryMsgById', '-t', 'orders', '-i', first.offsetMsgId!);
    expect(output).toMatch(/^Tags:\s+\[TagA\]$/m);
    expect(output).toMatch(/^Queue Offset:\s+0$/m);
    expect(output).toContain('MessageTrack [consumerGroup=workers, trackType=CONSUMED, exceptionDesc=null]');
  });

  it('queryMsgByKey', async () => {
    const output = await admin.run('queryMsgByKey', '-t', 'orders', '-k', 'k1');
    // Since 5.5 a key of the index follows.
    expect(output).toMatch(new RegExp(`^${first.msgId}\\s+0\\s+0(\\s|$)`, 'm'));
  });

  it('queryMsgByUniqueKey', async () => {
    const output = await admin.run('queryMsgByUniqueKey', '-t', 'orders', '-i', first.msgId);
    expect(output).toMatch(/^Keys:\s+\[k1\]$/m);
  });

  it('queryMsgByUniqueKey with a client lets it consume the message once more', async () => {
    const command = ['queryMsgByUniqueKey', '-t', 'orders', '-i', first.msgId, '-g', 'workers'];
    const output = await admin.run(...command, '-d', instance.clientId);
    expect(output).toContain('consumeResult=CR_SUCCESS');
    expect(received.at(-1)).toBe('one');
  });

  it('queryMsgByOffset', async () => {
    const where = ['-b', 'broker-a', '-i', '0', '-o', '1'];
    const output = await admin.run('queryMsgByOffset', '-t', 'orders', ...where);
    expect(output).toMatch(/^Queue Offset:\s+1$/m);
  });

  it('printMsg', async () => {
    const output = await admin.run('printMsg', '-t', 'orders', '-d', 'true');
    for (const body of ['one', 'two', 'three']) expect(output).toContain(`BODY: ${body}`);
  });

  it('queryCq', async () => {
    const command = ['queryCq', '-t', 'orders', '-q', '0', '-i', '0', '-c', '2', '-b', brokerAddr];
    const output = await admin.run(...command, '-g', 'workers');
    expect(output).toContain('max: 3, min: 0');
    expect(output).toContain('ConsumeQueueData{physicOffset=0, ');
  });

  it('resetOffsetByTime', async () => {
    received.length = 0;
    const output = await admin.run('resetOffsetByTime', '-g', 'workers', '-t', 'orders', '-s', '0');
    expect(output).toMatch(/^broker-a\s+0\s+0/m);
    await expect.poll(() => received, { timeout: 10_000 }).toEqual(['one', 'two', 'three']);
  });

  it('setConsumeMode', async () => {
    const mode = [
      'setConsumeMode',
      '-c',
      'DefaultCluster',
      '-t',
      'orders',
      '-g',
      'packers',
      '-m',
      'POP',
      '-q',
      '2',
    ];
    const output = await admin.run(...mode);
    expect(output).toContain(`set consume mode to ${brokerAddr} success.`);
    expect(output).toContain('topic[orders] group[packers] consume mode[POP] popShareQueueNum[2]');
    const table = readFileSync(join(directory, 'store/config/messageRequestMode.json'), 'utf8');
    expect(JSON.parse(table)).toMatchObject({
      messageRequestModeMap: { orders: { packers: { mode: 'POP', popShareQueueNum: 2 } } },
    });
  });

  it('getBrokerConfig and updateBrokerConfig', async () => {
    const update = ['updateBrokerConfig', '-b', brokerAddr, '-k'];
    expect(await admin.run(...update, 'shortPollingTimeMills', '-v', '500')).toContain('success');
    const output = await admin.run('getBrokerConfig', '-b', brokerAddr);
    expect(output).toMatch(/^shortPollingTimeMills\s+=\s+500$/m);
    expect(output).toMatch(/^brokerName\s+=\s+broker-a$/m);
    const refused = await admin.run(...update, 'storePathRootDir', '-v', '/');
    expect(refused).toContain('CODE: 16  DESC: storePathRootDir cannot be changed while the broker runs');
  });

  it('deleteSubGroup', async () => {
    await consumer.shutdown();
    const command = ['deleteSubGroup', '-c', 'DefaultCluster', '-g', 'workers', '-r', 'true'];
    expect(await admin.run(...command)).toContain('delete subscription group [workers]');
    const progress = await admin.run('consumerProgress', '-g', 'workers');
    expect(progress).toContain('CODE: 17');
  });

  it('deleteTopic', async () => {
    const output = await admin.run('deleteTopic', '-c', 'DefaultCluster', '-t', 'orders');
    expect(output).toContain('delete topic [orders] from cluster [DefaultCluster] success.');
    expect(output).toContain('delete topic [orders] from NameServer success.');
    expect(await admin.run('topicRoute', '-t', 'orders')).toContain('CODE: 17');
  });
});
