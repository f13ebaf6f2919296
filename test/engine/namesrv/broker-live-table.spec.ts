import { deflateSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from 'vitest';
import { crc32 } from '../../../lib/common/crc32.js';
import { KVConfigManager } from '../../../lib/engine/namesrv/kvconfig/kv-config-manager.js';
import { NamesrvController } from '../../../lib/engine/namesrv/namesrv-controller.js';
import type { Channel } from '../../../lib/remoting/channel.js';
import type { RegisteredTopic } from '../../../lib/remoting/body/register-broker-body.js';
import { encodeRegisterBrokerBody } from '../../../lib/remoting/codec/register-broker-body-codec.js';
import type { RegisterBrokerRequestHeader } from '../../../lib/remoting/header/register-broker-request-header.js';
import type { RemotingRequest, RemotingResponse } from '../../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { SimulatedDisk } from '../../support/simulated-file-system.js';
import { RecordingLogger } from '../../support/test-store.js';
import { HOUR, VirtualClock } from '../../support/virtual-clock.js';

const EXPIRED_TIME = 120_000;
const topic = (topicName: string, queues = 4): RegisteredTopic => ({
  topicName,
  readQueueNums: queues,
  writeQueueNums: queues,
  perm: 6,
  topicFilterType: 'SINGLE_TAG',
  topicSysFlag: 0,
  order: false,
});
const header = (
  name: string,
  others: Partial<RegisterBrokerRequestHeader> = {},
): RegisterBrokerRequestHeader => ({
  clusterName: 'c',
  brokerName: name,
  brokerAddr: `${name}:10911`,
  brokerId: 0,
  haServerAddr: `${name}:10912`,
  compressed: false,
  bodyCrc32: 0,
  ...others,
});
const channel = (): Channel => ({
  remoteHost: { address: Buffer.alloc(4), port: 1 },
  language: 'JAVA',
  version: 479,
  isClosed: false,
  isWritable: true,
  push: () => {},
  invoke: () => {},
});

let clock: VirtualClock;
let logger: RecordingLogger;
let namesrv: NamesrvController;
let counter: number;

/** The answer of the name server, which comes at once. */
function ask(
  request: object,
  from: Channel = channel(),
): RemotingResponse<typeof RequestCode.REGISTER_BROKER> {
  let answer!: RemotingResponse;
  namesrv.handle(request as RemotingRequest, { channel: from, reply: (response) => (answer = response) });
  return answer as RemotingResponse<typeof RequestCode.REGISTER_BROKER>;
}

function register(
  of: RegisterBrokerRequestHeader,
  topics = [topic('t'), topic('u')],
  { from = channel(), version = ++counter, stateVersion = 0 } = {},
) {
  const topicConfigTable = new Map(topics.map((each) => [each.topicName, each]));
  const dataVersion = { counter: version, stateVersion, timestamp: 1 };
  const body = encodeRegisterBrokerBody({ dataVersion, topicConfigTable });
  return ask({ code: RequestCode.REGISTER_BROKER, header: of, body }, from);
}

/** A text of a compressed body. */
function part(text: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(text.length);
  return Buffer.concat([length, Buffer.from(text)]);
}

const routeOf = (name: string) => namesrv.routes.pickupTopicRouteData(name);
const brokersOf = (name: string) => routeOf(name)?.queueDatas.map(({ brokerName }) => brokerName);
const queuesOf = (name: string) => routeOf(name)?.queueDatas.map(({ readQueueNums }) => readQueueNums);

beforeEach(() => {
  clock = new VirtualClock();
  counter = 0;
  logger = new RecordingLogger();
  const fileSystem = new SimulatedDisk({ now: () => clock.now() }).mount();
  const kvConfig = new KVConfigManager({ storePathRootDir: '/store', fileSystem, clock, logger }, () => {});
  namesrv = new NamesrvController(logger, clock, kvConfig, false);
});

describe('brokers of other processes', () => {
  it('are merged into the routes, masters with their slaves, and slaves are told of their master', () => {
    expect(register(header('a'))).toMatchObject({ code: 0, header: {} });
    register(header('b'), [topic('t', 2), topic('v')]);
    const slave = register(header('a', { brokerId: 1, brokerAddr: 'slave:1' }), []);
    expect(slave.header).toEqual({ masterAddr: 'a:10911', haServerAddr: 'a:10912' });
    expect(routeOf('t')).toEqual({
      queueDatas: [
        { brokerName: 'a', readQueueNums: 4, writeQueueNums: 4, perm: 6, topicSysFlag: 0 },
        { brokerName: 'b', readQueueNums: 2, writeQueueNums: 2, perm: 6, topicSysFlag: 0 },
      ],
      brokerDatas: [
        {
          cluster: 'c',
          brokerName: 'a',
          brokerAddrs: new Map([
            [0, 'a:10911'],
            [1, 'slave:1'],
          ]),
        },
        { cluster: 'c', brokerName: 'b', brokerAddrs: new Map([[0, 'b:10911']]) },
      ],
    });
  });

  it('say nothing about topics with a version that is known, but for those that are not', () => {
    register(header('a'), [topic('t'), topic('u')], { version: 7 });
    register(header('a'), [topic('t', 8), topic('v', 8)], { version: 7 });
    expect([queuesOf('t'), queuesOf('v')]).toEqual([[4], [8]]);
    register(header('a'), [topic('t', 8)], { version: 8 });
    expect([queuesOf('t'), queuesOf('u')]).toEqual([[8], [4]]);
  });

  it('have a bounded number of topics, with bounded names', () => {
    const topics = (from: number, count: number) =>
      Array.from({ length: count }, (_, i) => topic(`t${from + i}`));
    expect(register(header('a'), topics(0, 99_999)).code).toBe(0);
    expect(register(header('a'), topics(99_998, 2), { version: 8 }).code).toBe(0);
    const { code, remark } = register(header('a'), topics(99_999, 2), { version: 9 });
    expect([code, remark]).toEqual([1, 'broker a has more than 100000 topics']);
    expect(routeOf('t100000')).toBeUndefined();
    const long = register(header('b'), [topic('t'), topic('x'.repeat(513))]);
    expect(long.remark).toMatch(/^topic x+… is longer than 512 characters$/);
  });

  it('have a bounded number of topics together', () => {
    register(header('a'));
    for (let i = 0; i < 400_000 - 3; i++) namesrv.routes.registerTopic(`b${i % 4}`, `t${i >> 2}`, topic('t'));
    expect(register(header('a'), [topic('v'), topic('u')]).code).toBe(0);
    const { code, remark } = register(header('a'), [topic('u'), topic('w')]);
    expect([code, remark]).toEqual([1, 'the brokers have more than 400000 topics together']);
    expect(register(header('a')).code).toBe(0);
  });

  it('say nothing about topics as slaves', () => {
    register(header('a', { brokerId: 1 }), [topic('t'), topic('u')]);
    expect(routeOf('t')).toBeUndefined();
  });

  it('are refused for the first time with a single topic, as their tables are not loaded yet', () => {
    expect(register(header('a'), [topic('t')])).toMatchObject({ code: 1, remark: 'register broker failed' });
    expect(register(header('a'), []).code).toBe(0);
    expect(register(header('a'), [topic('t')]).code).toBe(0);
  });

  it.each(['[fd00::1]:10911', 'fd00::1:10911'])(
    'name an IPv6 address as the broker writes it: %s',
    (brokerAddr) => {
      expect(register(header('a', { brokerAddr })).code).toBe(0);
      expect(routeOf('t')!.brokerDatas[0]!.brokerAddrs.get(0)).toBe(brokerAddr);
    },
  );

  it.each([
    [header('a b'), 'illegal name "a b"'],
    [header('a', { clusterName: '' }), 'illegal name ""'],
    [header('a', { brokerAddr: 'nowhere' }), 'illegal address "nowhere"'],
    [header('a', { brokerId: -1 }), 'illegal broker id -1'],
    [header('a', { heartbeatTimeoutMillis: 0 }), 'illegal heartbeatTimeoutMillis 0'],
    [header('a', { bodyCrc32: 1 }), 'crc32 not match'],
    [header('a', { compressed: true }), 'The topics of a broker cannot be read'],
    [header('own'), 'the broker name own belongs to the engine of this name server'],
  ])('are refused with %j', (of, remark) => {
    namesrv.routes.registerBroker({ cluster: 'c', brokerName: 'own', brokerAddrs: new Map([[0, 'own:1']]) });
    const answer = register(of);
    expect(answer.code).toBe(1);
    expect(answer.remark).toContain(remark);
    expect(routeOf('t')).toBeUndefined();
  });

  it('are refused with impossible topics', () => {
    const answer = register(header('a'), [topic('t'), topic('u', -1)]);
    expect(answer.remark).toBe('The topic "u" has -1 and -1 queues and the permission 6');
  });

  it('are refused with more than a body of JSON may have, or more topics than a broker', () => {
    const objects = Buffer.from(`{"filterServerList":[${'{},'.repeat(1_200_000)}{}]}`);
    expect(ask({ code: RequestCode.REGISTER_BROKER, header: header('a'), body: objects }).remark).toContain(
      'Expected at most 1200000 values',
    );
    const version = part('{"counter":1,"stateVersion":0,"timestamp":5}');
    const body = deflateSync(Buffer.concat([version, Buffer.from([0, 1, 0x86, 0xa1]), part('t 1 1 6')]));
    const of = header('a', { compressed: true });
    expect(ask({ code: RequestCode.REGISTER_BROKER, header: of, body }).remark).toContain('100001 topics');
  });

  it('may compress what they say, and send a checksum of it', () => {
    const two = Buffer.from([0, 0, 0, 2]);
    const version = part('{"counter":1,"stateVersion":0,"timestamp":5}');
    const topics = [part('t 3 2 6 SINGLE_TAG {"+message.type":"NORMAL"}'), part('u 1 1 4 SINGLE_TAG')];
    const body = deflateSync(Buffer.concat([version, two, ...topics, part('[]'), Buffer.alloc(4)]));
    const of = header('a', { compressed: true, bodyCrc32: crc32(body) });
    expect(ask({ code: RequestCode.REGISTER_BROKER, header: of, body })).toMatchObject({ code: 0 });
    expect(routeOf('t')!.queueDatas).toEqual([
      { brokerName: 'a', readQueueNums: 3, writeQueueNums: 2, perm: 6, topicSysFlag: 0 },
    ]);
    expect(routeOf('u')!.queueDatas).toMatchObject([{ readQueueNums: 1, perm: 4 }]);
  });

  it('take the place of a predecessor at another address, unless its state version is higher', () => {
    register(header('a'), undefined, { stateVersion: 2 });
    const moved = header('a', { brokerAddr: 'elsewhere:1' });
    expect(register(moved, undefined, { stateVersion: 1 }).remark).toContain('has a higher stateVersion');
    expect(routeOf('t')!.brokerDatas[0]!.brokerAddrs).toEqual(new Map([[0, 'a:10911']]));
    expect(register(moved, undefined, { stateVersion: 2 }).code).toBe(0);
    expect(routeOf('t')!.brokerDatas[0]!.brokerAddrs).toEqual(new Map([[0, 'elsewhere:1']]));
  });

  it('have one name at an address', () => {
    register(header('a', { brokerAddr: 'x:1' }));
    register(header('b', { brokerAddr: 'x:1' }));
    expect(brokersOf('t')).toEqual(['b']);
  });

  it('are logged every 10 s at most when they take the place of each other', async () => {
    const moves = (from: number) => {
      for (let i = from; i < from + 10; i++) register(header('a', { brokerAddr: `a:${1 + (i % 2)}` }));
    };
    moves(0);
    expect(logger.lines).toEqual([
      expect.stringContaining('Broker a (id 0) at a:1 registered'),
      expect.stringContaining('Broker a (id 0) at a:1 gives way to a at a:2'),
    ]);
    await clock.advance(10_000);
    moves(10);
    expect(logger.lines.slice(2)).toEqual([
      expect.stringContaining('Broker a (id 0) at a:2 gives way to a at a:1 (8 left out before)'),
      expect.stringContaining('Broker a (id 0) at a:1 registered (9 left out before)'),
    ]);
  });

  it('are gone when they unregister, or their connection is closed', () => {
    const from = channel();
    register(header('a'), undefined, { from });
    register(header('b'));
    ask({ code: RequestCode.UNREGISTER_BROKER, header: header('b'), body: undefined });
    expect(brokersOf('t')).toEqual(['a']);
    namesrv.onChannelClosed(channel());
    expect(brokersOf('t')).toEqual(['a']);
    namesrv.onChannelClosed(from);
    expect(brokersOf('t')).toBeUndefined();
    expect(namesrv.routes.getAllClusterInfo().brokerAddrTable.size).toBe(0);
  });

  it('are gone after two minutes of silence, or what they ask for; any word counts', async () => {
    register(header('silent'));
    register(header('hasty', { heartbeatTimeoutMillis: 10_000 }));
    for (const name of ['registers', 'beats', 'asks']) register(header(name));
    const body = { counter: counter, stateVersion: 0, timestamp: 1 };
    await clock.advance(30_000);
    expect(brokersOf('t')).toEqual(['silent', 'registers', 'beats', 'asks']);
    await clock.advance(EXPIRED_TIME - 60_000);
    register(header('registers'));
    ask({ code: RequestCode.BROKER_HEARTBEAT, header: header('beats'), body: undefined });
    const answer = ask({ code: RequestCode.QUERY_DATA_VERSION, header: header('asks'), body });
    expect(answer).toMatchObject({ header: { changed: false }, body });
    await clock.advance(60_000);
    expect(brokersOf('t')).toEqual(['registers', 'beats', 'asks']);
    await clock.advance(EXPIRED_TIME);
    expect(brokersOf('t')).toBeUndefined();
  });

  it.each([-HOUR, HOUR])('are gone after their silence, however the clock is set (%s ms)', async (step) => {
    for (const name of ['registers', 'beats']) register(header(name));
    ask({ code: RequestCode.BROKER_HEARTBEAT, header: header('beats'), body: undefined });
    clock.set(clock.now() + step);
    await clock.advance(EXPIRED_TIME);
    expect(brokersOf('t')).toEqual(['registers', 'beats']);
    await clock.advance(5000);
    expect(brokersOf('t')).toBeUndefined();
  });

  it('learn whether the name server has other topics than they', () => {
    const body = { counter: 1, stateVersion: 0, timestamp: 1 };
    const question = { code: RequestCode.QUERY_DATA_VERSION, header: header('a'), body };
    expect(ask(question)).toMatchObject({ header: { changed: true }, body: undefined });
    register(header('a'), undefined, { version: 2 });
    expect(ask(question)).toMatchObject({ header: { changed: true }, body: { ...body, counter: 2 } });
  });

  it('are not more than a thousand', () => {
    for (let i = 0; i < 1024; i++) expect(register(header(`b${i}`)).code).toBe(0);
    expect(register(header('one-more')).remark).toBe('there are 1024 brokers');
    expect(register(header('b7')).code).toBe(0);
  });
});
