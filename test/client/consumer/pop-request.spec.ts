import { describe, expect, it } from 'vitest';
import { MessageSelector, type ConsumerConfig } from '../../../lib/client/index.js';
import type { MessageExt } from '../../../lib/common/message-ext.js';
import type { HeartbeatData } from '../../../lib/remoting/body/heartbeat-data.js';
import type { PopMessageRequestHeader } from '../../../lib/remoting/header/pop-message-request-header.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { ResponseCode } from '../../../lib/remoting/response-code.js';
import { clusterRoute } from '../../support/scripted-cluster.js';
import { assignment, held, INVISIBLE, openPopConsumer, POP_TIME } from '../../support/scripted-pop.js';
import type { ScriptedCall } from '../../support/scripted-transport.js';
import { collect } from '../../support/test-peers.js';
import { HOUR, MINUTE } from '../../support/virtual-clock.js';

describe('the pop loop', () => {
  it('says what it wants, and acknowledges what it got by the place where it was popped', async () => {
    const got: MessageExt[] = [];
    const { popped, acks, answer, cluster } = await openPopConsumer(
      collect(got),
      { popBatchNums: 7 },
      'x || y',
    );
    expect(popped()).toEqual([
      {
        consumerGroup: 'g',
        topic: 't',
        queueId: -1,
        maxMsgNums: 7,
        invisibleTime: INVISIBLE,
        pollTime: 15_000,
        bornTime: 0,
        initMode: 0,
        expType: 'TAG',
        exp: 'x || y',
        order: false,
      },
    ]);
    expect(cluster.asked(RequestCode.PULL_MESSAGE)).toEqual([]);
    await answer([
      { offset: 5, tag: 'x' },
      { offset: 6, tag: 'y' },
    ]);
    expect(got.map(({ topic, brokerName }) => [topic, brokerName])).toEqual([
      ['t', 'a'],
      ['t', 'a'],
    ]);
    const extraInfo = (offset: number) => `5 ${POP_TIME} ${INVISIBLE} 3 0 a 0 ${offset}`;
    expect(acks()).toEqual(
      [5, 6].map((offset) => {
        return { consumerGroup: 'g', topic: 't', queueId: 0, offset, extraInfo: extraInfo(offset) };
      }),
    );
    expect(got[0]!.getProperty('1ST_POP_TIME')).toBe(String(POP_TIME));
    expect(popped()).toHaveLength(2);
  });

  it('acknowledges in the retry topic what comes from there', async () => {
    const { acks, answer } = await openPopConsumer(collect([]));
    const place = (flag: string) => `8 ${POP_TIME} ${INVISIBLE} 1 ${flag} a 0 9`;
    await answer([
      { offset: 9, properties: { POP_CK: place('1') } },
      { offset: 9, properties: { POP_CK: place('2') } },
      { offset: 4, topic: '%RETRY%g_t' },
    ]);
    expect(acks().map(({ topic }) => topic)).toEqual(['%RETRY%g_t', '%RETRY%g+t', '%RETRY%g_t']);
    expect(acks().map(({ offset }) => offset)).toEqual([9, 9, 4]);
    expect(acks()[0]!.extraInfo).toBe(place('1'));
    // The broker names no beginning of this portion, so it is that of its first message.
    expect(acks()[2]!.extraInfo).toBe(`4 ${POP_TIME} ${INVISIBLE} 3 1 a 0 4`);
  });

  it.each(['CONSUME_SUCCESS', 'RECONSUME_LATER'] as const)(
    'logs that it cannot tell the broker of a message (%s) whose POP_CK the listener has deleted',
    async (status) => {
      const concurrently = ([first]: readonly MessageExt[]) => {
        first!.properties.delete('POP_CK');
        return status;
      };
      const { acks, changes, answer, logger } = await openPopConsumer({ concurrently });
      await answer([{ offset: 5 }]);
      expect([...acks(), ...changes()]).toEqual([]);
      expect(logger.lines.join('\n')).toContain('its POP_CK was changed');
    },
  );

  it('says how many records came damaged, which are not acknowledged', async () => {
    const { acks, answer, logger } = await openPopConsumer(collect([]));
    await answer([{ offset: 5 }, { offset: 6 }], {}, (body) => void (body[body.lastIndexOf('hello')]! ^= 1));
    expect(acks().map(({ offset }) => offset)).toEqual([5]);
    expect(logger.lines.filter((line) => line.startsWith('ERROR'))).toEqual([
      'ERROR Damaged records from all queues of topic t on a are passed over: 1',
    ]);
  });

  it('passes over messages whose tag only has the hash of a wanted one, and over those that nothing identifies', async () => {
    const got: MessageExt[] = [];
    const { acks, answer, logger } = await openPopConsumer(collect(got), {}, 'Aa');
    await answer([
      { offset: 1, tag: 'BB' },
      { offset: 2, tag: 'Aa' },
      { offset: 3, tag: 'Aa', properties: { POP_CK: 'nonsense' } },
    ]);
    expect(got.map(({ queueOffset }) => queueOffset)).toEqual([2]);
    expect(acks().map(({ offset }) => offset)).toEqual([1, 2]);
    expect(logger.lines.join('\n')).toContain('has a POP_CK that is none');
  });

  it('selects by SQL92, and begins at the end where it has no offset', async () => {
    const config = { consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET' } as const;
    const { popped } = await openPopConsumer(collect([]), config, MessageSelector.bySql('a > 1'));
    expect(popped()[0]).toMatchObject({ expType: 'SQL92', exp: 'a > 1', initMode: 1 });
  });

  it('asks again when there was nothing, but not a broker that does not wait, nor one that is full, at once', async () => {
    const { clock, popped, refuse, pops } = await openPopConsumer(collect([]));
    await clock.advance(15_000);
    await refuse(ResponseCode.POLLING_TIMEOUT);
    expect(popped()).toHaveLength(2);
    await refuse(ResponseCode.PULL_NOT_FOUND);
    expect(popped()).toHaveLength(2);
    await clock.advance(100);
    expect(popped()).toHaveLength(3);
    await refuse(ResponseCode.POLLING_FULL);
    await clock.advance(999);
    expect(pops).toHaveLength(0);
    await clock.advance(1);
    await refuse(ResponseCode.NO_PERMISSION);
    await clock.advance(3000);
    expect(pops).toHaveLength(1);
    await refuse(ResponseCode.FLOW_CONTROL);
    await clock.advance(20);
    expect(pops).toHaveLength(1);
  });

  it('asks every 3 s where it is refused, and says so every 10 s', async () => {
    const { popped, refuse, clock, logger } = await openPopConsumer(collect([]));
    for (let round = 1; round <= 5; round++) {
      expect(popped()).toHaveLength(round);
      await refuse(ResponseCode.NO_PERMISSION);
      await clock.advance(2999);
      expect(popped()).toHaveLength(round);
      await clock.advance(1);
    }
    const lines = logger.lines.filter((line) => line.includes('was refused, CODE: 16'));
    expect(lines).toEqual([
      expect.not.stringContaining('left out'),
      expect.stringContaining('(3 left out before)'),
    ]);
  });

  it('asks at once a broker that has waited, also when the clock was set back meanwhile', async () => {
    const { clock, consumer, popped, answer, refuse } = await openPopConsumer(collect([]));
    clock.set(clock.now() - HOUR);
    await clock.advance(15_000);
    await refuse(ResponseCode.POLLING_TIMEOUT);
    expect(popped()).toHaveLength(2);
    clock.set(clock.now() - HOUR);
    await clock.advance(5000);
    await answer([{}]);
    await clock.advance(10_000);
    expect(consumer.admin.runningInfo().statusTable.get('t')!.pullRT).toBe(5000);
  });

  it('pauses while more than popThresholdForQueue messages are not done', async () => {
    const { begun, listener, release } = held();
    const { answer, pops, clock } = await openPopConsumer(listener, { popThresholdForQueue: 2 });
    await answer([{ offset: 0 }, { offset: 1 }]);
    expect(pops).toHaveLength(1);
    await answer([{ offset: 2 }]);
    await clock.advance(1000);
    expect(begun).toHaveLength(3);
    expect(pops).toHaveLength(0);
    release();
    await clock.advance(0);
    expect(pops).toHaveLength(1);
  });

  it('takes no more than may be handled soon, and gives what came too late no part of the rate', async () => {
    const got: MessageExt[] = [];
    const rateLimit = { max: 1, durationMs: 60_000 };
    const config = { rateLimit, popInvisibleTime: 50_000 };
    const { answer, popped, pops, clock } = await openPopConsumer(collect(got), config);
    expect(popped()[0]!.maxMsgNums).toBe(1);
    await answer([{ offset: 0 }, { offset: 1 }]);
    await clock.advance(55_000);
    await answer([{ offset: 2 }]);
    await clock.advance(4999);
    expect([got.length, pops.length]).toEqual([1, 0]);
    await clock.advance(1);
    expect(got.map(({ queueOffset }) => queueOffset)).toEqual([0, 2]);
  });

  it('begins nothing while it is paused', async () => {
    const got: MessageExt[] = [];
    const { answer, pops, clock, consumer } = await openPopConsumer(collect(got));
    consumer.pause();
    await answer([{}]);
    expect(got).toHaveLength(0);
    expect(pops).toHaveLength(0);
    consumer.resume();
    await clock.advance(1000);
    expect(got).toHaveLength(1);
    expect(pops).toHaveLength(1);
  });

  it.each(['before', 'after'])(
    'leaves no timer behind when it gets something just %s its end',
    async (when) => {
      const { answer, clock, consumer, instance } = await openPopConsumer(collect([]), {
        pullInterval: MINUTE,
      });
      if (when === 'before') await answer([{}]);
      await consumer.shutdown();
      if (when === 'after') await answer([{}]);
      instance.shutdown();
      expect(clock.hasTimers).toBe(false);
    },
  );
});

describe('the share of a consumer', () => {
  const queueIds = (pops: readonly ScriptedCall[]) =>
    pops.map(({ request }) => (request.header as unknown as PopMessageRequestHeader).queueId);

  it('is asked of the broker, and followed', async () => {
    const { broker, cluster, clock, consumer, pops } = await openPopConsumer(collect([]));
    const asked = cluster.requests.find(({ request }) => request.code === RequestCode.QUERY_ASSIGNMENT)!;
    expect(asked.request.body).toMatchObject({
      topic: 't',
      consumerGroup: 'g',
      strategyName: 'AVG',
      messageModel: 'CLUSTERING',
    });
    expect(asked.timeoutMillis).toBe(3000);
    expect(cluster.asked(RequestCode.GET_CONSUMER_LIST_BY_GROUP)).toEqual([]);
    broker.assignments = [assignment(0), assignment(1)];
    await consumer.doRebalance();
    await clock.advance(0);
    expect(queueIds(pops)).toEqual([-1, 0, 1]);
    const table = [...consumer.admin.runningInfo().mqPopTable];
    expect(table.map(([{ queueId }]) => queueId)).toEqual([0, 1]);
    expect(table[0]![1]).toMatchObject({ waitAckCount: 0, droped: false });
    // The broker cannot say it now.
    broker.assignments = undefined;
    await consumer.doRebalance();
    expect(consumer.admin.runningInfo().mqPopTable.size).toBe(2);
    broker.assignments = [];
    await consumer.doRebalance();
    expect(consumer.admin.runningInfo().mqPopTable.size).toBe(0);
  });

  it.each([-HOUR, HOUR])(
    'is taken up anew when its pops have stopped, and not because the clock was set by %s ms',
    async (step) => {
      const { clock, consumer, popped } = await openPopConsumer(collect([]));
      clock.set(clock.now() + step);
      await clock.advance(MINUTE);
      await consumer.doRebalance();
      await clock.advance(0);
      expect(popped()).toHaveLength(1);
      const [info] = consumer.admin.runningInfo().mqPopTable.values();
      expect(info!.lastPopTimestamp).toBe(clock.now() - MINUTE);
      await clock.advance(2 * MINUTE);
      await consumer.doRebalance();
      await clock.advance(0);
      expect(popped()).toHaveLength(2);
    },
  );

  it('is pulled from when the broker says so, together with what was popped before', async () => {
    const { broker, cluster, clock, consumer, popped } = await openPopConsumer(collect([]));
    cluster.transport.routes.set('%RETRY%g_t', clusterRoute(1, { a: [0] }));
    broker.assignments = [assignment(0, 'PULL')];
    await consumer.doRebalance();
    await clock.advance(0);
    const pulled = () =>
      cluster.requests
        .filter(({ request }) => request.code === RequestCode.PULL_MESSAGE)
        .map(({ request }) => (request.header as unknown as { topic: string }).topic);
    expect(pulled()).toContain('t');
    expect([...consumer.topics]).toContain('%RETRY%g_t');
    expect(popped()).toHaveLength(1);
    broker.assignments = [assignment(-1)];
    await consumer.doRebalance();
    await clock.advance(0);
    expect([...consumer.topics]).not.toContain('%RETRY%g_t');
    expect(popped()).toHaveLength(2);
    expect(consumer.admin.runningInfo().mqTable.size).toBe(0);
  });

  it('is made known to brokers before messages are pulled that come again, however often it changes', async () => {
    const { broker, cluster, clock, consumer } = await openPopConsumer(collect([]));
    const retryTopic = '%RETRY%g_t';
    cluster.transport.routes.set(retryTopic, clusterRoute(1, { a: [0] }));
    const share = async (mode: 'PULL' | 'POP') => {
      broker.assignments = [assignment(0, mode)];
      await consumer.doRebalance();
      await clock.advance(0);
    };
    await share('PULL');
    await share('POP');
    const before = cluster.requests.length;
    await share('PULL');
    const since = cluster.requests.slice(before).map(({ request }) => request);
    const pull = since.findIndex(
      ({ code, header }) =>
        code === RequestCode.PULL_MESSAGE && (header as unknown as { topic: string }).topic === retryTopic,
    );
    const told = since.slice(0, pull).findLast(({ code }) => code === RequestCode.HEART_BEAT);
    const { consumerDataSet } = told!.body as unknown as HeartbeatData;
    expect(consumerDataSet[0]!.subscriptionDataSet.map(({ topic }) => topic)).toContain(retryTopic);
  });

  it('is computed by the members themselves when the broker does not know the question', async () => {
    const { broker, cluster, clock, consumer, logger } = await openPopConsumer(collect([]));
    broker.knowsAssignments = false;
    await consumer.doRebalance();
    await consumer.doRebalance();
    await clock.advance(0);
    expect(consumer.admin.runningInfo().mqPopTable.size).toBe(0);
    const queues = [...consumer.admin.runningInfo().mqTable.keys()].filter(({ topic }) => topic === 't');
    expect(queues.map(({ queueId }) => queueId)).toEqual([0, 1]);
    expect(cluster.asked(RequestCode.PULL_MESSAGE).length).toBeGreaterThan(0);
    const lines = logger.lines.filter((line) => line.includes('does not share queues out'));
    expect(lines).toHaveLength(1);
  });

  it('is asked of another broker when one does not answer', async () => {
    const { broker, cluster, consumer, instance } = await openPopConsumer(collect([]));
    cluster.transport.routes.set('t', clusterRoute(2, { a: [0], b: [0] }));
    await instance.updateTopicRouteInfo('t');
    cluster.dead.add('a:0');
    broker.assignments = [assignment(1)];
    for (let i = 0; i < 3; i++) await consumer.doRebalance();
    expect([...consumer.admin.runningInfo().mqPopTable.keys()].map(({ queueId }) => queueId)).toEqual([1]);
    expect(cluster.asked(RequestCode.QUERY_ASSIGNMENT)).toContain('b:0');
  });

  it('has no offsets that could be reset here', async () => {
    const { consumer } = await openPopConsumer(collect([]));
    await expect(consumer.admin.resetOffset('t', new Map())).rejects.toThrow(
      'Group g pops from topic t, so its offsets are the broker',
    );
  });

  it.each<[Partial<ConsumerConfig>, string]>([
    [
      { allocateMessageQueueStrategy: 'CONSISTENT_HASH' },
      'allowed with clientRebalance: false: AVG, AVG_BY_CIRCLE',
    ],
    [
      { popInvisibleTime: 4999 },
      'consumer.popInvisibleTime is 4999; allowed: an integer from 5000 to 300000',
    ],
    [{ popBatchNums: 33 }, 'consumer.popBatchNums is 33; allowed: an integer from 1 to 32'],
    [{ popThresholdForQueue: 0 }, 'consumer.popThresholdForQueue is 0'],
  ])('cannot be had with %j', async (config, text) => {
    await expect(openPopConsumer(collect([]), config)).rejects.toThrow(text);
  });
});
