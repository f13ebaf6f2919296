import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EmbeddedEngine } from '../../lib/engine/index.js';
import { DefaultMQProducer, MQClientInstance } from '../../lib/client/index.js';
import { systemClock } from '../../lib/common/clock.js';
import { Message } from '../../lib/common/message.js';
import { silentLogger } from '../../lib/common/logger.js';
import type { RequestContext } from '../../lib/remoting/channel.js';
import { success, type RemotingRequest } from '../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { invoke } from '../../lib/remoting/transport/transport.js';
import { createTopic } from '../conformance/admin-client.js';
import { freePort } from '../support/free-port.js';
import { startApp } from '../support/nest-app.js';
import { startServer } from '../support/tcp-server.js';
import { TestClient } from '../support/test-client.js';
import { startEngine, TestEngine } from '../support/test-engine.js';
import { temporaryDirectory } from '../support/test-store.js';

const listen = { listenPort: 0, nameServerPort: 0 };

const startNamesrv = () => startEngine({ engine: { listen } });

const startBroker = (namesrv: TestEngine, brokerName = 'broker-b') =>
  startEngine({ engine: { listen: { listenPort: 0 }, brokerName, namesrvAddr: namesrv.namesrvAddrs[0]! } });

async function brokersOf(namesrv: TestEngine, topic: string): Promise<string[]> {
  const transport = namesrv.connect();
  const request = { code: RequestCode.GET_ROUTEINFO_BY_TOPIC, header: { topic }, body: undefined };
  const { body } = await invoke(transport, namesrv.namesrvAddrs[0]!, request, 3000);
  transport.close();
  return body?.queueDatas.map(({ brokerName }) => brokerName) ?? [];
}

describe('an engine with namesrvAddr', () => {
  it('stands in the cluster of another engine, with its topics, until it ends', async () => {
    const namesrv = await startNamesrv();
    const broker = await startBroker(namesrv);
    expect(await brokersOf(namesrv, 'BenchmarkTest')).toEqual(['broker-a', 'broker-b']);
    const transport = broker.connect();
    const options = { clock: systemClock, random: Math.random, logger: silentLogger };
    const instance = new MQClientInstance({ ...options, transport, namesrvAddrs: ['broker-b.namesrv'] });
    const producer = new DefaultMQProducer(instance);
    producer.start();
    await producer.send(new Message('only-on-b', Buffer.from('x')));
    await expect.poll(() => brokersOf(namesrv, 'only-on-b')).toEqual(['broker-b']);
    producer.shutdown();
    instance.shutdown();
    await broker.close();
    expect(await brokersOf(namesrv, 'BenchmarkTest')).toEqual(['broker-a']);
    expect(await brokersOf(namesrv, 'only-on-b')).toEqual([]);
  });

  it('gives its application the queues of all brokers', async () => {
    const namesrv = await startNamesrv();
    const engine = {
      listen: { listenPort: 0 },
      brokerName: 'broker-b',
      namesrvAddr: namesrv.namesrvAddrs[0]!,
    };
    const app = await startApp({ rocketmq: { engine } });
    expect(app.logger.lines.join('\n')).toContain(`others reach it at ${namesrv.namesrvAddrs[0]}`);
    const sends = await Promise.all(Array.from({ length: 16 }, () => app.template.syncSend('t', 'x')));
    const used = new Set(sends.map(({ messageQueue }) => messageQueue.brokerName));
    expect([...used].toSorted()).toEqual(['broker-a', 'broker-b']);
  });

  it('shares out the queues of all brokers, and those that it knew while no name server answers', async () => {
    const namesrv = await startNamesrv();
    const broker = await startBroker(namesrv);
    const client = await TestClient.open(broker);
    const query = async () => {
      const question = { topic: 'BenchmarkTest', consumerGroup: 'g', clientId: 'c', strategyName: 'AVG' };
      const body = { ...question, messageModel: 'BROADCASTING' } as const;
      const answer = await client.call(RequestCode.QUERY_ASSIGNMENT, undefined, body);
      return new Set(
        answer.body?.messageQueueAssignments?.map(({ messageQueue }) => messageQueue.brokerName),
      );
    };
    expect(await query()).toEqual(new Set(['broker-a', 'broker-b']));
    await namesrv.close();
    expect(await query()).toEqual(new Set(['broker-a', 'broker-b']));
  });

  it('says so when it is not let in, or nobody answers, and keeps trying', async () => {
    const port = await freePort();
    const start = () => startEngine({ engine: { listen: { listenPort: 0, nameServerPort: port } } });
    const namesrv = await start();
    const rival = await startBroker(namesrv, 'broker-a');
    expect(rival.logger.lines.join('\n')).toContain('the broker name broker-a belongs to the engine');
    const [address] = namesrv.namesrvAddrs;
    await namesrv.close();
    const lonely = await startBroker(namesrv);
    expect(lonely.logger.lines.join('\n')).toContain(`is not registered with name server ${address}`);
    const successor = await start();
    await expect
      .poll(() => brokersOf(successor, 'BenchmarkTest'), { timeout: 10_000 })
      .toEqual(['broker-a', 'broker-b']);
  });

  it('answers who creates a topic when its name server knows the topic', async () => {
    const registered = success({} as never, undefined as never);
    const held: RequestContext[] = [];
    let isHeld = false;
    const handle = (_: RemotingRequest, context: RequestContext) =>
      void (isHeld ? held.push(context) : context.reply(registered));
    const { address } = await startServer(undefined, { handler: { handle, onChannelClosed: () => {} } });
    const broker = await startEngine({ engine: { listen: { listenPort: 0 }, namesrvAddr: address } });
    const client = await TestClient.open(broker);
    isHeld = true;
    let isAnswered = false;
    const answer = createTopic(client, 'made').finally(() => (isAnswered = true));
    await expect.poll(() => held.length).toBe(1);
    expect((await client.call(RequestCode.GET_TOPIC_CONFIG, { topic: 'made' })).code).toBe(0);
    expect(isAnswered).toBe(false);
    isHeld = false;
    held[0]!.reply(registered);
    expect((await answer).code).toBe(0);
  });

  it('that is ended while it registers leaves no port open', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const namesrvAddr = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const nameServerPort = await freePort();
    const options = { listen: { listenPort: 0, nameServerPort }, namesrvAddr };
    const engine = new TestEngine(temporaryDirectory(), { engine: options });
    const asked = once(silent, 'connection');
    const ended = expect(engine.start()).rejects.toThrow('The engine was shut down while it started');
    const [socket] = (await asked) as [Socket];
    onTestFinished(() => {
      socket.destroy();
      silent.close();
    });
    await engine.close();
    await ended;
    await startServer(nameServerPort);
  });

  it('runs a name server of its own only when its port is given', async () => {
    const namesrv = await startNamesrv();
    const broker = await startBroker(namesrv);
    expect(broker.namesrvAddrs).toEqual(['broker-b.namesrv']);
    const namesrvAddr = namesrv.namesrvAddrs[0]!;
    const both = await startEngine({ engine: { listen, brokerName: 'broker-c', namesrvAddr } });
    expect(both.namesrvAddrs[0]).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(await brokersOf(both, 'BenchmarkTest')).toEqual(['broker-c']);
    expect(await brokersOf(namesrv, 'BenchmarkTest')).toEqual(['broker-a', 'broker-b', 'broker-c']);
  });

  it.each([
    [{ namesrvAddr: 'a:1' }, 'engine.namesrvAddr makes others send to this broker, so it must listen'],
    [{ namesrvAddr: 'a', listen: true }, 'engine.namesrvAddr is "a"; allowed: addresses host:port'],
    [{ namesrvAddr: '', listen: true }, 'engine.namesrvAddr is ""'],
    [{ namesrvAddr: 'a:1;;b:1', listen: true }, 'engine.namesrvAddr is "a:1;;b:1"'],
  ])('is refused with %j', (options, text) => {
    expect(() => new EmbeddedEngine(options)).toThrow(text);
  });
});
