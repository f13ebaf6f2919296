import { describe, expect, it } from 'vitest';
import { MQAdminImpl } from '../../lib/client/index.js';
import { createTopicConfig } from '../../lib/engine/broker/topic/topic-config.js';
import { failure, success } from '../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { ClientErrorCode, ResponseCode } from '../../lib/remoting/response-code.js';
import { clusterRoute, ScriptedCluster } from '../support/scripted-cluster.js';
import { startInstance } from '../support/test-peers.js';

/** A cluster of brokers with these members. */
function open(members: Readonly<Record<string, readonly number[]>>) {
  const cluster = new ScriptedCluster();
  const { brokerDatas } = clusterRoute(1, members);
  const brokerAddrTable = new Map(brokerDatas.map((broker) => [broker.brokerName, broker]));
  cluster.answer = (call) => {
    if (call.request.code !== RequestCode.GET_BROKER_CLUSTER_INFO) return false;
    call.answer(success(undefined as never, { brokerAddrTable } as never));
    return true;
  };
  const instance = startInstance(cluster);
  return { cluster, instance, admin: new MQAdminImpl(instance) };
}

describe('createTopic', () => {
  it.each<Readonly<Record<string, readonly number[]>>>([{}, { a: [1] }])(
    'fails when there is no master that could have the topic: %j',
    async (members) => {
      const { cluster, admin } = open(members);
      await expect(admin.createTopic('t', 4)).rejects.toMatchObject({
        message:
          'Topic t was not created: the name server ns:1 knows no broker with a master. Start one, and try again.',
        responseCode: ClientErrorCode.BROKER_NOT_EXIST,
        retryable: true,
      });
      expect(cluster.asked(RequestCode.UPDATE_AND_CREATE_TOPIC)).toEqual([]);
    },
  );

  it('asks the brokers that the cluster has, not those of a route that name servers know no more', async () => {
    const { cluster, instance, admin } = open({ a: [0] });
    cluster.transport.routes.set('old', clusterRoute(1, { gone: [0] }));
    await instance.updateTopicRouteInfo('old');
    cluster.transport.routes.clear();
    await admin.createTopic('t', 4);
    expect(cluster.asked(RequestCode.UPDATE_AND_CREATE_TOPIC)).toEqual(['a:0']);
  });

  it('changes no broker when one of them refuses', async () => {
    const { cluster, admin } = open({ a: [0], b: [0] });
    const { answer } = cluster;
    cluster.answer = (call) => {
      const { code } = call.request;
      if (code !== RequestCode.GET_TOPIC_CONFIG) return answer!(call);
      const config = createTopicConfig('t', 8, 6);
      if (call.address === 'a:0') call.answer(failure(ResponseCode.TOPIC_NOT_EXIST, 'none'));
      else call.answer(success(undefined as never, config as never));
      return true;
    };
    await expect(admin.createTopic('t', 4)).rejects.toThrow('Topic t has 8 queues in broker b');
    expect(cluster.asked(RequestCode.UPDATE_AND_CREATE_TOPIC)).toEqual([]);
    await admin.createTopic('t');
    expect(cluster.asked(RequestCode.UPDATE_AND_CREATE_TOPIC)).toEqual(['a:0']);
  });
});
