import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../lib/common/clock.js';
import { silentLogger } from '../../../lib/common/logger.js';
import { createReplyMessage } from '../../../lib/client/index.js';
import { decodeMessages } from '../../../lib/common/message-decoder.js';
import { RequestFutureTable } from '../../../lib/client/producer/request-future-table.js';
import { RequestTimeoutError } from '../../../lib/errors/index.js';
import { success } from '../../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { TcpTransport } from '../../../lib/remoting/transport/tcp-transport.js';
import { eventually } from '../../support/eventually.js';
import { freePort } from '../../support/free-port.js';
import { clusterRoute, ScriptedCluster } from '../../support/scripted-cluster.js';
import { TestEngine } from '../../support/test-engine.js';
import { message, startConsumer, startProducer } from '../../support/test-peers.js';
import { encodeRecord, innerMessage, temporaryDirectory } from '../../support/test-store.js';
import { HOUR, VirtualClock } from '../../support/virtual-clock.js';

const request = (properties: Readonly<Record<string, string>>) =>
  decodeMessages(encodeRecord(innerMessage({ properties: new Map(Object.entries(properties)) })))[0]!;

describe('a reply message', () => {
  it('takes over what its request says of who waits', () => {
    const properties = {
      CLUSTER: 'c1',
      CORRELATION_ID: 'id',
      REPLY_TO_CLIENT: 'me',
      TTL: '3000',
      other: 'x',
    };
    const reply = createReplyMessage(request(properties), Buffer.from('r'));
    expect(reply.topic).toBe('c1_REPLY_TOPIC');
    expect(Object.fromEntries(reply.properties)).toEqual({
      MSG_TYPE: 'reply',
      CORRELATION_ID: 'id',
      REPLY_TO_CLIENT: 'me',
      TTL: '3000',
    });
  });

  it('is refused to a message that does not say from which cluster it comes', () => {
    expect(() => createReplyMessage(request({}), Buffer.from('r'))).toThrow(
      'create reply message fail, requestMessage error, property[CLUSTER] is null.',
    );
  });
});

describe('the table of requests', () => {
  it('ends each in its own time, and is bounded', async () => {
    const clock = new VirtualClock();
    const table = new RequestFutureTable(clock);
    const [short, long] = [table.add('a', 't', 100), table.add('b', 't', 200)];
    short.sent();
    await clock.advance(150);
    await expect(short.reply).rejects.toMatchObject({ responseCode: 10006, timeoutMillis: 100 });
    expect(table.isEmpty).toBe(false);
    await clock.advance(150);
    await expect(long.reply).rejects.toThrow('send request message to <t> fail');
    expect(table.isEmpty).toBe(true);
    for (let i = 0; i < 65_536; i++) table.add(`${i}`, 't', 1000);
    expect(() => table.add('one more', 't', 1000)).toThrow('65536 requests of this client wait');
    table.close();
    expect(table.isEmpty).toBe(true);
  });

  it('takes a reply that came while the process was busy until after the time of its request', async () => {
    const clock = new VirtualClock();
    const table = new RequestFutureTable(clock);
    const [late, missing] = [table.add('a', 't', 100), table.add('b', 't', 100)];
    clock.pass(150);
    await clock.advance(0);
    const reply = request({});
    table.complete('a', reply);
    await expect(late.reply).resolves.toBe(reply);
    await clock.advance(100);
    await expect(missing.reply).rejects.toThrow('send request message to <t> fail');
    expect(clock.hasTimers).toBe(false);
  });
});

describe('a requester', () => {
  it.each([-HOUR, HOUR])(
    'sends with the time that is left also when the clock is set by %s ms',
    async (step) => {
      const clock = new VirtualClock();
      const cluster = new ScriptedCluster();
      cluster.transport.routes.set('t', clusterRoute(1, { a: [0] }));
      cluster.answer = ({ request }) => request.code === RequestCode.GET_BROKER_CLUSTER_INFO;
      const asked = expect(
        startProducer(cluster, { clock }).request(message('t'), { timeout: 1000 }),
      ).rejects.toThrow(RequestTimeoutError);
      await clock.advance(400);
      clock.set(clock.now() + step);
      cluster.requests[0]!.answer(success(undefined as never, { brokerAddrTable: new Map() } as never));
      await clock.advance(600);
      const send = cluster.requests.find(({ request }) => request.code === RequestCode.SEND_MESSAGE);
      expect(send!.timeoutMillis).toBe(600);
      await asked;
    },
  );

  it.each([
    ['waits a second', undefined, 1000],
    ['does not wait', 'disconnected' as const, 0],
    ['does not wait', 'reconnecting' as const, 0],
  ])(
    '%s for a master of the cluster that does not answer, and whose connection is %s',
    async (_, state, wait) => {
      const clock = new VirtualClock();
      const cluster = new ScriptedCluster();
      cluster.transport.routes.set('t', clusterRoute(1, { a: [0] }));
      const brokers = clusterRoute(1, { a: [0], b: [0] }).brokerDatas;
      const brokerAddrTable = new Map(brokers.map((broker) => [broker.brokerName, broker]));
      cluster.answer = (call) => {
        const isOfCluster = call.request.code === RequestCode.GET_BROKER_CLUSTER_INFO;
        if (isOfCluster) call.answer(success(undefined as never, { brokerAddrTable } as never));
        return isOfCluster || call.address === 'b:0';
      };
      const producer = startProducer(cluster, { clock });
      if (state !== undefined) cluster.transport.change({ address: 'b:0', state });
      const asked = expect(producer.request(message('t'), { timeout: 3000 })).rejects.toThrow(
        RequestTimeoutError,
      );
      await clock.advance(wait - 1);
      expect(cluster.asked(RequestCode.SEND_MESSAGE)).toEqual(wait > 0 ? [] : ['a:0']);
      await clock.advance(1);
      expect(cluster.asked(RequestCode.SEND_MESSAGE)).toEqual(['a:0']);
      await clock.advance(3000);
      await asked;
    },
  );

  it('gets replies from a broker that was restarted', { timeout: 60_000 }, async () => {
    const directory = temporaryDirectory();
    const port = await freePort();
    const start = async () => {
      const listen = { nameServerPort: port, listenPort: port + 3 };
      const engine = new TestEngine(directory, { engine: { listen } });
      await engine.start();
      return engine;
    };
    let engine = await start();
    const cluster = {
      namesrvAddrs: engine.namesrvAddrs,
      connect: () => new TcpTransport({ clock: systemClock, logger: silentLogger }),
      close: async () => {},
    };
    const producer = startProducer(cluster);
    const replies = startProducer(cluster);
    await producer.send(message('t', 'creates the topic'));
    await startConsumer(
      cluster,
      'g',
      { t: '*' },
      {
        concurrently: async ([one]) => {
          if (one!.getProperty('REPLY_TO_CLIENT') !== undefined)
            await replies.sendAsync(createReplyMessage(one!, one!.body));
          return 'CONSUME_SUCCESS' as const;
        },
      },
    );
    const ask = async (text: string) =>
      (await producer.request(message('t', text), { timeout: 20_000 })).body.toString();
    expect(await ask('before')).toBe('before');
    await engine.close();
    engine = await start();
    // The connection is tried again with pauses.
    await eventually(() =>
      producer.send(message('t', 'again')).then(
        () => true,
        () => false,
      ),
    );
    expect(await ask('after')).toBe('after');
    await engine.close();
  });
});
