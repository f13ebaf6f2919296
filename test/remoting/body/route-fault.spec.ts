import { describe, expect, it } from 'vitest';
import { parseFastjson } from '../../../lib/common/fastjson.js';
import { routeFault } from '../../../lib/remoting/body/route-fault.js';
import type { BrokerData, TopicRouteData } from '../../../lib/remoting/body/topic-route-data.js';
import { topicRouteData } from '../../../lib/remoting/codec/body-types.js';
import { success } from '../../../lib/remoting/remoting-command.js';
import { outerApiOf } from '../../support/outer-api.js';
import { message, startInstance, startProducer } from '../../support/test-peers.js';
import { routeOf, ScriptedTransport } from '../../support/scripted-transport.js';
import { RecordingLogger } from '../../support/test-store.js';
import { VirtualClock } from '../../support/virtual-clock.js';

const HUGE = 2_000_000_000;
const orderConf = (count: number, queues: number) =>
  Array.from({ length: count }, (_, i) => `b-${i}:${queues}`).join(';');

const manyNames = Array.from({ length: 10_000 }, (_, i) => `b-${i}`);
const withAddresses = (count: number): BrokerData => ({
  cluster: 'c',
  brokerName: 'b',
  brokerAddrs: new Map(Array.from({ length: count }, (_, i) => [i, `b:${i}`])),
});

const refused: readonly (readonly [string, TopicRouteData, string])[] = [
  ['a huge count', routeOf(HUGE, 'b'), 'has 2000000000 read queues in broker b; allowed: 0 to 65536'],
  ['a negative count', routeOf(-1, 'b'), 'has -1 read queues in broker b; allowed: 0 to 65536'],
  [
    'many brokers',
    routeOf(65_536, ...'abcdefghijklmnopq'.split('')),
    'has 1114112 read queues; allowed: 1048576',
  ],
  [
    'a large order configuration',
    { ...routeOf(1, 'b'), orderTopicConf: orderConf(17, 65_536) },
    'has 1114112 order queues; allowed: 1048576',
  ],
  [
    'more brokers than a cluster has',
    routeOf(1, ...manyNames),
    'has read queues in 10000 brokers; allowed: 4096',
  ],
  [
    'more addresses than a cluster has',
    { ...routeOf(1), brokerDatas: [withAddresses(4097)] },
    'has 4097 members of brokers; allowed: 4096',
  ],
  [
    'brokers without addresses',
    { ...routeOf(1), brokerDatas: manyNames.map(() => withAddresses(0)) },
    'has 10000 members of brokers; allowed: 4096',
  ],
  [
    'an order configuration of many brokers',
    { ...routeOf(1, 'b'), orderTopicConf: orderConf(10_000, 1) },
    'has order queues in 10000 brokers; allowed: 4096',
  ],
  [
    'an order configuration with a large count',
    { ...routeOf(1, 'b'), orderTopicConf: 'b:99999' },
    'has 99999 order queues in broker b; allowed: 0 to 65536',
  ],
];

describe('a route with more queues than there can be', () => {
  it.each(refused)('is refused by clients: %s', async (_, route, fault) => {
    const transport = new ScriptedTransport();
    transport.routes.set('t', route);
    const cluster = { namesrvAddrs: ['ns:1'], connect: () => transport, close: async () => {} };
    const instance = startInstance(cluster, { clock: new VirtualClock() });
    await expect(instance.updateTopicRouteInfo('t')).rejects.toThrow(`The route of topic t ${fault}`);
    expect(instance.routeOf('t')).toBeUndefined();
    await expect(startProducer(cluster).send(message('t'))).rejects.toThrow(fault);
  });

  it.each(refused)('is refused by brokers: %s', async (_, route, fault) => {
    const transport = new ScriptedTransport();
    transport.routes.set('t', route);
    const api = outerApiOf(['ns:1'], transport, new VirtualClock(), new RecordingLogger());
    await expect(api.topicRouteOf('t')).rejects.toThrow(fault);
    transport.routes.set('t', routeOf(4, 'b'));
    expect(await api.topicRouteOf('t')).toEqual(routeOf(4, 'b'));
  });

  it('is refused of the whole cluster, too', async () => {
    const transport = new ScriptedTransport();
    const cluster = { namesrvAddrs: ['ns:1'], connect: () => transport, close: async () => {} };
    const instance = startInstance(cluster, { clock: new VirtualClock() });
    const brokerAddrTable = new Map(manyNames.map((name) => [name, withAddresses(1)]));
    transport.respond = (call) => call.answer(success(undefined as never, { brokerAddrTable } as never));
    await expect(instance.updateBrokers()).rejects.toThrow('The cluster has 10000 members of brokers');
    expect(instance.brokerAddresses()).toEqual([]);
  });

  it('is another thing than a large one', () => {
    const largest = routeOf(65_536, ...'abcdefghijklmnop'.split(''));
    expect(routeFault('t', { ...largest, orderTopicConf: orderConf(16, 65_536) })).toBeUndefined();
    expect(routeFault('t', routeOf(0))).toBeUndefined();
  });

  it('of a static topic is refused by name: its logical queues are not those of the brokers', () => {
    const read = (json: string) => topicRouteData.read(parseFastjson(json), 'body') as TopicRouteData;
    const [none, some] = ['{}', '{"b":{"topic":"t","totalQueues":4}}'].map((mapping) =>
      read(`{"queueDatas":[],"brokerDatas":[],"topicQueueMappingByBroker":${mapping}}`),
    );
    expect(routeFault('t', none!)).toBeUndefined();
    expect(routeFault('t', some!)).toMatch(/^Topic t is a static topic/);
  });
});
