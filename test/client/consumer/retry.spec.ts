import { describe, expect, it } from 'vitest';
import type { MessageExt } from '../../../lib/common/message-ext.js';
import type {
  ConsumeConcurrentlyContext,
  ConsumerConfig,
  MessageListener,
} from '../../../lib/client/index.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { BACKOFF } from '../../support/backoff.js';
import { FaultyTransport } from '../../support/faulty-transport.js';
import {
  AllOrNothing,
  message,
  startConsumer,
  startInstance,
  startProducer,
} from '../../support/test-peers.js';
import { TestClient } from '../../support/test-client.js';
import { startEngine } from '../../support/test-engine.js';
import { RecordingLogger } from '../../support/test-store.js';
import { HOUR, MINUTE, SECOND, VirtualClock } from '../../support/virtual-clock.js';

interface Attempt {
  readonly at: number;
  readonly message: MessageExt;
  /** As it was at this attempt: one that is tried again here is the same object. */
  readonly times: number;
}

/** A consumer whose listener fails while `fails` says so. */
async function open(
  consumer: Partial<ConsumerConfig> = {},
  set: (context: ConsumeConcurrentlyContext) => void = () => {},
) {
  const clock = new VirtualClock();
  const engine = await startEngine({ clock });
  const client = await TestClient.open(engine);
  const transport = new FaultyTransport(engine.connect());
  const logger = new RecordingLogger();
  const attempts: Attempt[] = [];
  const control = { fails: (_attempt: Attempt): boolean => true };
  const concurrently = ([first]: readonly MessageExt[], context: ConsumeConcurrentlyContext) => {
    const attempt = { at: clock.now(), message: first!, times: first!.reconsumeTimes };
    attempts.push(attempt);
    set(context);
    if (control.fails(attempt)) throw new Error('not yet');
    return 'CONSUME_SUCCESS' as const;
  };
  await startProducer(engine, { clock }).send(message('t', 'body', 'tag'));
  const options = { clock, transport, logger, consumer };
  await startConsumer(engine, 'g', { t: 'tag' }, { concurrently }, options);
  await clock.advance(0);
  return { clock, engine, client, transport, logger, attempts, control };
}

describe('a message that fails', () => {
  it('comes again 16 times, later and later, and is dead then', async () => {
    const { clock, client, attempts } = await open();
    const startedAt = attempts[0]!.at;
    for (const [index, delay] of BACKOFF.entries()) {
      await clock.advance(delay - 1);
      expect(attempts, `before attempt ${index + 2}`).toHaveLength(index + 1);
      await clock.advance(1);
      expect(attempts, `attempt ${index + 2}`).toHaveLength(index + 2);
    }
    expect(attempts.map(({ times }) => times)).toEqual(Array.from({ length: 17 }, (_, i) => i));
    expect(attempts.at(-1)!.at - startedAt).toBe(BACKOFF.reduce((sum, delay) => sum + delay));
    const [dead] = await client.read('%DLQ%g');
    expect(dead).toMatchObject({ reconsumeTimes: 17, msgId: attempts[0]!.message.msgId });
    await clock.advance(3 * HOUR);
    expect(attempts).toHaveLength(17);
    expect(await client.read('%DLQ%g')).toHaveLength(1);
  });

  it('shows its own topic also when it was popped before, and pulled from where those wait', async () => {
    const { clock, client, attempts, control } = await open();
    control.fails = () => false;
    await client.send('%RETRY%g', { queueId: 0, properties: { RETRY_TOPIC: '%RETRY%g_t', TAGS: 'tag' } });
    await clock.advance(BACKOFF[0]!);
    expect(attempts.map(({ message: { topic } }) => topic)).toEqual(['t', 't', 't']);
  });

  it('shows its own topic, tag, id and body every time', async () => {
    const { clock, attempts } = await open();
    await clock.advance(BACKOFF[0]! + BACKOFF[1]!);
    expect(attempts).toHaveLength(3);
    const [first] = attempts;
    for (const { message: again } of attempts) {
      expect(again).toMatchObject({ topic: 't', tags: 'tag', msgId: first!.message.msgId });
      expect(again.body.toString()).toBe('body');
      expect(again.bornTimestamp).toBe(first!.message.bornTimestamp);
    }
    expect(attempts[2]!.message.getProperty('ORIGIN_MESSAGE_ID')).toBe(first!.message.offsetMsgId);
  });

  it('is done when an attempt succeeds', async () => {
    const { clock, client, attempts, control } = await open();
    control.fails = ({ times }) => times < 2;
    await clock.advance(4 * HOUR);
    expect(attempts).toHaveLength(3);
    expect((await client.route('%DLQ%g')).code).not.toBe(0);
  });

  it('is dead after maxReconsumeTimes', async () => {
    const { clock, client, attempts } = await open({ maxReconsumeTimes: 2 });
    await clock.advance(HOUR);
    expect(attempts).toHaveLength(3);
    expect(await client.read('%DLQ%g')).toHaveLength(1);
  });

  it.each([
    [1, SECOND],
    [4, 30 * SECOND],
  ])('comes again after the delay level that the listener sets: %i', async (level, delay) => {
    const { clock, attempts } = await open({}, (context) => (context.delayLevelWhenNextConsume = level));
    for (const count of [2, 3, 4]) {
      await clock.advance(delay - 1);
      expect(attempts).toHaveLength(count - 1);
      await clock.advance(1);
      expect(attempts).toHaveLength(count);
    }
  });

  it('is dead at once when the listener sets -1', async () => {
    const { clock, client, attempts } = await open({}, (context) => (context.delayLevelWhenNextConsume = -1));
    await clock.advance(HOUR);
    expect(attempts).toHaveLength(1);
    expect(await client.read('%DLQ%g')).toHaveLength(1);
  });

  it('is logged with its id, attempt and group, but not its body', async () => {
    const { attempts, logger } = await open();
    const [{ message: failed }] = attempts as [Attempt];
    expect(logger.lines).toEqual([
      `WARN Consuming message ${failed.msgId} of topic t failed (attempt 1, group g): Error: not yet`,
    ]);
  });

  it('is sent to the retry topic by the client when the broker does not take it back', async () => {
    const { clock, client, transport, attempts } = await open();
    transport.failing.add(RequestCode.CONSUMER_SEND_MSG_BACK);
    await clock.advance(BACKOFF[0]! - 1);
    expect(attempts).toHaveLength(1);
    await clock.advance(1);
    expect(attempts).toHaveLength(2);
    for (const delay of BACKOFF.slice(1)) await clock.advance(delay);
    expect(attempts).toHaveLength(17);
    expect(attempts[2]!.message).toMatchObject({ topic: 't', reconsumeTimes: 2, tags: 'tag' });
    expect(attempts[2]!.message.getProperty('RECONSUME_TIME')).toBe('2');
    expect(attempts[2]!.message.getProperty('MAX_RECONSUME_TIMES')).toBe('16');
    const [dead] = await client.read('%DLQ%g');
    expect(dead!.getProperty('DELAY')).toBe('-1');
    expect(dead!.getProperty('CONSUME_START_TIME')).toBeUndefined();
  });

  it('is tried again here 5 s later when it cannot be given back at all', async () => {
    const { clock, client, transport, attempts, control } = await open();
    await clock.advance(10 * SECOND);
    expect(attempts).toHaveLength(2);
    transport.failing.add(RequestCode.CONSUMER_SEND_MSG_BACK).add(RequestCode.SEND_MESSAGE);
    await clock.advance(30 * SECOND);
    // After the third attempt it stays here.
    expect(attempts).toHaveLength(3);
    await clock.advance(5 * SECOND - 1);
    expect(attempts).toHaveLength(3);
    await clock.advance(1);
    expect(attempts).toHaveLength(4);
    expect(attempts[3]!.times).toBe(3);
    const offset = { consumerGroup: 'g', topic: '%RETRY%g', queueId: 0 };
    expect((await client.call(RequestCode.QUERY_CONSUMER_OFFSET, offset)).header!.offset).toBe(1);
    control.fails = () => false;
    await clock.advance(10 * SECOND);
    expect(attempts).toHaveLength(5);
    expect((await client.call(RequestCode.QUERY_CONSUMER_OFFSET, offset)).header!.offset).toBe(2);
  });
});

describe('a message whose queue is taken away meanwhile', () => {
  it('is not sent back when it fails: it comes again to whoever has the queue next', async () => {
    const clock = new VirtualClock();
    const engine = await startEngine({ clock });
    const transport = new FaultyTransport(engine.connect());
    const begun: MessageExt[] = [];
    let fail!: (error: Error) => void;
    const dropped: boolean[] = [];
    const concurrently = async ([first]: readonly MessageExt[], context: ConsumeConcurrentlyContext) => {
      begun.push(first!);
      try {
        if (begun.length === 1) await new Promise<void>((_, reject) => (fail = reject));
      } finally {
        dropped.push(context.isDropped);
      }
      return 'CONSUME_SUCCESS' as const;
    };
    await startProducer(engine, { clock }).send(message('t'));
    const allocateMessageQueueStrategy = new AllOrNothing();
    const options = { clock, transport, consumer: { allocateMessageQueueStrategy } };
    const consumer = await startConsumer(engine, 'g', { t: '*' }, { concurrently }, options);
    await clock.advance(0);
    allocateMessageQueueStrategy.hasAll = false;
    await consumer.doRebalance();
    fail(new Error('not yet'));
    await clock.advance(0);
    allocateMessageQueueStrategy.hasAll = true;
    await consumer.doRebalance();
    await clock.advance(MINUTE);
    expect(begun.map(({ reconsumeTimes }) => reconsumeTimes)).toEqual([0, 0]);
    expect(dropped).toEqual([true, false]);
    expect(transport.count(RequestCode.CONSUMER_SEND_MSG_BACK)).toBe(0);
  });
});

describe('a message whose properties have no room for those of a retry', () => {
  it.each<[string, MessageListener, string]>([
    ['in any order', { concurrently: () => 'RECONSUME_LATER' }, 't'],
    ['in order', { orderly: () => 'SUSPEND_CURRENT_QUEUE_A_MOMENT' }, 't'],
    ['with a reason', { concurrently: giveUp }, 't'],
    ['of a dead-letter queue', { concurrently: () => 'RECONSUME_LATER' }, '%DLQ%other'],
    ['of a dead-letter queue, for good', { concurrently: giveUp }, '%DLQ%other'],
    ['of a dead-letter queue, in order', { orderly: () => 'SUSPEND_CURRENT_QUEUE_A_MOMENT' }, '%DLQ%other'],
  ])('is dead, and the queue goes on, %s', async (_, listener, topic) => {
    const clock = new VirtualClock();
    const engine = await startEngine({ clock });
    const client = await TestClient.open(engine);
    const filler = 'x'.repeat(32_600);
    const { code } = await client.send(topic, { defaultTopicQueueNums: 1, properties: { filler } });
    expect(code).toBe(0);
    const consumer = { maxReconsumeTimes: 0 };
    const peer = await startConsumer(engine, 'g', { [topic]: '*' }, listener, { clock, consumer });
    await clock.advance(5 * SECOND);
    expect(await client.read('%DLQ%g')).toHaveLength(1);
    await peer.shutdown();
    const ofQueue = { consumerGroup: 'g', topic, queueId: 0 };
    const { header } = await client.call(RequestCode.QUERY_CONSUMER_OFFSET, ofQueue);
    expect(header?.offset).toBe(1);
  });
});

describe('a group with a long name', () => {
  it('has a dead-letter queue, also after a restart of the engine', async () => {
    const group = 'g'.repeat(248);
    const clock = new VirtualClock();
    const engine = await startEngine({ clock });
    const listener = { concurrently: () => 'RECONSUME_LATER' as const };
    const consumer = { maxReconsumeTimes: 1 };
    const peer = await startConsumer(engine, group, { t: '*' }, listener, { clock, consumer });
    await startProducer(engine, { clock }).send(message('t'));
    await clock.advance(MINUTE);
    await peer.shutdown();
    const client = await TestClient.open(engine);
    expect(await client.read(`%DLQ%${group}`)).toHaveLength(1);
    const directory = engine.directory;
    await engine.close();
    const next = await TestClient.open(await startEngine({ directory }));
    expect(await next.read(`%DLQ%${group}`)).toHaveLength(1);
  });

  it('is refused at the start when there could be no retry topic', async () => {
    const engine = await startEngine({});
    const listener = { concurrently: () => 'CONSUME_SUCCESS' as const };
    const start = startConsumer(engine, 'g'.repeat(249), { t: '*' }, listener);
    await expect(start).rejects.toThrow('longer than 248, and its messages could not be tried again');
  });
});

function giveUp(_messages: readonly MessageExt[], context: ConsumeConcurrentlyContext): 'RECONSUME_LATER' {
  context.deadLetterReason = 'why';
  return 'RECONSUME_LATER';
}

describe('a consumer that ends leaves no timer', () => {
  it.each<[string, MessageListener]>([
    ['behind a queue that is suspended', { orderly: () => 'SUSPEND_CURRENT_QUEUE_A_MOMENT' }],
    ['while a message waits here that cannot be given back', { concurrently: () => 'RECONSUME_LATER' }],
  ])('%s', async (_, listener) => {
    const ofEngine = new VirtualClock();
    const engine = await startEngine({ clock: ofEngine });
    await startProducer(engine, { clock: ofEngine }).send(message('t'));
    const clock = new VirtualClock();
    const transport = new FaultyTransport(engine.connect());
    transport.failing.add(RequestCode.CONSUMER_SEND_MSG_BACK).add(RequestCode.SEND_MESSAGE);
    const instance = startInstance(engine, { clock, transport });
    const consumer = { suspendCurrentQueueTimeMillis: 30_000 };
    const peer = await startConsumer(engine, 'g', { t: '*' }, listener, { instance, consumer });
    await clock.advance(2 * SECOND);
    await peer.shutdown();
    instance.shutdown();
    expect(clock.hasTimers).toBe(false);
  });
});

describe('a message whose listener takes too long', () => {
  it('is also sent back after consumeTimeout', async () => {
    const clock = new VirtualClock();
    const engine = await startEngine({ clock });
    const begun: MessageExt[] = [];
    const concurrently = async ([first]: readonly MessageExt[]) => {
      begun.push(first!);
      if (first!.reconsumeTimes === 0) await new Promise<void>(() => {});
      return 'CONSUME_SUCCESS' as const;
    };
    await startProducer(engine, { clock }).send(message('t'));
    const consumer = { consumeTimeout: 2 };
    await startConsumer(engine, 'g', { t: '*' }, { concurrently }, { clock, consumer });
    await clock.advance(2 * MINUTE);
    expect(begun).toHaveLength(1);
    await clock.advance(10 * SECOND);
    expect(begun.map(({ reconsumeTimes }) => reconsumeTimes)).toEqual([0, 1]);
    const client = await TestClient.open(engine);
    await clock.advance(5 * SECOND);
    const offsets = await Promise.all(
      [0, 1, 2, 3].map((queueId) =>
        client.call(RequestCode.QUERY_CONSUMER_OFFSET, { consumerGroup: 'g', topic: 't', queueId }),
      ),
    );
    expect(offsets.map(({ header }) => header?.offset)).toContain(1);
  });
});
