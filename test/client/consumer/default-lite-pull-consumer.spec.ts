import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { MessageExt } from '../../../lib/common/message-ext.js';
import { DefaultLitePullConsumer, type LitePullConsumerConfig } from '../../../lib/client/index.js';
import { PullConsumer, type PullBatch } from '../../../lib/receiving/pull-consumer.js';
import type { PullMessageRequestHeader } from '../../../lib/remoting/header/pull-message-request-header.js';
import { failure, success } from '../../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { ResponseCode } from '../../../lib/remoting/response-code.js';
import { clusterRoute, ScriptedCluster } from '../../support/scripted-cluster.js';
import type { ScriptedCall } from '../../support/scripted-transport.js';
import { bodies, startInstance } from '../../support/test-peers.js';
import { TestClient } from '../../support/test-client.js';
import { startEngine } from '../../support/test-engine.js';
import { encodeRecord, innerMessage } from '../../support/test-store.js';
import { settle, VirtualClock } from '../../support/virtual-clock.js';

const { PULL_MESSAGE: PULL } = RequestCode;

/** A consumer of a topic with four queues, whose offsets the test tells. */
async function open(config: Partial<LitePullConsumerConfig> = {}) {
  const clock = new VirtualClock();
  const cluster = new ScriptedCluster();
  cluster.transport.routes.set('t', clusterRoute(4, { a: [0] }));
  const asked: ScriptedCall[] = [];
  cluster.answer = (call) => {
    if (call.request.code !== RequestCode.QUERY_CONSUMER_OFFSET) return false;
    asked.push(call);
    return true;
  };
  const instance = startInstance(cluster, { clock });
  const consumer = new DefaultLitePullConsumer(instance, { consumerGroup: 'g', ...config });
  onTestFinished(() => consumer.shutdown());
  await consumer.start();
  const queues = await consumer.fetchMessageQueues('t');
  const ids = () => consumer.assignment().map(({ queueId }) => queueId);
  /** Answers what was asked for, the last first. */
  const tellOffsets = async () => {
    for (const call of asked.splice(0).toReversed())
      call.answer(success({ offset: 7 } as never, undefined as never));
    await settle();
  };
  const pulled = () => cluster.asked(PULL).length;
  const commits = () =>
    cluster.requests
      .filter(({ request }) => request.code === RequestCode.UPDATE_CONSUMER_OFFSET)
      .map(({ request }) => (request.header as { commitOffset: number }).commitOffset);
  const newestPull = () => cluster.requests.findLast(({ request }) => request.code === PULL)!;
  const pulledFrom = () => (newestPull().request.header as PullMessageRequestHeader).queueOffset;
  /** Answers the newest pull: it is to go on at another offset. */
  const move = async (remark: string, nextBeginOffset: number) => {
    const header = { suggestWhichBrokerId: 0, nextBeginOffset, minOffset: 0, maxOffset: 100 };
    newestPull().answer({ code: ResponseCode.PULL_OFFSET_MOVED, remark, header, body: undefined } as never);
    await settle();
  };
  /** Answers the newest pull. */
  const refuse = async (code: ResponseCode) => {
    newestPull().answer(failure(code, 'no'));
    await settle();
  };
  /** Answers the newest pull. */
  const give = async (count: number) => {
    const pull = newestPull();
    const queueOffset = pulledFrom();
    const records = Array.from({ length: count }, (_, i) =>
      encodeRecord(innerMessage({ topic: 't' }), { queueOffset: queueOffset + i }),
    );
    const offsets = { nextBeginOffset: queueOffset + count, minOffset: 0, maxOffset: 100 };
    pull.answer(success({ suggestWhichBrokerId: 0, ...offsets } as never, Buffer.concat(records) as never));
    await settle();
  };
  /** Has the first queue, from offset 7 on. */
  const assignFirst = async () => {
    const assigned = consumer.assign(queues.slice(0, 1));
    await settle();
    await tellOffsets();
    await assigned;
  };
  const pulls = { pulled, pulledFrom, give, move, refuse };
  return { clock, instance, consumer, queues, ids, tellOffsets, commits, assignFirst, ...pulls };
}

async function nextBatch(consumer: DefaultLitePullConsumer) {
  const { value } = await new PullConsumer(consumer, () => {})[Symbol.asyncIterator]().next();
  const batch = value as PullBatch;
  return { messages: batch.messages, commit: () => batch.commit() };
}

describe('when the clock is set back', () => {
  it('a poll ends in its time', async () => {
    const { clock, consumer } = await open();
    const polled = vi.fn();
    void consumer.poll(5000).then(polled);
    await settle();
    clock.set(clock.now() - 3_600_000);
    await clock.advance(5000);
    expect(polled).toHaveBeenCalledWith([]);
  });

  it('offsets are committed on as often as before', async () => {
    const { clock, consumer, commits, give, assignFirst } = await open({ autoCommitIntervalMillis: 5000 });
    await assignFirst();
    await give(1);
    expect(await consumer.poll(0)).toHaveLength(1);
    clock.set(clock.now() - 3_600_000);
    await clock.advance(5000);
    await consumer.poll(0);
    await settle();
    expect(commits()).toEqual([8]);
  });
});

describe('assign', () => {
  it('leaves what the newest of overlapping calls named', async () => {
    const { consumer, queues, ids, tellOffsets, pulled } = await open();
    const calls = [consumer.assign(queues.slice(0, 2)), consumer.assign(queues.slice(1, 3))];
    await settle();
    await tellOffsets();
    await Promise.all(calls);
    expect(ids()).toEqual([1, 2]);
    expect(pulled()).toBe(2);
  });

  it('takes up nothing when the consumer was shut down meanwhile', async () => {
    const { clock, consumer, queues, ids, tellOffsets, pulled } = await open();
    const call = consumer.assign(queues);
    await settle();
    await consumer.shutdown();
    await tellOffsets();
    await call;
    await clock.advance(1000);
    expect(ids()).toEqual([]);
    expect(pulled()).toBe(0);
  });

  it.each(['is paused', 'is to be taken up anew'])(
    'leaves no timer of a queue that %s at the end',
    async (what) => {
      const { clock, consumer, instance, queues, assignFirst, give, refuse } = await open();
      await assignFirst();
      if (what === 'is paused') consumer.pause(queues);
      if (what === 'is paused') await give(1);
      else await refuse(ResponseCode.TOPIC_NOT_EXIST);
      await consumer.shutdown();
      instance.shutdown();
      expect(clock.hasTimers).toBe(false);
    },
  );
});

describe('an offset that was told before', () => {
  it('is told again when it is committed, as it may have been set elsewhere since, but not in passing', async () => {
    const { clock, consumer, queues, commits, give, assignFirst } = await open();
    await assignFirst();
    await give(1);
    await consumer.poll(0);
    await consumer.commit();
    for (let i = 0; i < 3; i++) {
      await clock.advance(5000);
      await consumer.poll(0);
    }
    await consumer.commit();
    expect(commits()).toEqual([8]);
    await consumer.commit(queues.slice(0, 1));
    await consumer.commitOffset(queues[0]!, 8);
    expect(commits()).toEqual([8, 8, 8]);
  });
});

describe('a queue that somebody else has by now', () => {
  it('is passed over by a commit: its messages come again', async () => {
    const { consumer, queues, tellOffsets, commits, give, assignFirst } = await open({ autoCommit: false });
    await assignFirst();
    await give(1);
    const { messages, commit } = await nextBatch(consumer);
    expect(messages).toHaveLength(1);
    const assigned = consumer.assign(queues.slice(1, 2));
    await settle();
    await tellOffsets();
    await assigned;
    await commit();
    await consumer.commit(queues.slice(0, 1));
    expect(commits()).toEqual([]);
  });

  it('is passed over after the end, too', async () => {
    const { consumer, commits, give, assignFirst } = await open({ autoCommit: false });
    await assignFirst();
    await give(1);
    const { commit } = await nextBatch(consumer);
    await consumer.shutdown();
    await commit();
    expect(commits()).toEqual([]);
  });
});

describe('a queue whose broker names another offset', () => {
  const offsets = (messages: readonly MessageExt[]) => messages.map(({ queueOffset }) => queueOffset);

  it('skips nothing that was not polled when a slave with less takes over', async () => {
    const { consumer, commits, pulledFrom, give, move, assignFirst } = await open();
    await assignFirst();
    await give(10);
    expect(offsets(await consumer.poll(0, 2))).toEqual([7, 8]);
    await move('OFFSET_OVERFLOW_BADLY', 12);
    await consumer.commit();
    expect([commits(), pulledFrom()]).toEqual([[9], 9]);
    await give(3);
    expect(offsets(await consumer.poll(0))).toEqual([9, 10, 11]);
  });

  it('still gives what it has fetched when all behind that has expired', async () => {
    const { consumer, commits, pulledFrom, give, move, assignFirst } = await open();
    await assignFirst();
    await give(2);
    await move('OFFSET_TOO_SMALL', 50);
    expect(pulledFrom()).toBe(50);
    await give(1);
    expect(offsets(await consumer.poll(0, 2))).toEqual([7, 8]);
    await consumer.commit();
    expect(offsets(await consumer.poll(0))).toEqual([50]);
    await consumer.commit();
    expect(commits()).toEqual([50, 51]);
  });

  it('goes there at once when an administrator has set it', async () => {
    const { consumer, commits, pulledFrom, give, move, assignFirst } = await open();
    await assignFirst();
    await give(10);
    await move('OFFSET_RESET', 12);
    await consumer.commit();
    expect([commits(), pulledFrom()]).toEqual([[12], 12]);
  });
});

describe('a topic that was deleted and comes again', () => {
  it.each(['subscribe', 'assign'] as const)('is fetched from its beginning (%s)', async (how) => {
    const clock = new VirtualClock();
    const engine = await startEngine({ clock });
    const client = await TestClient.open(engine);
    const send = (body: string) => client.send('t', { body, defaultTopicQueueNums: 1 });
    for (const body of ['0', '1', '2']) await send(body);
    const consumer = new DefaultLitePullConsumer(startInstance(engine, { clock }), { consumerGroup: 'g' });
    onTestFinished(() => consumer.shutdown());
    await consumer.start();
    if (how === 'subscribe') await consumer.subscribe('t');
    else await consumer.assign([{ topic: 't', brokerName: client.brokerName, queueId: 0 }]);
    await clock.advance(1000);
    expect(bodies(await consumer.poll(0))).toEqual(['0', '1', '2']);
    await consumer.commit();
    await client.call(RequestCode.DELETE_TOPIC_IN_BROKER, { topic: 't' });
    await clock.advance(10_000);
    for (const body of ['new 0', 'new 1']) await send(body);
    await clock.advance(10_000);
    expect(bodies(await consumer.poll(0))).toEqual(['new 0', 'new 1']);
  });
});

describe('pullThresholdForAll', () => {
  it('is how many messages may wait in memory before more are pulled', async () => {
    const { clock, consumer, pulled, give, assignFirst } = await open({ pullThresholdForAll: 5 });
    await assignFirst();
    await give(4);
    await clock.advance(1000);
    expect(pulled()).toBe(2);
    await give(1);
    await clock.advance(1000);
    expect(pulled()).toBe(2);
    expect(await consumer.poll(0, 1)).toHaveLength(1);
    await clock.advance(1000);
    expect(pulled()).toBe(3);
  });

  it('leaves out what waits in paused queues, for which others would starve', async () => {
    const { clock, consumer, queues, tellOffsets, pulled, give, assignFirst } = await open({
      pullThresholdForAll: 5,
    });
    await assignFirst();
    await give(5);
    consumer.pause(queues.slice(0, 1));
    const assigned = consumer.assign(queues.slice(0, 2));
    await settle();
    await tellOffsets();
    await assigned;
    await clock.advance(1000);
    expect(pulled()).toBe(2);
    await give(1);
    expect(await consumer.poll(0)).toHaveLength(1);
  });
});
