import { describe, expect, it, vi } from 'vitest';
import type { ConsumerConfig, MessageListener } from '../../../lib/client/index.js';
import type { MessageQueue } from '../../../lib/common/message-queue.js';
import { MQClientError } from '../../../lib/errors/index.js';
import type { HeartbeatData } from '../../../lib/remoting/body/heartbeat-data.js';
import type { LockBatchRequestBody } from '../../../lib/remoting/body/lock-batch-body.js';
import type { PullMessageRequestHeader } from '../../../lib/remoting/header/pull-message-request-header.js';
import { failure, success, type RemotingRequest } from '../../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { ResponseCode } from '../../../lib/remoting/response-code.js';
import { clusterRoute, ScriptedCluster } from '../../support/scripted-cluster.js';
import type { ScriptedCall } from '../../support/scripted-transport.js';
import { collect, startConsumer, startInstance } from '../../support/test-peers.js';
import { HOUR, MINUTE, settle, VirtualClock } from '../../support/virtual-clock.js';

/** Two groups of one client, each with two topics on the same broker, and how often the members of each are asked for. */
async function open(consumer: Partial<ConsumerConfig> = {}) {
  const clock = new VirtualClock();
  const cluster = new ScriptedCluster();
  for (const topic of ['t', 'u', '%RETRY%g', '%RETRY%h'])
    cluster.transport.routes.set(topic, clusterRoute(1, { a: [0] }));
  const instance = startInstance(cluster, { clock, client: { rebalanceInterval: 20_000 } });
  const listener = { concurrently: () => 'CONSUME_SUCCESS' as const };
  for (const group of ['g', 'h'])
    await startConsumer(cluster, group, { t: '*', u: '*' }, listener, { clock, instance, consumer });
  await settle();
  const asked = () =>
    cluster.requests
      .filter(({ request }) => request.code === RequestCode.GET_CONSUMER_LIST_BY_GROUP)
      .map(({ request }) => (request.header as { consumerGroup: string }).consumerGroup);
  const from = asked().length;
  return { clock, cluster, asked: () => asked().slice(from) };
}

/** A consumer that is in the middle of taking up 16 queues, of which its broker does not say the offsets. */
async function openTaking(listener: MessageListener) {
  const cluster = new ScriptedCluster();
  const addRoute = (topic: string) => cluster.transport.routes.set(topic, clusterRoute(16, { a: [0] }));
  addRoute('%RETRY%g');
  const options = { clock: new VirtualClock() };
  const consumer = await startConsumer(cluster, 'g', { t: '*', u: '*' }, listener, options);
  const asked: ScriptedCall[] = [];
  cluster.answer = (call) => {
    const { code, body } = call.request;
    const lockOKMQSet = (body as LockBatchRequestBody | undefined)?.mqSet;
    if (code === RequestCode.LOCK_BATCH_MQ)
      call.answer(success(undefined as never, { lockOKMQSet } as never));
    else if (code === RequestCode.QUERY_CONSUMER_OFFSET) asked.push(call);
    else return false;
    return true;
  };
  for (const topic of ['t', 'u']) addRoute(topic);
  void consumer.doRebalance();
  await settle();
  return { cluster, consumer, asked };
}

const isPullOf = ({ code, header }: RemotingRequest, topic: string, queueId: number): boolean =>
  code === RequestCode.PULL_MESSAGE &&
  (header as PullMessageRequestHeader).topic === topic &&
  (header as PullMessageRequestHeader).queueId === queueId;

describe('rebalancing', () => {
  it('asks once a round who the members are, however many topics there are', async () => {
    const { clock, asked } = await open();
    await clock.advance(20_000);
    await settle();
    expect(asked().toSorted()).toEqual(['g', 'h']);
  });

  it('shares out again when there are other queues', async () => {
    const { clock, cluster } = await open();
    const pulled = () => cluster.requests.filter(({ request }) => isPullOf(request, 't', 1)).length;
    await clock.advance(20_000);
    expect(pulled()).toBe(0);
    cluster.transport.routes.set('t', clusterRoute(2, { a: [0] }));
    await clock.advance(60_000);
    await settle();
    expect(pulled()).toBeGreaterThanOrEqual(2);
  });

  it.each([-HOUR, HOUR])(
    'takes a queue up anew when its pulls have stopped, and not because the clock was set by %s ms',
    async (step) => {
      const { clock, cluster } = await open();
      const pulled = () => cluster.requests.filter(({ request }) => isPullOf(request, 't', 0)).length;
      const before = pulled();
      clock.set(clock.now() + step);
      await clock.advance(MINUTE);
      expect(pulled()).toBe(before);
      await clock.advance(2 * MINUTE);
      expect(pulled()).toBe(2 * before);
    },
  );

  it('asks a strategy of the application in every round', async () => {
    const allocate = vi.fn((_: string, mqAll: readonly MessageQueue[]) => [...mqAll]);
    const { clock } = await open({ allocateMessageQueueStrategy: { name: 'own', allocate } });
    const before = allocate.mock.calls.length;
    await clock.advance(20_000);
    await settle();
    // Two groups, each with two topics and that of its retries.
    expect(allocate.mock.calls.length - before).toBe(6);
  });

  it.each([
    ['other members alone', success(undefined as never, { consumerIdList: ['other'] } as never)],
    ['no members', failure(ResponseCode.SYSTEM_ERROR, 'no consumer for this group, g')],
  ])('keeps the queues when a broker knows of %s yet, and tells it', async (_, answer) => {
    const cluster = new ScriptedCluster();
    for (const topic of ['t', '%RETRY%g']) cluster.transport.routes.set(topic, clusterRoute(2, { a: [0] }));
    const options = { clock: new VirtualClock(), random: () => 0.99 };
    const instance = startInstance(cluster, options);
    const consumer = await startConsumer(cluster, 'g', { t: '*' }, collect([]), { ...options, instance });
    const queues = () => consumer.admin.runningInfo().mqTable.size;
    const before = queues();
    cluster.answer = (call) => {
      const isNew = call.address === 'c:0' && !cluster.asked(RequestCode.HEART_BEAT).includes('c:0');
      if (!isNew || call.request.code !== RequestCode.GET_CONSUMER_LIST_BY_GROUP) return false;
      call.answer(answer as never);
      return true;
    };
    cluster.transport.routes.set('t', clusterRoute(2, { a: [0], c: [0] }));
    await instance.updateTopicRouteInfo('t');
    await consumer.doRebalance();
    expect(queues()).toBe(before);
    expect(cluster.asked(RequestCode.GET_CONSUMER_LIST_BY_GROUP)).toContain('c:0');
    expect(cluster.asked(RequestCode.HEART_BEAT)).toContain('c:0');
    await consumer.doRebalance();
    expect(queues()).toBe(before + 2);
  });

  it('begins half an hour before its start, however late a queue can be taken up', async () => {
    const clock = new VirtualClock();
    const start = clock.now();
    const cluster = new ScriptedCluster();
    for (const topic of ['t', '%RETRY%g']) cluster.transport.routes.set(topic, clusterRoute(1, { a: [0] }));
    let isDown = true;
    const timestamps: number[] = [];
    cluster.answer = (call) => {
      const { code, header } = call.request;
      if (code === RequestCode.SEARCH_OFFSET_BY_TIMESTAMP)
        timestamps.push((header as { timestamp: number }).timestamp);
      if (code !== RequestCode.QUERY_CONSUMER_OFFSET) return false;
      call.answer(failure(isDown ? ResponseCode.SYSTEM_ERROR : ResponseCode.QUERY_NOT_FOUND, ''));
      return true;
    };
    const consumer = { consumeFromWhere: 'CONSUME_FROM_TIMESTAMP' } as const;
    await startConsumer(cluster, 'g', { t: '*' }, collect([]), { clock, consumer });
    await clock.advance(HOUR);
    isDown = false;
    await clock.advance(MINUTE);
    expect(timestamps).toEqual([start - HOUR / 2]);
  });

  it('looks at the group alone of which a broker says that it has changed', async () => {
    const { cluster, asked } = await open();
    const header = { consumerGroup: 'h' };
    cluster.transport.push({ code: RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, header, body: undefined });
    await settle();
    expect(asked()).toEqual(['h']);
  });
});

describe('a reset', () => {
  it('that the broker does not take says so, and the queue goes on where the group was', async () => {
    const cluster = new ScriptedCluster();
    cluster.transport.routes.set('t', clusterRoute(1, { a: [0] }));
    cluster.answer = (call) => {
      const isTold = call.request.code === RequestCode.UPDATE_CONSUMER_OFFSET;
      if (isTold) call.answer(failure(ResponseCode.SYSTEM_ERROR, 'not now'));
      return isTold;
    };
    const options = { clock: new VirtualClock() };
    const { admin } = await startConsumer(cluster, 'g', { t: '*' }, collect([]), options);
    await settle();
    const offsets = new Map([[{ topic: 't', brokerName: 'a', queueId: 0 }, 3]]);
    await expect(admin.resetOffset('t', offsets)).rejects.toThrow('not now');
    await settle();
    const pulls = cluster.requests.filter(({ request }) => isPullOf(request, 't', 0));
    expect(pulls.map(({ request }) => (request.header as PullMessageRequestHeader).queueOffset)).toEqual([
      7, 7,
    ]);
  });
});

describe('a member of a group with another subscription', () => {
  /** A consumer with other members of its group, and the versions of its subscription that its broker was told. */
  async function openWith(others: readonly string[], brokerOfRetries = 'a') {
    const clock = new VirtualClock();
    const cluster = new ScriptedCluster();
    const group = { others };
    const versions: number[] = [];
    cluster.answer = (call) => {
      const { code, body } = call.request;
      if (code === RequestCode.HEART_BEAT) {
        const [consumer] = (body as HeartbeatData).consumerDataSet;
        versions.push(consumer!.subscriptionDataSet.find(({ topic }) => topic === 't')!.subVersion);
      }
      if (code !== RequestCode.GET_CONSUMER_LIST_BY_GROUP) return false;
      const consumerIdList = [instance.clientId, ...group.others];
      call.answer(success(undefined as never, { consumerIdList } as never));
      return true;
    };
    cluster.transport.routes.set('t', clusterRoute(4, { a: [0] }));
    cluster.transport.routes.set('%RETRY%g', clusterRoute(4, { [brokerOfRetries]: [0] }));
    const instance = startInstance(cluster, { clock });
    await startConsumer(cluster, 'g', { t: 'x || y' }, collect([]), { clock, instance });
    await clock.advance(MINUTE);
    const notify = async () => {
      const header = { consumerGroup: 'g' };
      cluster.transport.push({ code: RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, header, body: undefined });
      await settle();
    };
    const reconnect = () => cluster.transport.change({ address: 'a:0', state: 'connected' });
    const pulled = () =>
      cluster.requests
        .filter(({ request }) => request.code === RequestCode.PULL_MESSAGE)
        .map(({ request }) => request.header as PullMessageRequestHeader)
        .filter(({ topic }) => topic === 't');
    return { clock, group, versions, notify, reconnect, pulled, instance, start: clock.now() - MINUTE };
  }

  it('is outlived by what those want that stay: they say it anew before they pull the queues of who left', async () => {
    const { clock, group, versions, notify, pulled, start } = await openWith(['other']);
    expect(new Set(versions)).toEqual(new Set([start]));
    group.others = [];
    const before = pulled().length;
    await notify();
    expect(versions.at(-1)).toBe(clock.now());
    const taken = pulled().slice(before);
    expect(taken.length).toBeGreaterThan(0);
    expect(taken.every(({ subVersion }) => subVersion === clock.now())).toBe(true);
  });

  it('is outlived once for all brokers, and while the next heartbeat would have to wait', async () => {
    const { clock, group, versions, notify, pulled, instance, start } = await openWith(['other'], 'b');
    instance.sendHeartbeatSoon();
    await settle();
    group.others = [];
    const before = pulled().length;
    await notify();
    expect(new Set(versions)).toEqual(new Set([start, clock.now()]));
    expect(
      pulled()
        .slice(before)
        .every(({ subVersion }) => subVersion === clock.now()),
    ).toBe(true);
  });

  it('that joins is the newest, and who is there already says nothing', async () => {
    const { clock, group, versions, notify, start } = await openWith([]);
    group.others = ['other'];
    await notify();
    await clock.advance(MINUTE);
    expect(new Set(versions)).toEqual(new Set([start]));
  });

  it('of many groups at once is outlived by what each of them wants, said once', async () => {
    const groups = Array.from({ length: 50 }, (_, i) => `g${i}`);
    const cluster = new ScriptedCluster();
    const others = new Set(['other']);
    cluster.answer = (call) => {
      if (call.request.code !== RequestCode.GET_CONSUMER_LIST_BY_GROUP) return false;
      const consumerIdList = [instance.clientId, ...others];
      call.answer(success(undefined as never, { consumerIdList } as never));
      return true;
    };
    for (const topic of ['t', ...groups.map((group) => `%RETRY%${group}`)])
      cluster.transport.routes.set(topic, clusterRoute(4, { a: [0] }));
    const clock = new VirtualClock();
    const instance = startInstance(cluster, { clock });
    for (const group of groups)
      await startConsumer(cluster, group, { t: '*' }, collect([]), { clock, instance });
    await clock.advance(MINUTE);
    others.clear();
    cluster.requests.length = 0;
    for (const consumerGroup of groups) {
      const header = { consumerGroup };
      cluster.transport.push({ code: RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, header, body: undefined });
    }
    await settle();
    const told = cluster.requests
      .filter(({ request }) => request.code === RequestCode.HEART_BEAT)
      .flatMap(({ request }) => (request.body as HeartbeatData).consumerDataSet)
      .map(({ groupName }) => groupName);
    expect(told.toSorted()).toEqual(groups.toSorted());
  });

  it('leaves it to who came last of all that stay', async () => {
    const { group, versions, notify, start } = await openWith([]);
    for (const others of [['second'], ['second', 'third'], ['third'], ['third', 'fourth'], ['fourth']]) {
      group.others = others;
      await notify();
    }
    expect(new Set(versions)).toEqual(new Set([start]));
    group.others = [];
    await notify();
    expect(versions.at(-1)).toBeGreaterThan(start);
  });

  it.each([
    ['that comes again over a new connection is as old as before', '1.1.1.1@7#1', true],
    ['that comes again under a name that it was given is the newest', '1.1.1.1@name', false],
  ])('%s', async (_, elder, isOutlived) => {
    const { clock, group, versions, notify } = await openWith([elder]);
    for (const others of [[], [elder], [elder, 'other']]) {
      group.others = others;
      await notify();
    }
    const before = versions.length;
    await clock.advance(MINUTE);
    group.others = [elder];
    await notify();
    expect(versions.slice(before).includes(clock.now())).toBe(isOutlived);
  });

  it('is not gone when its broker was restarted and the others are there again before it', async () => {
    const { group, versions, notify, start, reconnect } = await openWith(['other', 'another']);
    for (const others of [[], ['other'], ['other', 'another']]) {
      group.others = others;
      if (others.length === 0) reconnect();
      await notify();
    }
    expect(new Set(versions)).toEqual(new Set([start]));
  });

  it('may have renewed its own while the newest had no connection: that one says it anew', async () => {
    const { clock, versions, notify, reconnect } = await openWith(['other']);
    reconnect();
    await notify();
    expect(versions.at(-1)).toBe(clock.now());
  });

  it('makes no version go back when the clock was set back', async () => {
    const { clock, group, versions, notify, start } = await openWith(['other']);
    clock.set(start - HOUR);
    group.others = [];
    await notify();
    expect(versions.at(-1)).toBe(start + 1);
  });
});

describe('the end of a consumer that is taking up queues', () => {
  it('waits for one question to a broker that does not answer, and not for all', async () => {
    const { consumer, asked } = await openTaking(collect([]));
    const ended = consumer.shutdown();
    asked[0]!.fail(new MQClientError('no answer', { retryable: true }));
    await settle();
    expect(asked).toHaveLength(1);
    expect(await ended).toEqual([]);
  });

  it('leaves a queue whose offset comes too late to others', async () => {
    const { cluster, consumer, asked } = await openTaking({ orderly: () => 'SUCCESS' });
    const ended = consumer.shutdown();
    asked[0]!.answer(success({ offset: 7 } as never, undefined as never));
    await settle();
    expect(asked).toHaveLength(1);
    expect(cluster.asked(RequestCode.UNLOCK_BATCH_MQ)).toEqual(['a:0']);
    expect(cluster.requests.filter(({ request }) => isPullOf(request, 't', 0))).toEqual([]);
    await ended;
  });
});
