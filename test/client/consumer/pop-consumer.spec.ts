import { describe, expect, it } from 'vitest';
import { MessageSelector, type ConsumerConfig, type MessageListener } from '../../../lib/client/index.js';
import type { MessageExt } from '../../../lib/common/message-ext.js';
import type { MessageQueueAssignment } from '../../../lib/remoting/body/query-assignment.js';
import type {
  AckMessageRequestHeader,
  ChangeInvisibleTimeRequestHeader,
  PopMessageRequestHeader,
  PopMessageResponseHeader,
} from '../../../lib/remoting/header/pop-message-request-header.js';
import { failure, success } from '../../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { ResponseCode } from '../../../lib/remoting/response-code.js';
import { clusterRoute, ScriptedCluster } from '../../support/scripted-cluster.js';
import type { ScriptedCall } from '../../support/scripted-transport.js';
import { collect, startConsumer } from '../../support/test-peers.js';
import { encodeRecord, innerMessage, RecordingLogger } from '../../support/test-store.js';
import { VirtualClock } from '../../support/virtual-clock.js';

const INVISIBLE = 60_000;
const POP_TIME = 1_700_000_000_000;

interface Popped {
  readonly offset?: number;
  readonly tag?: string;
  readonly reconsumeTimes?: number;
  readonly properties?: Readonly<Record<string, string>>;
  readonly topic?: string;
}

const assignment = (queueId: number, mode: 'PULL' | 'POP' = 'POP'): MessageQueueAssignment => {
  return { messageQueue: { topic: 't', brokerName: 'a', queueId }, mode };
};

/** A consumer of one broker, whose answers the test gives. */
async function open(
  listener: MessageListener,
  consumer: Partial<ConsumerConfig> = {},
  selector: string | MessageSelector = '*',
) {
  const clock = new VirtualClock();
  const logger = new RecordingLogger();
  const cluster = new ScriptedCluster();
  cluster.transport.routes.set('t', clusterRoute(2, { a: [0] }));
  const broker = {
    assignments: [assignment(-1)] as readonly MessageQueueAssignment[] | undefined,
    knowsAssignments: true,
    refuses: new Set<RequestCode>(),
  };
  const pops: ScriptedCall[] = [];
  cluster.answer = (call) => {
    const { code } = call.request;
    if (code === RequestCode.POP_MESSAGE) pops.push(call);
    else if (broker.refuses.has(code)) call.answer(failure(ResponseCode.SYSTEM_ERROR, 'refused'));
    else if (code === RequestCode.QUERY_ASSIGNMENT)
      call.answer(
        broker.knowsAssignments
          ? success(undefined as never, { messageQueueAssignments: broker.assignments } as never)
          : failure(ResponseCode.REQUEST_CODE_NOT_SUPPORTED, 'request type 400 not supported'),
      );
    else return false;
    return true;
  };
  const config = { clientRebalance: false, ...consumer };
  const peer = await startConsumer(cluster, 'g', { t: selector }, listener, {
    clock,
    logger,
    consumer: config,
  });
  await clock.advance(0);
  const headers = <T>(code: RequestCode) =>
    cluster.requests.filter(({ request }) => request.code === code).map(({ request }) => request.header as T);
  return {
    clock,
    logger,
    cluster,
    broker,
    consumer: peer,
    /** The pop that waits for an answer. */
    pops,
    acks: () => headers<AckMessageRequestHeader>(RequestCode.ACK_MESSAGE),
    changes: () => headers<ChangeInvisibleTimeRequestHeader>(RequestCode.CHANGE_MESSAGE_INVISIBLETIME),
    dead: () => headers<{ topic: string; maxReconsumeTimes: number }>(RequestCode.SEND_MESSAGE),
    popped: () => headers<PopMessageRequestHeader>(RequestCode.POP_MESSAGE),
    /** Answers the oldest pop. */
    async answer(messages: readonly Popped[], header: Partial<PopMessageResponseHeader> = {}) {
      const records = messages.map(({ offset = 0, tag, properties, reconsumeTimes = 0, topic = 't' }) => {
        const all = new Map([...Object.entries(properties ?? {}), ...(tag ? [['TAGS', tag] as const] : [])]);
        return encodeRecord(innerMessage({ topic, queueId: 0, properties: all, reconsumeTimes }), {
          queueOffset: offset,
        });
      });
      const start = messages[0]?.offset ?? 0;
      const answer = {
        popTime: POP_TIME,
        invisibleTime: INVISIBLE,
        reviveQid: 3,
        restNum: 0,
        startOffsetInfo: `0 0 ${start}`,
        msgOffsetInfo: `0 0 ${messages.map(({ offset = 0 }) => offset).join(',')}`,
        ...header,
      };
      pops.shift()!.answer(success(answer as never, Buffer.concat(records) as never));
      await clock.advance(0);
    },
    async refuse(code: ResponseCode) {
      pops.shift()!.answer(failure(code, 'nothing'));
      await clock.advance(0);
    },
  };
}

/** A listener that ends when the test says so. */
function held() {
  const waiting: (() => void)[] = [];
  const begun: MessageExt[] = [];
  const listener: MessageListener = {
    concurrently: async (messages) => {
      begun.push(...messages);
      await new Promise<void>((resolve) => waiting.push(resolve));
      return 'CONSUME_SUCCESS' as const;
    },
  };
  const release = () => {
    for (const end of waiting.splice(0)) end();
  };
  return { begun, listener, release };
}

const failing: MessageListener = { concurrently: () => 'RECONSUME_LATER' };

describe('the pop loop', () => {
  it('says what it wants, and acknowledges what it got by the place where it was popped', async () => {
    const got: MessageExt[] = [];
    const { popped, acks, answer, cluster, clock } = await open(collect(got), { popBatchNums: 7 }, 'x || y');
    expect(popped()).toEqual([
      {
        consumerGroup: 'g',
        topic: 't',
        queueId: -1,
        maxMsgNums: 7,
        invisibleTime: INVISIBLE,
        pollTime: 15_000,
        bornTime: clock.now(),
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
    const { acks, answer } = await open(collect([]));
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

  it('passes over messages whose tag only has the hash of a wanted one, and over those that nothing identifies', async () => {
    const got: MessageExt[] = [];
    const { acks, answer, logger } = await open(collect(got), {}, 'Aa');
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
    const { popped } = await open(collect([]), config, MessageSelector.bySql('a > 1'));
    expect(popped()[0]).toMatchObject({ expType: 'SQL92', exp: 'a > 1', initMode: 1 });
  });

  it('asks again when there was nothing, but not a broker that does not wait, nor one that is full, at once', async () => {
    const { clock, popped, refuse, pops } = await open(collect([]));
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
    await clock.advance(1000);
    expect(pops).toHaveLength(1);
  });

  it('pauses while more than popThresholdForQueue messages are not done', async () => {
    const { begun, listener, release } = held();
    const { answer, pops, clock } = await open(listener, { popThresholdForQueue: 2 });
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

  it('begins nothing while it is paused', async () => {
    const got: MessageExt[] = [];
    const { answer, pops, clock, consumer } = await open(collect(got));
    consumer.pause();
    await answer([{}]);
    expect(got).toHaveLength(0);
    expect(pops).toHaveLength(0);
    consumer.resume();
    await clock.advance(1000);
    expect(got).toHaveLength(1);
    expect(pops).toHaveLength(1);
  });
});

describe('a popped message', () => {
  it.each([
    [0, 0, 10],
    [0, 2, 60],
    [3, 0, 120],
    [18, 0, 7200],
  ])('that fails with level %i at attempt %i comes again in %i s', async (delayLevel, times, seconds) => {
    const { answer, acks, changes } = await open({
      concurrently: (_, context) => {
        context.delayLevelWhenNextConsume = delayLevel;
        throw new Error('not yet');
      },
    });
    await answer([{ offset: 4, reconsumeTimes: times }]);
    expect(changes()).toMatchObject([{ topic: 't', offset: 4, invisibleTime: seconds * 1000 }]);
    expect(acks()).toEqual([]);
  });

  it('is done when it stands before the one that failed', async () => {
    const { answer, acks, changes } = await open(
      {
        concurrently: (_, context) => {
          context.ackIndex = 0;
          return 'CONSUME_SUCCESS';
        },
      },
      { consumeMessageBatchMaxSize: 3 },
    );
    await answer([{ offset: 0 }, { offset: 1 }, { offset: 2 }]);
    expect(acks().map(({ offset }) => offset)).toEqual([0]);
    expect(changes().map(({ offset }) => offset)).toEqual([1, 2]);
  });

  it('is not acknowledged when its listener ends too late, and not begun when its time is over', async () => {
    const { begun, listener, release } = held();
    const config = { consumeThreadNumber: 1, popInvisibleTime: 5000 };
    const { answer, acks, changes, clock, logger, pops } = await open(listener, config);
    await answer([{ offset: 0 }, { offset: 1 }]);
    await clock.advance(5000);
    release();
    await clock.advance(0);
    expect(begun).toHaveLength(1);
    expect([...acks(), ...changes()]).toEqual([]);
    const lines = logger.lines.join('\n');
    expect(lines).toContain('The listener of group g did not end within popInvisibleTime, 5000 ms');
    expect(lines).toContain('The listener of group g did not begin within popInvisibleTime, 5000 ms');
    expect(pops).toHaveLength(1);
  });

  it('is made dead after its last attempt, and is acknowledged then', async () => {
    const { answer, acks, changes, dead } = await open(failing, { maxReconsumeTimes: 2 });
    await answer([{ offset: 0, reconsumeTimes: 1 }]);
    expect(changes()).toHaveLength(1);
    await answer([{ offset: 1, reconsumeTimes: 2 }]);
    expect(dead()).toMatchObject([{ topic: '%RETRY%g', maxReconsumeTimes: 0 }]);
    expect(acks().map(({ offset }) => offset)).toEqual([1]);
    expect(changes()).toHaveLength(1);
  });

  it('is made dead without another attempt when all took too long', async () => {
    const got: MessageExt[] = [];
    const { answer, acks, dead } = await open(collect(got), { maxReconsumeTimes: 2 });
    await answer([{ offset: 0, reconsumeTimes: 3 }]);
    expect(got).toHaveLength(0);
    expect(dead()).toHaveLength(1);
    expect(acks()).toHaveLength(1);
  });

  it('that cannot be made dead comes again', async () => {
    const { answer, acks, changes, broker, logger } = await open({
      concurrently: (_, context) => {
        context.deadLetterReason = 'no such order';
        return 'RECONSUME_LATER';
      },
    });
    broker.refuses.add(RequestCode.SEND_MESSAGE).add(RequestCode.CONSUMER_SEND_MSG_BACK);
    await answer([{ offset: 0 }]);
    expect(acks()).toEqual([]);
    expect(changes()).toMatchObject([{ offset: 0, invisibleTime: 10_000 }]);
    expect(logger.lines.join('\n')).toContain('cannot be made dead, it is tried again');
  });

  it('that the listener gives back itself is not acknowledged', async () => {
    const opened = await open({
      concurrently: async (messages) => {
        await opened.consumer.sendMessageBack(messages[0]!, 2);
        return 'CONSUME_SUCCESS' as const;
      },
    });
    await opened.answer([{ offset: 0 }]);
    expect(opened.acks()).toEqual([]);
    expect(opened.changes()).toMatchObject([{ offset: 0, invisibleTime: 60_000 }]);
  });

  it('stays what it is when the broker does not hear of it', async () => {
    const { answer, broker, logger, pops } = await open(collect([]));
    broker.refuses.add(RequestCode.ACK_MESSAGE);
    await answer([{ offset: 0 }]);
    expect(logger.lines.join('\n')).toContain('is not acknowledged, it may come again');
    expect(pops).toHaveLength(1);
  });

  it('is left to others at the end when it was not begun, also when it comes too late', async () => {
    const { begun, listener, release } = held();
    const config = { consumeThreadNumber: 1, awaitTerminationMillisWhenShutdown: 1000 };
    const { answer, acks, changes, consumer, clock } = await open(listener, config);
    await answer([{ offset: 0 }, { offset: 1 }]);
    const ended = consumer.shutdown();
    await clock.advance(0);
    expect(changes()).toMatchObject([{ offset: 1, invisibleTime: 1000 }]);
    release();
    await clock.advance(0);
    expect(await ended).toEqual([]);
    expect(acks().map(({ offset }) => offset)).toEqual([0]);
    await answer([{ offset: 2 }]);
    expect(changes().map(({ offset }) => offset)).toEqual([1, 2]);
    expect(begun).toHaveLength(1);
  });

  it('is named at the end when its listener did not end', async () => {
    const { begun, listener } = held();
    const { answer, consumer, clock, acks } = await open(listener, {
      awaitTerminationMillisWhenShutdown: 10,
    });
    await answer([{ offset: 0 }]);
    const ended = consumer.shutdown();
    await clock.advance(10);
    expect(await ended).toEqual(begun);
    expect(acks()).toEqual([]);
  });
});

describe('the share of a consumer', () => {
  const queueIds = (pops: readonly ScriptedCall[]) =>
    pops.map(({ request }) => (request.header as unknown as PopMessageRequestHeader).queueId);

  it('is asked of the broker, and followed', async () => {
    const { broker, cluster, clock, consumer, pops } = await open(collect([]));
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

  it('is pulled from when the broker says so, together with what was popped before', async () => {
    const { broker, cluster, clock, consumer, popped } = await open(collect([]));
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

  it('is computed by the members themselves when the broker does not know the question', async () => {
    const { broker, cluster, clock, consumer, logger } = await open(collect([]));
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

  it('has no offsets that could be reset here', async () => {
    const { consumer } = await open(collect([]));
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
    await expect(open(collect([]), config)).rejects.toThrow(text);
  });
});
