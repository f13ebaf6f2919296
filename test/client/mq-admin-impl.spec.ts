import { describe, expect, it } from 'vitest';
import { MQAdminImpl } from '../../lib/client/index.js';
import { success } from '../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { ClientErrorCode } from '../../lib/remoting/response-code.js';
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
  return { cluster, admin: new MQAdminImpl(startInstance(cluster)) };
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
});
