import { describe, expect, it } from 'vitest';
import type { MessageExt } from '../../../lib/common/message-ext.js';
import type {
  ConsumeOrderlyContext,
  ConsumeOrderlyStatus,
  ConsumerConfig,
} from '../../../lib/client/index.js';
import type { LockBatchRequestBody } from '../../../lib/remoting/body/lock-batch-body.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { FaultyTransport } from '../../support/faulty-transport.js';
import { AllOrNothing, bodies, startConsumer, type TestConsumerOptions } from '../../support/test-peers.js';
import { TestClient } from '../../support/test-client.js';
import { startEngine, type TestEngine } from '../../support/test-engine.js';
import { RecordingLogger } from '../../support/test-store.js';
import { settle, VirtualClock } from '../../support/virtual-clock.js';

type Listener = (
  first: MessageExt,
  context: ConsumeOrderlyContext,
) => ConsumeOrderlyStatus | Promise<ConsumeOrderlyStatus>;

/** An engine with messages `0`, `1`, … in the only queue of topic `t`. */
async function open(count: number) {
  const clock = new VirtualClock();
  const engine = await startEngine({ clock });
  const client = await TestClient.open(engine);
  for (let i = 0; i < count; i++) await client.send('t', { body: `${i}`, defaultTopicQueueNums: 1 });
  return { clock, engine, client };
}

async function consume(
  engine: TestEngine,
  listener: Listener,
  options: TestConsumerOptions & { readonly consumer?: Partial<ConsumerConfig> },
) {
  const calls: string[] = [];
  const batches: string[] = [];
  const transport = new FaultyTransport(engine.connect());
  const logger = new RecordingLogger();
  const orderly = (messages: readonly MessageExt[], context: ConsumeOrderlyContext) => {
    const [first] = messages;
    calls.push(first!.body.toString());
    batches.push(bodies(messages).join());
    return listener(first!, context);
  };
  const consumer = await startConsumer(
    engine,
    'g',
    { t: '*' },
    { orderly },
    { transport, logger, ...options },
  );
  const locks = () =>
    transport.requests
      .filter(({ code, body }) => code === RequestCode.LOCK_BATCH_MQ && isOf('t', body))
      .map(({ body }) => (body as LockBatchRequestBody).mqSet.filter(({ topic }) => topic === 't').length);
  return { calls, batches, transport, logger, consumer, locks };
}

const isOf = (topic: string, body: unknown) =>
  (body as LockBatchRequestBody).mqSet.some((mq) => mq.topic === topic);

describe('orderly consumption', () => {
  it.each<[string, Partial<ConsumerConfig>, number | undefined, number]>([
    ['a second', {}, undefined, 1000],
    ['suspendCurrentQueueTimeMillis', { suspendCurrentQueueTimeMillis: 300 }, undefined, 300],
    ['what the listener says', { suspendCurrentQueueTimeMillis: 300 }, 2000, 2000],
    ['10 ms at least', {}, 0, 10],
    ['30 s at most', {}, 99_000, 30_000],
  ])('suspends the queue after a failure for %s', async (_, consumer, asked, pause) => {
    const { clock, engine } = await open(1);
    const { calls } = await consume(
      engine,
      (_first, context) => {
        if (asked !== undefined) context.suspendCurrentQueueTimeMillis = asked;
        return 'SUSPEND_CURRENT_QUEUE_A_MOMENT';
      },
      { clock, consumer },
    );
    await clock.advance(0);
    expect(calls).toHaveLength(1);
    await clock.advance(pause - 1);
    expect(calls).toHaveLength(1);
    await clock.advance(1);
    expect(calls).toHaveLength(2);
  });

  it('counts an error as a failure, and tries without end', async () => {
    const { clock, engine, client } = await open(2);
    const times: number[] = [];
    const { calls, logger } = await consume(
      engine,
      (first) => {
        times.push(first.reconsumeTimes);
        return Promise.reject(new Error('broken'));
      },
      { clock },
    );
    await clock.advance(40_000);
    expect(new Set(calls)).toEqual(new Set(['0']));
    expect(times).toEqual(Array.from({ length: 41 }, (_, i) => i));
    expect(logger.lines[0]).toContain('failed (attempt 1, group g): Error: broken');
    expect((await client.route('%DLQ%g')).code).not.toBe(0);
    const header = { consumerGroup: 'g', topic: 't', queueId: 0 };
    expect((await client.call(RequestCode.QUERY_CONSUMER_OFFSET, header)).header!.offset).toBe(0);
  });

  it('locks a queue before it takes it, and renews the lock after a second and every 20 s', async () => {
    const { clock, engine } = await open(1);
    const { locks } = await consume(engine, () => 'SUCCESS', { clock });
    expect(locks()).toEqual([1]);
    await clock.advance(999);
    expect(locks()).toEqual([1]);
    await clock.advance(1);
    expect(locks()).toEqual([1, 1]);
    await clock.advance(20_000);
    expect(locks()).toEqual([1, 1, 1]);
  });

  it('leaves a queue to another member until that frees its lock', async () => {
    const { clock, engine, client } = await open(3);
    const mqSet = [{ topic: 't', brokerName: 'broker-a', queueId: 0 }];
    const lock = { consumerGroup: 'g', clientId: 'other', mqSet };
    await client.call(RequestCode.LOCK_BATCH_MQ, undefined, lock);
    const { calls } = await consume(engine, () => 'SUCCESS', { clock });
    await clock.advance(10_000);
    expect(calls).toEqual([]);
    await client.call(RequestCode.UNLOCK_BATCH_MQ, undefined, lock);
    await clock.advance(1000);
    expect(calls).toEqual(['0', '1', '2']);
  });

  it.each([
    ['', 0],
    [' while the clock is set back', -3_600_000],
  ])('stops when it can no longer trust its lock%s, and goes on when it has it again', async (_, step) => {
    const { clock, engine, client } = await open(1);
    const { calls, transport } = await consume(engine, () => 'SUCCESS', { clock });
    await clock.advance(1000);
    expect(calls).toEqual(['0']);
    transport.failing.add(RequestCode.LOCK_BATCH_MQ);
    clock.set(clock.now() + step);
    await clock.advance(30_001);
    await client.send('t', { body: 'late' });
    await clock.advance(5000);
    expect(calls).toEqual(['0']);
    transport.failing.clear();
    await clock.advance(25_000);
    expect(calls).toEqual(['0', 'late']);
  });

  it('gives the queues free at its end, after the running call and with its offset', async () => {
    const { clock, engine } = await open(3);
    let finish!: () => void;
    const first = await consume(
      engine,
      async () => {
        await new Promise<void>((resolve) => (finish = resolve));
        return 'SUCCESS' as const;
      },
      { clock, consumer: { awaitTerminationMillisWhenShutdown: 60_000 } },
    );
    await clock.advance(0);
    const second = await consume(engine, () => 'SUCCESS', { clock });
    const ended = first.consumer.shutdown();
    await clock.advance(5000);
    expect(first.calls).toEqual(['0']);
    expect(second.calls).toEqual([]);
    finish();
    await settle();
    expect(await ended).toEqual([]);
    await clock.advance(1000);
    expect(first.calls).toEqual(['0']);
    expect(second.calls).toEqual(['1', '2']);
  });

  it('reports nobody as running at its end who waits for the next attempt', async () => {
    const { clock, engine } = await open(1);
    const { calls, consumer } = await consume(engine, () => 'SUSPEND_CURRENT_QUEUE_A_MOMENT', { clock });
    await clock.advance(0);
    expect(calls).toEqual(['0']);
    expect(await consumer.shutdown()).toEqual([]);
  });

  it('hands a queue over to a new member when the running call has ended', async () => {
    const { clock, engine, client } = await open(0);
    for (const queueId of [0, 1]) {
      for (const i of [1, 2])
        await client.send('t', { body: `${queueId}.${i}`, queueId, defaultTopicQueueNums: 2 });
    }
    let isBusy = false;
    let finish: (() => void)[] = [];
    const listener: Listener = async () => {
      isBusy = true;
      await new Promise<void>((resolve) => finish.push(resolve));
      isBusy = false;
      return 'SUCCESS' as const;
    };
    const first = await consume(engine, listener, { clock });
    await clock.advance(0);
    expect(first.calls.toSorted()).toEqual(['0.1', '1.1']);
    const second = await consume(engine, () => 'SUCCESS', { clock });
    // Longer than a broker keeps a lock that is not renewed.
    await clock.advance(90_000);
    // One of the queues is wanted by the new member, but its first message is still being handled.
    expect(second.calls).toEqual([]);
    for (const end of finish.splice(0)) end();
    await clock.advance(2000);
    expect(isBusy).toBe(true);
    expect(second.calls).toHaveLength(1);
    const [queueId] = second.calls[0]!.split('.');
    expect(second.calls).toEqual([`${queueId}.2`]);
    expect(first.calls.slice(2)).toEqual([`${queueId === '0' ? 1 : 0}.2`]);
    finish = [];
  });

  it('holds a queue that was taken away for a call that does not end up to consumeTimeout, and then no longer changes its offset', async () => {
    const { clock, engine, client } = await open(2);
    let finish!: () => void;
    const listener = () =>
      new Promise<ConsumeOrderlyStatus>((resolve) => (finish = () => resolve('SUCCESS')));
    const allocateMessageQueueStrategy = new AllOrNothing();
    const consumer = { allocateMessageQueueStrategy, consumeTimeout: 1 };
    const first = await consume(engine, listener, { clock, consumer });
    await clock.advance(0);
    allocateMessageQueueStrategy.hasAll = false;
    const all = { allocateMessageQueueStrategy: new AllOrNothing() };
    const second = await consume(engine, () => 'SUCCESS', { clock, consumer: all });
    await clock.advance(80_000);
    expect(second.calls).toEqual([]);
    await clock.advance(60_000);
    expect(second.calls).toEqual(['0', '1']);
    finish();
    await settle();
    expect(first.calls).toEqual(['0']);
    const header = { consumerGroup: 'g', topic: 't', queueId: 0 };
    expect((await client.call(RequestCode.QUERY_CONSUMER_OFFSET, header)).header!.offset).toBe(2);
  });

  it('says no offset of a queue whose lock another member has, neither in between nor when it is taken away', async () => {
    const { clock, engine, client } = await open(2);
    let finish!: () => void;
    const listener = () =>
      new Promise<ConsumeOrderlyStatus>((resolve) => (finish = () => resolve('SUCCESS')));
    const allocateMessageQueueStrategy = new AllOrNothing();
    const { consumer, transport, locks } = await consume(engine, listener, {
      clock,
      consumer: { allocateMessageQueueStrategy },
    });
    await clock.advance(5000);
    const { clientId } = transport.requests
      .filter(({ code, body }) => code === RequestCode.LOCK_BATCH_MQ && isOf('t', body))
      .map(({ body }) => body as LockBatchRequestBody)[0]!;
    const mqSet = [{ topic: 't', brokerName: 'broker-a', queueId: 0 }];
    await client.call(RequestCode.UNLOCK_BATCH_MQ, undefined, { consumerGroup: 'g', clientId, mqSet });
    await client.call(RequestCode.LOCK_BATCH_MQ, undefined, { consumerGroup: 'g', clientId: 'other', mqSet });
    const before = locks().length;
    await clock.advance(20_000);
    expect(locks().length).toBeGreaterThan(before);
    finish();
    await settle();
    await clock.advance(5000);
    allocateMessageQueueStrategy.hasAll = false;
    await consumer.doRebalance();
    await settle();
    const told = transport.requests
      .filter(({ code }) => code === RequestCode.UPDATE_CONSUMER_OFFSET)
      .filter(({ header }) => (header as { topic: string }).topic === 't');
    expect(told).toEqual([]);
  });

  it('keeps what was done of a queue that is taken away, also when the running call fails', async () => {
    const { clock, engine } = await open(2);
    const ends: ((status: ConsumeOrderlyStatus) => void)[] = [];
    const listener = () => new Promise<ConsumeOrderlyStatus>((resolve) => ends.push(resolve));
    const allocateMessageQueueStrategy = new AllOrNothing();
    const { calls, consumer } = await consume(engine, listener, {
      clock,
      consumer: { allocateMessageQueueStrategy },
    });
    await clock.advance(0);
    ends[0]!('SUCCESS');
    await settle();
    expect(calls).toEqual(['0', '1']);
    allocateMessageQueueStrategy.hasAll = false;
    await consumer.doRebalance();
    consumer.persistConsumerOffset();
    await settle();
    ends[1]!('SUSPEND_CURRENT_QUEUE_A_MOMENT');
    await settle();
    allocateMessageQueueStrategy.hasAll = true;
    await consumer.doRebalance();
    await clock.advance(1000);
    expect(calls).toEqual(['0', '1', '1']);
  });

  it.each([
    ['ends in time', true, 1],
    ['does not end', false, 0],
  ])(
    'gives a queue free at its end that was taken away before, when the call of it %s',
    async (_, ends, offset) => {
      const { clock, engine, client } = await open(2);
      let finish!: (status: ConsumeOrderlyStatus) => void;
      const listener = () => new Promise<ConsumeOrderlyStatus>((resolve) => (finish = resolve));
      const allocateMessageQueueStrategy = new AllOrNothing();
      const { consumer, transport } = await consume(engine, listener, {
        clock,
        consumer: { allocateMessageQueueStrategy, awaitTerminationMillisWhenShutdown: 10_000 },
      });
      await clock.advance(0);
      allocateMessageQueueStrategy.hasAll = false;
      await consumer.doRebalance();
      const invoke = transport.invoke.bind(transport);
      transport.invoke = (...call) => void setImmediate(() => invoke(...call));
      const ended = consumer.shutdown().then(() => transport.requests.length);
      await clock.advance(5000);
      if (ends) finish('SUCCESS');
      await clock.advance(5000);
      // A client that closes its connection now has nothing more to say.
      expect(transport.requests).toHaveLength(await ended);
      const mqSet = [{ topic: 't', brokerName: 'broker-a', queueId: 0 }];
      const lock = { consumerGroup: 'g', clientId: 'other', mqSet };
      const { body } = await client.call(RequestCode.LOCK_BATCH_MQ, undefined, lock);
      expect(body!.lockOKMQSet).toEqual(mqSet);
      const header = { consumerGroup: 'g', topic: 't', queueId: 0 };
      expect((await client.call(RequestCode.QUERY_CONSUMER_OFFSET, header)).header!.offset).toBe(offset);
    },
  );

  it('makes a message dead once, and goes on with the others of its batch', async () => {
    const { clock, engine, client } = await open(1);
    const { batches, consumer } = await consume(engine, () => 'SUSPEND_CURRENT_QUEUE_A_MOMENT', {
      clock,
      consumer: { maxReconsumeTimes: 2, consumeMessageBatchMaxSize: 2 },
    });
    await clock.advance(1000);
    await client.send('t', { body: '1' });
    await clock.advance(10_000);
    expect(batches).toEqual(['0', '0', '0,1', '1', '1']);
    expect((await client.read('%DLQ%g')).map(({ body }) => body.toString())).toEqual(['0', '1']);
    await consumer.shutdown();
    const header = { consumerGroup: 'g', topic: 't', queueId: 0 };
    expect((await client.call(RequestCode.QUERY_CONSUMER_OFFSET, header)).header!.offset).toBe(2);
  });

  it('gives up after maxReconsumeTimes, but not while that cannot be stored', async () => {
    const { clock, engine, client } = await open(2);
    const { calls, transport } = await consume(
      engine,
      (first) => (first.body.toString() === '0' ? 'SUSPEND_CURRENT_QUEUE_A_MOMENT' : 'SUCCESS'),
      { clock, consumer: { maxReconsumeTimes: 1 } },
    );
    transport.failing.add(RequestCode.SEND_MESSAGE).add(RequestCode.CONSUMER_SEND_MSG_BACK);
    await clock.advance(10_000);
    expect(new Set(calls)).toEqual(new Set(['0']));
    transport.failing.clear();
    await clock.advance(1000);
    expect(calls.at(-1)).toBe('1');
    expect((await client.read('%DLQ%g')).map(({ body }) => body.toString())).toEqual(['0']);
  });

  it('makes dead what is larger than messages may be by now', async () => {
    const { clock, engine, client } = await open(1);
    const body = 'x'.repeat(5000);
    await client.send('t', { body });
    const { directory } = engine;
    await engine.close();
    const again = await startEngine({ clock, directory, engine: { maxMessageSize: 1000 } });
    await consume(again, () => 'SUSPEND_CURRENT_QUEUE_A_MOMENT', {
      clock,
      consumer: { maxReconsumeTimes: 1, consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET' },
    });
    await clock.advance(10_000);
    expect(bodies(await (await TestClient.open(again)).read('%DLQ%g'))).toEqual(['0', body]);
  });
});
