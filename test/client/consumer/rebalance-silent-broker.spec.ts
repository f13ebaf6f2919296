import { describe, expect, it } from 'vitest';
import type { MessageExt } from '../../../lib/common/message-ext.js';
import type { MessageListener } from '../../../lib/client/index.js';
import { RemotingTimeoutError } from '../../../lib/errors/index.js';
import type { LockBatchRequestBody } from '../../../lib/remoting/body/lock-batch-body.js';
import type { PullMessageRequestHeader } from '../../../lib/remoting/header/pull-message-request-header.js';
import { success } from '../../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { ResponseCode } from '../../../lib/remoting/response-code.js';
import { clusterRoute, ScriptedCluster } from '../../support/scripted-cluster.js';
import type { ScriptedCall } from '../../support/scripted-transport.js';
import { collect, startConsumer, startInstance } from '../../support/test-peers.js';
import { encodeRecord, innerMessage } from '../../support/test-store.js';
import { settle, VirtualClock } from '../../support/virtual-clock.js';

const { LOCK_BATCH_MQ, QUERY_CONSUMER_OFFSET } = RequestCode;

const respond = (
  call: ScriptedCall,
  header: object,
  body?: object,
  code: ResponseCode = ResponseCode.SUCCESS,
) => call.answer({ ...success<never>(header as never, body as never), code });

describe('queues that another member gets', () => {
  it('are given up together, however long their broker takes to note how far they are', async () => {
    const cluster = new ScriptedCluster();
    const clock = new VirtualClock();
    const members: string[] = [];
    const told: ScriptedCall[] = [];
    cluster.transport.routes.set('t', clusterRoute(4, { a: [0] }));
    cluster.answer = (call) => {
      const { code } = call.request;
      if (code === RequestCode.GET_CONSUMER_LIST_BY_GROUP) respond(call, {}, { consumerIdList: members });
      else if (code === RequestCode.UPDATE_CONSUMER_OFFSET) told.push(call);
      else return false;
      return true;
    };
    const instance = startInstance(cluster, { clock });
    members.push(instance.clientId);
    const seen: MessageExt[] = [];
    const consumer = await startConsumer(cluster, 'g', { t: '*' }, collect(seen), { clock, instance });
    await settle();
    const pulls = () => cluster.requests.filter(({ request }) => request.code === RequestCode.PULL_MESSAGE);
    const found = { suggestWhichBrokerId: 0, nextBeginOffset: 8, minOffset: 0, maxOffset: 9 };
    for (const pull of pulls()) respond(pull, found, undefined, ResponseCode.PULL_NOT_FOUND);
    await clock.advance(0);
    const held = pulls().slice(4);
    expect(held).toHaveLength(4);
    members.push('~');
    const shared = consumer.doRebalance();
    await settle();
    expect(told.length).toBeGreaterThan(0);
    const body = encodeRecord(innerMessage({ topic: 't' }), { queueOffset: 8 });
    for (const pull of held) respond(pull, { ...found, nextBeginOffset: 9 }, body);
    await clock.advance(0);
    const queueIds = held.map(({ request }) => (request.header as PullMessageRequestHeader).queueId);
    expect(queueIds.toSorted()).toEqual([0, 1, 2, 3]);
    expect(seen, 'of queues 0 and 1').toHaveLength(2);
    expect([...consumer.admin.runningInfo().mqTable.keys()].map(({ queueId }) => queueId)).toEqual([0, 1]);
    cluster.answer = undefined;
    for (const call of told) respond(call, {});
    await shared;
  });
});

describe('a broker that does not answer', () => {
  it.each(['concurrently', 'orderly'] as const)(
    'holds up neither the queues of others nor, for each of its own, the start (%s)',
    async (how) => {
      const cluster = new ScriptedCluster();
      const clock = new VirtualClock();
      for (const topic of ['t', 'u'])
        cluster.transport.routes.set(topic, clusterRoute(8, { a: [0], b: [0] }));
      const asked: ScriptedCall[] = [];
      cluster.answer = (call) => {
        const { address, request, timeoutMillis } = call;
        const isFirst = request.code === (how === 'orderly' ? LOCK_BATCH_MQ : QUERY_CONSUMER_OFFSET);
        if (address === 'a:0' && isFirst) {
          asked.push(call);
          const error = new RemotingTimeoutError('no answer', timeoutMillis);
          clock.setTimeout(() => call.fail(error), timeoutMillis);
        } else if (request.code === LOCK_BATCH_MQ)
          respond(call, {}, { lockOKMQSet: (request.body as LockBatchRequestBody).mqSet });
        else return false;
        return true;
      };
      const listener: MessageListener =
        how === 'orderly' ? { orderly: () => 'SUCCESS' } : { concurrently: () => 'CONSUME_SUCCESS' };
      let isStarted = false;
      const options = { clock, random: () => 0.99 };
      const started = startConsumer(cluster, 'g', { t: '*', u: '*' }, listener, options);
      void started.then(() => (isStarted = true));
      await clock.advance(0);
      expect(cluster.asked(RequestCode.PULL_MESSAGE), 'those of one topic').toHaveLength(8);
      await clock.advance(3000);
      expect(isStarted).toBe(true);
      expect(new Set(cluster.asked(RequestCode.PULL_MESSAGE))).toEqual(new Set(['b:0']));
      expect(cluster.asked(RequestCode.PULL_MESSAGE)).toHaveLength(16);
      expect(asked, 'it is asked once').toHaveLength(1);
      cluster.answer = (call) => {
        if (call.request.code !== LOCK_BATCH_MQ) return false;
        respond(call, {}, { lockOKMQSet: (call.request.body as LockBatchRequestBody).mqSet });
        return true;
      };
      await clock.advance(2000);
      expect(new Set(cluster.asked(RequestCode.PULL_MESSAGE))).toEqual(new Set(['a:0', 'b:0']));
      await started;
    },
  );
});
