import { describe, expect, it } from 'vitest';
import { RouteInfoManager } from '../../../lib/engine/namesrv/route-info-manager.js';

const broker = (brokerName: string) => ({
  cluster: 'c',
  brokerName,
  brokerAddrs: new Map([[0, `${brokerName}:1`]]),
});
const queues = (count: number) => ({
  readQueueNums: count,
  writeQueueNums: count,
  perm: 6,
  topicSysFlag: 0,
});

describe('RouteInfoManager', () => {
  it('gathers the queues of a topic on all brokers', () => {
    const routes = new RouteInfoManager();
    for (const name of ['a', 'b']) routes.registerBroker(broker(name));
    routes.registerTopic('a', 't', queues(1));
    routes.registerTopic('b', 't', queues(2));
    routes.registerTopic('b', 'u', queues(4));
    routes.registerTopic('a', 't', queues(3));
    expect(routes.pickupTopicRouteData('t')).toEqual({
      queueDatas: [
        { brokerName: 'a', ...queues(3) },
        { brokerName: 'b', ...queues(2) },
      ],
      brokerDatas: [broker('a'), broker('b')],
    });
    expect(routes.pickupTopicRouteData('u')!.brokerDatas).toEqual([broker('b')]);
    expect(routes.pickupTopicRouteData('v')).toBeUndefined();
    expect(routes.pickupTopicRouteData('__proto__')).toBeUndefined();
  });

  it('forgets a topic that a broker has deleted, and leaves it to the others', () => {
    const routes = new RouteInfoManager();
    for (const name of ['a', 'b']) routes.registerBroker(broker(name));
    for (const name of ['a', 'b']) routes.registerTopic(name, 't', queues(1));
    routes.unregisterTopic('a', 't');
    expect(routes.pickupTopicRouteData('t')!.brokerDatas).toEqual([broker('b')]);
    routes.unregisterTopic('b', 't');
    expect(routes.topics()).toEqual([]);
  });

  it('knows all brokers', () => {
    const routes = new RouteInfoManager();
    routes.registerBroker(broker('a'));
    expect([...routes.getAllClusterInfo().brokerAddrTable]).toEqual([['a', broker('a')]]);
  });
});
