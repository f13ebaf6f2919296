import { connect, createServer, type AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  ConfigurationError,
  MessageExt,
  RocketMQModule,
  type RocketMQModuleOptions,
} from '../../lib/index.js';
import { Message } from '../../lib/common/message.js';
import { localIp } from '../../lib/common/message-client-id-setter.js';
import { RocketMQConnection } from '../../lib/rocketmq.connection.js';
import { decodeFrame } from '../../lib/remoting/codec/remoting-frame.js';
import { FrameCutter } from '../../lib/remoting/codec/frame-cutter.js';
import { createApp, Inbox, listener, startApp, type TestApp } from '../support/nest-app.js';
import { TestClient } from '../support/test-client.js';
import { bodies } from '../support/test-peers.js';
import { startEngine, type TestEngine } from '../support/test-engine.js';

const LISTEN = { nameServerPort: 0, listenPort: 0 };
const FIRST = { consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET' } as const;

async function startGuest(engine: TestEngine, options: RocketMQModuleOptions, providers: never[] = []) {
  const module = [
    RocketMQModule.forRoot({ nameServer: [...engine.namesrvAddrs], engine: false, ...options }),
  ];
  return startApp({ module, providers });
}

const instanceOf = (app: TestApp) => app.module.get(RocketMQConnection, { strict: false }).instance;

describe('two clusters in one process', () => {
  it('never mix, with the same instance name and the same groups', async () => {
    const inboxes = [new Inbox<string>(), new Inbox<string>()];
    const broadcasts = [new Inbox<string>(), new Inbox<string>()];
    const apps: TestApp[] = [];
    for (const i of [0, 1]) {
      const engine = await startEngine({ engine: { listen: LISTEN } });
      const options = { topic: 't', messageType: String, ...FIRST };
      const providers = [
        listener<string>({ ...options, consumerGroup: 'g' }, inboxes[i]!.push),
        listener<string>(
          { ...options, consumerGroup: 'b', messageModel: 'BROADCASTING' },
          broadcasts[i]!.push,
        ),
      ] as never[];
      apps.push(await startGuest(engine, { instanceName: 'shop' }, providers));
    }
    await apps[0]!.template.syncSend('t', 'first');
    await apps[1]!.template.syncSend('t', 'second');
    for (const [i, text] of ['first', 'second'].entries()) {
      expect(await inboxes[i]!.take()).toEqual([text]);
      expect(await broadcasts[i]!.take()).toEqual([text]);
    }
    const [first, second] = apps.map(instanceOf);
    expect(first!.clientId).toBe(`${localIp()}@shop`);
    expect(first!.config.localOffsetStoreDir).not.toBe(second!.config.localOffsetStoreDir);
    for (const inbox of [...inboxes, ...broadcasts]) expect(inbox.received).toHaveLength(1);
  });
});

describe('the identity of a client', () => {
  it.each<[RocketMQModuleOptions, RegExp]>([
    [{}, /^[\d.]+@\d+#\d+$/],
    [{ instanceName: 'shop' }, /^[\d.]+@shop$/],
    [{ unitName: 'unit-1' }, /^[\d.]+@\d+#\d+@unit-1$/],
    [{ instanceName: 'shop', unitName: 'unit-1' }, /^[\d.]+@shop@unit-1$/],
  ])('is built from %j as in Java', async (options, expected) => {
    expect(instanceOf(await startApp({ rocketmq: options })).clientId).toMatch(expected);
  });

  it('says that sends and groups belong to the unit', async () => {
    const requests: unknown[] = [];
    const app = await startApp({
      rocketmq: { unitMode: true },
      providers: [listener({ topic: 't', consumerGroup: 'g' }, () => {})],
    });
    const { transport } = instanceOf(app);
    const invoke = transport.invoke.bind(transport);
    transport.invoke = (address, request, timeout, callback) => {
      requests.push(request);
      invoke(address, request, timeout, callback);
    };
    await app.template.syncSend('t', 'x');
    await instanceOf(app).sendHeartbeatToAllBrokers();
    expect(requests).toContainEqual(
      expect.objectContaining({ code: 10, header: expect.objectContaining({ unitMode: true }) }),
    );
    const consumerDataSet = [expect.objectContaining({ unitMode: true })];
    expect(requests).toContainEqual(
      expect.objectContaining({ code: 34, body: expect.objectContaining({ consumerDataSet }) }),
    );
  });
});

describe('namespace', () => {
  it('is part of the names in the broker, and of none in the application', async () => {
    const inbox = new Inbox<MessageExt>();
    let fails = true;
    const handle = (message: MessageExt) => {
      inbox.push(message);
      if (fails) throw new Error('not yet');
    };
    const options = {
      topic: 't',
      consumerGroup: 'g',
      messageType: MessageExt,
      delayLevelWhenNextConsume: 1,
      ...FIRST,
    };
    const app = await startApp({
      rocketmq: { namespace: 'ns' },
      providers: [listener<MessageExt>(options, handle)],
    });
    const sent = await app.template.syncSend('t', 'x');
    expect(sent.messageQueue.topic).toBe('t');
    await inbox.take();
    fails = false;
    const [first, again] = await inbox.take(2);
    expect([first!.topic, again!.topic]).toEqual(['t', 't']);
    expect(again!.reconsumeTimes).toBe(1);
    expect(again!.msgId).toBe(sent.msgId);
    const [stored] = await app.stored('ns%t');
    expect(stored!.getProperty('INSTANCE_ID')).toBe('ns');
    expect(await app.stored('t')).toEqual([]);
    const [retried] = await app.stored('%RETRY%ns%g');
    expect(retried!.getProperty('RETRY_TOPIC')).toBe('ns%t');
    expect(await (await app.broker()).consumerIds('ns%g')).toHaveLength(1);
  });

  it('keeps applications of one cluster apart', async () => {
    const engine = await startEngine({ engine: { listen: LISTEN } });
    const inboxes = [new Inbox<string>(), new Inbox<string>()];
    const options = { topic: 't', consumerGroup: 'g', messageType: String, ...FIRST };
    const apps = await Promise.all(
      ['one', 'two'].map((namespace, i) =>
        startGuest(engine, { namespace }, [listener<string>(options, inboxes[i]!.push)] as never[]),
      ),
    );
    await apps[0]!.template.syncSend('t', ['a', 'b']);
    await apps[1]!.template.syncSend('t', 'c');
    await apps[1]!.template.sendOneWay('t', 'd');
    expect((await inboxes[0]!.take(2)).toSorted()).toEqual(['a', 'b']);
    expect((await inboxes[1]!.take(2)).toSorted()).toEqual(['c', 'd']);
    const client = await TestClient.open(engine);
    const { body } = await client.route('one%t');
    expect(body!.queueDatas).toHaveLength(1);
    expect((await client.route('t')).code).toBe(17);
  });

  it('cannot be there twice', async () => {
    const create = () => createApp({ rocketmq: { namespace: 'a', namespaceV2: 'b' } });
    await expect(create()).rejects.toThrow(ConfigurationError);
    await expect(create()).rejects.toThrow(
      'namespace is "a" and namespaceV2 is "b", but there can be one of them only',
    );
  });

  it('of version 2 goes beside the names, with every request', async () => {
    const engine = await startEngine({ engine: { listen: LISTEN } });
    const port = Number(engine.namesrvAddrs[0]!.split(':')[1]);
    const fields: ReadonlyMap<string, string>[] = [];
    const server = createServer((socket) => {
      const cutter = new FrameCutter((...frame) => fields.push(decodeFrame(...frame).fields));
      socket.on('data', (chunk) => cutter.push(chunk));
      socket.pipe(connect(port, '127.0.0.1')).pipe(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const nameServer = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const app = await startApp({
      module: [RocketMQModule.forRoot({ nameServer, engine: false, namespaceV2: 'ns' })],
    });
    await app.template.syncSend('t', 'x');
    expect(fields.length).toBeGreaterThan(1);
    for (const each of fields) expect(Object.fromEntries(each)).toMatchObject({ nsd: 'true', ns: 'ns' });
    await app.close();
  });
});

it('the end of an application lets sends over TCP that are under way end', async () => {
  const engine = await startEngine({ engine: { listen: LISTEN } });
  const app = await startGuest(engine, {});
  const sends = ['a', 'b'].flatMap((topic) =>
    Array.from({ length: 50 }, () => app.template.asyncSend(topic, 'x')),
  );
  const [results] = await Promise.all([Promise.all(sends), app.close()]);
  expect(new Set(results.map(({ sendStatus }) => sendStatus))).toEqual(new Set(['SEND_OK']));
});

it('the end of an application traces sends that are under way, and tells how local transactions end', async () => {
  const engine = await startEngine({ engine: { listen: LISTEN } });
  const app = await startGuest(engine, { producer: { enableMsgTrace: true } });
  const { producer } = app.module.get(RocketMQConnection, { strict: false });
  const run = async () => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    return 'COMMIT_MESSAGE' as const;
  };
  const sent = producer.runInTransaction(new Message('t', Buffer.from('x')), run);
  await Promise.all([sent, app.close()]);
  const client = await TestClient.open(engine);
  await expect
    .poll(async () => bodies(await client.read('t', (await sent).messageQueue.queueId)))
    .toEqual(['x']);
  const traces = [0, 1, 2, 3].map((queueId) => client.read('RMQ_SYS_TRACE_TOPIC', queueId));
  expect((await Promise.all(traces)).flat()).not.toEqual([]);
});
