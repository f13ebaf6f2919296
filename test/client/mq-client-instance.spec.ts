import { describe, expect, it, onTestFinished } from 'vitest';
import { DefaultMQProducer } from '../../lib/client/index.js';
import { failure, success } from '../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { ResponseCode } from '../../lib/remoting/response-code.js';
import { clusterRoute, ScriptedCluster, unreachable } from '../support/scripted-cluster.js';
import { collect, startConsumer, startInstance } from '../support/test-peers.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

const POLL = 30_000;

function open(random = () => 0) {
  const clock = new VirtualClock();
  const cluster = new ScriptedCluster();
  const { transport } = cluster;
  transport.routes.set('t', clusterRoute(2, { a: [0, 1], b: [0] }));
  return { clock, cluster, transport, random };
}

describe('name servers', () => {
  const namesrvAddrs = ['ns:1', 'ns:2', 'ns:3'];
  const askedOf = (addresses: string[]) => addresses.filter((address) => address.startsWith('ns:'));

  function openSeveral(random: () => number) {
    const { clock, cluster, transport } = open();
    const asked: string[] = [];
    const invoke = transport.invoke.bind(transport);
    transport.invoke = (address, ...others) => {
      asked.push(address);
      if (cluster.dead.has(address)) transport.deadNameServers.add(address);
      else transport.deadNameServers.delete(address);
      invoke(address, ...others);
    };
    const several = { namesrvAddrs, connect: () => transport, close: async () => {} };
    return { cluster, asked, instance: startInstance(several, { clock, random }) };
  }

  it('are asked from any one on, so that clients spread over them', async () => {
    for (const [random, first] of [
      [0, 'ns:1'],
      [0.5, 'ns:2'],
      [0.999, 'ns:3'],
    ] as const) {
      const { asked, instance } = openSeveral(() => random);
      await instance.updateTopicRouteInfo('t');
      expect(asked).toEqual([first]);
    }
  });

  it('are changed when one fails, and the one that answered stays chosen', async () => {
    const { cluster, asked, instance } = openSeveral(() => 0);
    cluster.dead.add('ns:1').add('ns:2');
    await instance.updateTopicRouteInfo('t');
    cluster.dead.delete('ns:1');
    await instance.updateTopicRouteInfo('t');
    cluster.dead.add('ns:3');
    await instance.updateTopicRouteInfo('t');
    await instance.updateTopicRouteInfo('t');
    expect(askedOf(asked)).toEqual(['ns:1', 'ns:2', 'ns:3', 'ns:3', 'ns:3', 'ns:1', 'ns:1']);
  });

  describe('of which one has lost the brokers', () => {
    function openCutOff() {
      const { cluster, asked, instance } = openSeveral(() => 0);
      const timeouts: number[] = [];
      cluster.dead.add('ns:1');
      cluster.transport.respond = (call) => {
        timeouts.push(call.timeoutMillis);
        if (call.address === 'ns:1') call.answer(failure(ResponseCode.TOPIC_NOT_EXIST, 'no route'));
        else unreachable(call);
      };
      return { cluster, asked, instance, timeouts };
    }

    it('are left for one that has the topic', async () => {
      const { asked, instance } = openCutOff();
      expect(await instance.updateTopicRouteInfo('t')).toBeDefined();
      await instance.updateTopicRouteInfo('t');
      expect(asked).toEqual(['ns:1', 'ns:2', 'ns:2']);
    });

    it('say that there is no topic when no other one has it, and those that do not answer have a second', async () => {
      const { cluster, asked, instance, timeouts } = openCutOff();
      cluster.dead.add('ns:2');
      expect(await instance.updateTopicRouteInfo('unknown')).toBeUndefined();
      expect(asked).toEqual(['ns:1', 'ns:2', 'ns:3']);
      expect(timeouts).toEqual([3000, 1000]);
      await instance.updateTopicRouteInfo('unknown');
      expect(asked[3]).toBe('ns:1');
    });
  });

  it('keep a route that they no longer know: one that was restarted knows nothing at first', async () => {
    const { clock, cluster, transport } = open();
    const instance = startInstance(cluster, { clock });
    await instance.updateTopicRouteInfo('t');
    transport.routes.clear();
    expect(await instance.updateTopicRouteInfo('t')).toBeUndefined();
    expect(instance.findBrokerAddressInPublish('a')).toBe('a:0');
  });
});

describe('the route of a topic', () => {
  it('is looked at again at most once a second, whatever is done to the clock', async () => {
    const { clock, cluster, transport } = open();
    const instance = startInstance(cluster, { clock });
    const refresh = async () => {
      instance.refreshRoute('t');
      await settle();
      return transport.routeRequests;
    };
    expect(await refresh()).toBe(1);
    clock.set(clock.now() - 3_600_000);
    await clock.advance(999);
    expect(await refresh()).toBe(1);
    await clock.advance(1);
    expect(await refresh()).toBe(2);
  });

  it('is looked at also when name servers are too busy to name the brokers of the cluster', async () => {
    const { clock, cluster, transport } = open();
    const instance = startInstance(cluster, { clock });
    const brokerAddrTable = new Map(clusterRoute(1, { c: [0] }).brokerDatas.map((c) => [c.brokerName, c]));
    let isBusy = false;
    cluster.answer = (call) => {
      if (call.request.code !== RequestCode.GET_BROKER_CLUSTER_INFO) return false;
      if (isBusy) call.answer(failure(ResponseCode.SYSTEM_BUSY, 'busy'));
      else call.answer(success(undefined as never, { brokerAddrTable } as never));
      return true;
    };
    instance.start();
    await instance.updateBrokers();
    await instance.updateTopicRouteInfo('t');
    isBusy = true;
    transport.routes.set('t', clusterRoute(8, { b: [0] }));
    await clock.advance(POLL);
    expect(instance.routeOf('t')?.queueDatas[0]?.readQueueNums).toBe(8);
    expect(instance.brokerNames()).toEqual(['c', 'b']);
  });

  describe('that name servers do not know any more', () => {
    async function openStarted() {
      const { clock, cluster, transport } = open();
      transport.routes.set('u', clusterRoute(1, { b: [0] }));
      const instance = startInstance(cluster, { clock });
      instance.start();
      for (const topic of ['t', 'u']) await instance.updateTopicRouteInfo(topic);
      transport.routes.delete('t');
      return { clock, cluster, transport, instance };
    }

    it('is forgotten after ten looks, with the brokers that only it had', async () => {
      const { clock, transport, instance } = await openStarted();
      const changed: string[] = [];
      const group = 'p';
      instance.registerProducer({ group, onRouteChanged: (topic: string) => changed.push(topic) } as never);
      await clock.advance(9 * POLL);
      expect(instance.routeOf('t')).toBeDefined();
      expect(instance.brokerNames()).toEqual(['a', 'b']);
      await clock.advance(POLL);
      expect(instance.routeOf('t')).toBeUndefined();
      expect(instance.brokerNames()).toEqual(['b']);
      expect(changed).toEqual(['t']);
      transport.routeRequests = 0;
      await clock.advance(POLL);
      expect(transport.routeRequests).toBe(1);
    });

    it('is kept when it is there again meanwhile', async () => {
      const { clock, transport, instance } = await openStarted();
      await clock.advance(9 * POLL);
      transport.routes.set('t', clusterRoute(2, { a: [0, 1], b: [0] }));
      await instance.updateTopicRouteInfo('t');
      transport.routes.delete('t');
      await clock.advance(9 * POLL);
      expect(instance.routeOf('t')).toBeDefined();
    });

    it('is asked for on by who consumes it, and taken when it is there again', async () => {
      const { clock, cluster, transport, instance } = await openStarted();
      await startConsumer(cluster, 'g', { t: '*' }, collect([]), { clock, instance });
      await clock.advance(10 * POLL);
      expect(instance.routeOf('t')).toBeUndefined();
      transport.routes.set('t', clusterRoute(1, { c: [0] }));
      await clock.advance(POLL);
      expect(instance.brokerNames()).toEqual(['b', 'c']);
    });
  });
});

describe('brokers', () => {
  it('that have gone from every route are forgotten', async () => {
    const { clock, cluster, transport } = open();
    const instance = startInstance(cluster, { clock });
    instance.start();
    await instance.updateTopicRouteInfo('t');
    expect(instance.brokerNames()).toEqual(['a', 'b']);
    transport.routes.set('t', clusterRoute(2, { b: [0] }));
    await clock.advance(POLL);
    expect(instance.brokerNames()).toEqual(['b']);
    expect(instance.findBrokerAddressInSubscribe('a', 0)).toBeUndefined();
  });

  it('of other topics are learned and forgotten although routes of many topics are refused', async () => {
    const { clock, cluster, transport } = open();
    const instance = startInstance(cluster, { clock });
    instance.start();
    const refused = Array.from({ length: 100 }, (_, i) => `refused-${i}`);
    for (const topic of refused) transport.routes.set(topic, clusterRoute(1, { b: [0] }));
    for (const topic of [...refused, 't']) await instance.updateTopicRouteInfo(topic);
    for (const topic of refused) transport.routes.set(topic, clusterRoute(70_000, { b: [0] }));
    transport.routes.set('t', clusterRoute(2, { b: [0], c: [0] }));
    transport.change({ address: 'a:0', state: 'disconnected' });
    await clock.advance(POLL);
    expect(instance.brokerNames()).toEqual(['b', 'c']);
    expect(instance.connectionStatuses()).toEqual([]);
  });

  it('stay known while one route has them', async () => {
    const { clock, cluster, transport } = open();
    transport.routes.set('u', clusterRoute(1, { a: [0] }));
    const instance = startInstance(cluster, { clock });
    instance.start();
    await instance.updateTopicRouteInfo('t');
    await instance.updateTopicRouteInfo('u');
    transport.routes.set('t', clusterRoute(2, { b: [0] }));
    await clock.advance(POLL);
    expect(instance.brokerNames()).toEqual(['a', 'b']);
  });

  it('are where the cluster says, whatever older routes say, but for a slave that acts as the master', async () => {
    const { cluster, transport } = open();
    transport.routes.set('t', clusterRoute(1, { a: [0], b: [0] }));
    const instance = startInstance(cluster);
    await instance.updateTopicRouteInfo('t');
    const moved = { cluster: 'c', brokerName: 'a', brokerAddrs: new Map([[0, 'moved:0']]) };
    const masterless = (address: string) => ({
      cluster: 'c',
      brokerName: 'b',
      brokerAddrs: new Map([[1, address]]),
    });
    const look = async (b: string) => {
      const brokerAddrTable = new Map([['a', moved] as const, ['b', masterless(b)] as const]);
      cluster.answer = (call) => {
        if (call.request.code !== RequestCode.GET_BROKER_CLUSTER_INFO) return false;
        call.answer(success(undefined as never, { brokerAddrTable } as never));
        return true;
      };
      await instance.updateBrokers();
      return ['a', 'b'].map((name) => instance.findBrokerAddressInPublish(name));
    };
    expect(await look('b:1')).toEqual(['moved:0', undefined]);
    expect(await look('b:0')).toEqual(['moved:0', 'b:0']);
    expect(instance.mastersOfCluster()).toEqual(['a']);
  });

  it('are read from where they ask, else from the next slave, else from whatever there is', async () => {
    const { clock, cluster, transport } = open();
    transport.routes.set('t', clusterRoute(1, { a: [2, 0, 1], b: [3, 1] }));
    const instance = startInstance(cluster, { clock });
    await instance.updateTopicRouteInfo('t');
    const found = (brokerName: string, id: number) => instance.findBrokerAddressInSubscribe(brokerName, id);
    expect(found('a', 0)).toEqual({ address: 'a:0', isSlave: false });
    expect(found('a', 1)).toEqual({ address: 'a:1', isSlave: true });
    expect(found('a', 9)).toEqual({ address: 'a:0', isSlave: false });
    expect(found('b', 0)).toEqual({ address: 'b:1', isSlave: true });
    expect(found('b', 2)).toEqual({ address: 'b:3', isSlave: true });
    expect(found('nowhere', 0)).toBeUndefined();
  });

  it('get heartbeats: masters of all clients, slaves of consumers', async () => {
    const { clock, cluster } = open();
    const instance = startInstance(cluster, { clock });
    await instance.updateTopicRouteInfo('t');
    await instance.sendHeartbeatToAllBrokers();
    expect(cluster.asked(RequestCode.HEART_BEAT)).toEqual(['a:0', 'b:0']);
    cluster.requests.length = 0;
    await startConsumer(cluster, 'g', { t: '*' }, collect([]), { clock, instance });
    expect(cluster.asked(RequestCode.HEART_BEAT)).toEqual(['a:0', 'a:1', 'b:0']);
  });

  it('are told who asks also while no name server answers, and again when they refused to hear', async () => {
    const { clock, cluster, transport } = open();
    const instance = startInstance(cluster, { clock });
    await instance.updateTopicRouteInfo('t');
    transport.deadNameServers.add('ns:1');
    const told = () => cluster.asked(RequestCode.HEART_BEAT);
    cluster.answer = (call) => {
      const isHeartbeat = call.request.code === RequestCode.HEART_BEAT;
      const isRefused = isHeartbeat && call.address === 'a:0' && told().length <= 2;
      if (isRefused) call.answer(failure(ResponseCode.SYSTEM_BUSY, 'busy'));
      return isRefused;
    };
    for (let i = 0; i < 3; i++) await instance.introduce();
    expect(told()).toEqual(['a:0', 'b:0', 'a:0']);
  });

  it('hear of a client with every connection, as they may be new or have forgotten it', async () => {
    const { cluster, transport, clock } = open();
    const instance = startInstance(cluster, { clock });
    await instance.updateTopicRouteInfo('t');
    const connect = (address: string) => transport.change({ address, state: 'connected' });
    connect('a:0');
    expect(cluster.asked(RequestCode.HEART_BEAT)).toEqual([]);
    const producer = new DefaultMQProducer(instance, { group: 'p' });
    producer.start();
    onTestFinished(() => producer.shutdown());
    for (const address of ['ns:1', 'elsewhere:1', 'a:0']) connect(address);
    expect(cluster.asked(RequestCode.HEART_BEAT)).toEqual(['a:0']);
    transport.change({ address: 'a:0', state: 'disconnected' });
    connect('a:0');
    expect(cluster.asked(RequestCode.HEART_BEAT)).toEqual(['a:0', 'a:0']);
  });
});

it('keeps no offsets in a directory named "~", which only a shell knows', () => {
  const start = () => startInstance(open().cluster, { client: { localOffsetStoreDir: '~/offsets' } });
  expect(start).toThrow('client.localOffsetStoreDir is "~/offsets"; allowed: a directory, without "~"');
});
