import { describe, expect, it, vi } from 'vitest';
import { DefaultMQPushConsumer } from '../../lib/client/index.js';
import { MessageBackSender } from '../../lib/client/consumer/message-back-sender.js';
import { DeadLetter, MessageExt } from '../../lib/index.js';
import { BACKOFF } from '../support/backoff.js';
import { brief, startListening, type Attempt, type ListenerSetup } from '../support/listener-app.js';
import { Inbox, listener, startApp } from '../support/nest-app.js';
import { HOUR, MINUTE, SECOND, settle, VirtualClock } from '../support/virtual-clock.js';

/** An application whose listener fails while `fails` says so. */
function open(options: ListenerSetup = {}, fails: (attempt: Attempt) => boolean = () => true) {
  const handle = (attempt: Attempt) => {
    if (fails(attempt)) throw new Error('not yet');
  };
  return startListening(handle, options);
}

describe('a message whose listener throws', () => {
  it.each([undefined, null])('%s comes again, and the log says so', async (reason) => {
    const handle = () => Promise.reject(reason as unknown as Error);
    const modes = { sync: 'CONCURRENTLY', ordered: 'ORDERLY' } as const;
    const providers = Object.entries(modes).map(([topic, consumeMode]) =>
      listener({ topic, consumerGroup: topic, consumeMode }, handle),
    );
    const app = await startApp({ providers });
    for (const topic of Object.keys(modes)) {
      await app.template.syncSend(topic, 'x');
      await app.logger.logged(`group ${topic}): Error: The listener failed without a reason`);
    }
  });

  it('comes again later and later, and after 16 times goes to the dead-letter queue', async () => {
    const { app, clock, attempts, dead } = await open();
    const { msgId } = await app.template.syncSend('t:tag', 'x', { keys: 'k', properties: { p: '1' } });
    await attempts.take();
    for (const [index, delay] of BACKOFF.entries()) {
      await clock.advance(delay - 1);
      expect(attempts.received, `before attempt ${index + 2}`).toHaveLength(index + 1);
      await clock.advance(1);
      await attempts.take(index + 2);
    }
    const [message] = await dead.take();
    expect(message).toMatchObject({ msgId, topic: '%DLQ%g', tags: 'tag', keys: 'k' });
    expect(message!.getProperty('p')).toBe('1');
    expect(message!.getProperty('RETRY_TOPIC')).toBe('t');
    expect(attempts.received.map(({ times }) => times)).toEqual(Array.from({ length: 17 }, (_, i) => i));
    await clock.advance(3 * HOUR);
    expect(attempts.received).toHaveLength(17);
    expect(dead.received).toHaveLength(1);
  });

  it('is consumed once it does not throw, and holds nobody up', async () => {
    const { app, clock, attempts, dead } = await open({}, ({ text, times }) => text === 'bad' && times < 2);
    await app.template.syncSendOrderly('t', ['bad', 'good'], 'key');
    expect((await attempts.take(2)).map(({ text }) => text)).toEqual(['bad', 'good']);
    await clock.advance(40 * SECOND);
    await attempts.take(4);
    await clock.advance(5 * HOUR);
    expect(attempts.received.map(brief)).toEqual(['bad 0', 'good 0', 'bad 1', 'bad 2']);
    expect(dead.received).toEqual([]);
  });

  it('comes to the listener of its tag again', async () => {
    const clock = new VirtualClock();
    const inbox = new Inbox<string>();
    const of = (tag: string) =>
      listener(
        { topic: 't', consumerGroup: 'g', selectorExpression: tag, messageType: MessageExt },
        (message: MessageExt) => {
          inbox.push(`${tag} ${message.tags} ${message.topic} ${message.reconsumeTimes}`);
          if (message.reconsumeTimes === 0) throw new Error('not yet');
        },
      );
    const app = await startApp({ clock, providers: [of('a'), of('b')] });
    await app.template.syncSend('t:b', 'x');
    await inbox.take();
    await clock.advance(10 * SECOND);
    expect(await inbox.take(2)).toEqual(['b b t 0', 'b b t 1']);
  });
});

describe('maxReconsumeTimes', () => {
  it.each([
    [0, 1],
    [2, 3],
  ])('%i makes %i attempts', async (maxReconsumeTimes, count) => {
    const { app, clock, attempts, dead } = await open({ maxReconsumeTimes });
    await app.template.syncSend('t', 'x');
    await attempts.take();
    await clock.advance(40 * SECOND);
    await dead.take();
    expect(attempts.received).toHaveLength(count);
  });
});

describe('delayLevelWhenNextConsume', () => {
  it('sets the delay of every next attempt', async () => {
    const { app, clock, attempts } = await open({ delayLevelWhenNextConsume: 2 });
    await app.template.syncSend('t', 'x');
    await attempts.take();
    await clock.advance(15 * SECOND);
    await attempts.take(4);
    expect(attempts.received.map(({ at }) => at)).toEqual([0, 5000, 10_000, 15_000]);
  });

  it('-1 is the dead-letter queue at once', async () => {
    const { app, attempts, dead } = await open({ delayLevelWhenNextConsume: -1 });
    const { msgId } = await app.template.syncSend('t', 'x');
    expect((await dead.take())[0]).toMatchObject({ msgId });
    expect(attempts.received).toHaveLength(1);
  });

  it('may be said for all listeners by the module, and otherwise by one', async () => {
    const clock = new VirtualClock();
    const inbox = new Inbox<string>();
    const failing = (name: string, options: object) =>
      listener({ topic: 't', consumerGroup: name, ...options }, () => {
        inbox.push(name);
        throw new Error('not yet');
      });
    const app = await startApp({
      clock,
      rocketmq: { consumer: { delayLevelWhenNextConsume: 1 } },
      providers: [failing('fast', {}), failing('slow', { delayLevelWhenNextConsume: 2 })],
    });
    await app.template.syncSend('t', 'x');
    await inbox.take(2);
    await clock.advance(SECOND);
    expect((await inbox.take(3))[2]).toBe('fast');
    await clock.advance(3999);
    expect(inbox.received.filter((name) => name === 'slow')).toHaveLength(1);
    await clock.advance(1);
    expect(inbox.received.filter((name) => name === 'slow')).toHaveLength(2);
  });
});

describe('consumeMessageBatchMaxSize', () => {
  it('hands over several, of which only those that fail come again', async () => {
    const { app, clock, attempts, dead } = await open(
      { consumeMessageBatchMaxSize: 8, maxReconsumeTimes: 1 },
      ({ text }) => text.startsWith('bad'),
    );
    await app.template.syncSend('t', ['a', 'bad 1', 'b', 'bad 2', 'c']);
    expect((await attempts.take(5)).map(({ text }) => text)).toEqual(['a', 'bad 1', 'b', 'bad 2', 'c']);
    await clock.advance(10 * SECOND);
    await dead.take(2);
    const again = attempts.received.slice(5).map(brief);
    expect(again.toSorted()).toEqual(['bad 1 1', 'bad 2 1']);
    expect(dead.received.map(({ body }) => body.toString()).toSorted()).toEqual(['bad 1', 'bad 2']);
    await clock.advance(5 * HOUR);
    expect(attempts.received).toHaveLength(7);
  });

  it('counts only the one as tried that cannot be given back by itself', async () => {
    const { app, clock, attempts } = await open({ consumeMessageBatchMaxSize: 8 }, ({ text, times }) => {
      return text === 'bad' && times === 0;
    });
    const sendBack = vi.spyOn(DefaultMQPushConsumer.prototype, 'sendMessageBack');
    sendBack.mockRejectedValueOnce(new Error('the disk is full'));
    await app.template.syncSend('t', ['a', 'bad', 'b']);
    await app.logger.logged('failed (attempt 1): Error: not yet');
    await settle(20);
    await clock.advance(10 * SECOND);
    await attempts.take(4);
    const all = attempts.received.map(brief);
    expect(all.toSorted()).toEqual(['a 0', 'b 0', 'bad 0', 'bad 1']);
    sendBack.mockRestore();
  });

  it('leaves those alone that were not begun, while nothing can be given back', async () => {
    const { app, clock, attempts, dead } = await open(
      { consumeMessageBatchMaxSize: 8, maxReconsumeTimes: 0 },
      ({ text }) => text === 'bad',
    );
    const sendBack = vi.spyOn(MessageBackSender.prototype, 'sendBack');
    sendBack.mockRejectedValue(new Error('the broker is away'));
    await app.template.syncSend('t', ['bad', 'a', 'b']);
    expect((await attempts.take(3)).map(brief)).toEqual(['bad 0', 'a 0', 'b 0']);
    await settle(20);
    sendBack.mockRestore();
    await clock.advance(5 * SECOND);
    await dead.take();
    await clock.advance(HOUR);
    expect(attempts.received.map(brief)).toEqual(['bad 0', 'a 0', 'b 0', 'bad 1']);
    expect(dead.received).toHaveLength(1);
  });
});

describe('consumeTimeout', () => {
  it('sends a message back whose listener takes too long', async () => {
    const clock = new VirtualClock();
    const inbox = new Inbox<number>();
    const hang = ({ reconsumeTimes }: MessageExt) => {
      inbox.push(reconsumeTimes);
      return reconsumeTimes === 0 ? new Promise(() => {}) : undefined;
    };
    const app = await startApp({
      clock,
      rocketmq: { consumer: { awaitTerminationMillisWhenShutdown: 0 } },
      providers: [listener({ topic: 't', messageType: MessageExt, consumeTimeout: 1 }, hang)],
    });
    await app.template.syncSend('t', 'x');
    await inbox.take();
    await clock.advance(MINUTE);
    expect(inbox.received).toEqual([0]);
    await clock.advance(10 * SECOND);
    expect(await inbox.take(2)).toEqual([0, 1]);
  });

  it('sends back only the one that takes too long of several that were handed over together', async () => {
    const handle = ({ text, times }: Attempt) => {
      if (text === 'dead') return DeadLetter('why not');
      return text === 'slow' && times === 0 ? new Promise(() => {}) : undefined;
    };
    const together = { consumeMessageBatchMaxSize: 8, consumeTimeout: 1 };
    const { app, clock, attempts, dead } = await startListening(handle, {
      ...together,
      awaitTerminationMillisWhenShutdown: 0,
    });
    await app.template.syncSend('t', ['a', 'dead', 'slow', 'b']);
    await attempts.take(3);
    await clock.advance(MINUTE);
    await attempts.take(4);
    await clock.advance(10 * SECOND);
    await attempts.take(5);
    await clock.advance(HOUR);
    expect(attempts.received.map(brief)).toEqual(['a 0', 'dead 0', 'slow 0', 'b 0', 'slow 1']);
    expect(dead.received).toHaveLength(1);
  });
});

describe("consumeMode: 'ORDERLY'", () => {
  const orderly = { consumeMode: 'ORDERLY', suspendCurrentQueueTimeMillis: 5000 } as const;

  it('tries a message again every suspendCurrentQueueTimeMillis, and those behind it wait', async () => {
    const { app, clock, attempts } = await open(
      { ...orderly, consumeMessageBatchMaxSize: 8 },
      ({ text, times }) => text === 'bad' && times < 3,
    );
    await app.template.syncSendOrderly('t', ['before', 'bad', 'behind'], 'key');
    await attempts.take(2);
    await settle(20);
    for (const count of [3, 4]) {
      await clock.advance(4999);
      expect(attempts.received).toHaveLength(count - 1);
      await clock.advance(1);
      await attempts.take(count);
    }
    await clock.advance(5000);
    await attempts.take(6);
    expect(attempts.received.map(brief)).toEqual([
      'before 0',
      'bad 0',
      'bad 1',
      'bad 2',
      'bad 3',
      'behind 0',
    ]);
  });

  it('gives up after maxReconsumeTimes alone what failed', async () => {
    const { app, clock, attempts, dead } = await open(
      { ...orderly, maxReconsumeTimes: 1, consumeMessageBatchMaxSize: 8 },
      ({ text }) => text === 'bad',
    );
    await app.template.syncSendOrderly('t', ['before', 'bad', 'behind'], 'key');
    await attempts.take(2);
    await settle(20);
    await clock.advance(5000);
    await attempts.take(4);
    expect((await dead.take())[0]!.body.toString()).toBe('bad');
    expect(attempts.received.map(({ text }) => text)).toEqual(['before', 'bad', 'bad', 'behind']);
    expect(dead.received).toHaveLength(1);
  });
});

describe('a message that waits for its next attempt', () => {
  it('goes to the dead-letter queue when no listener of its group wants it any more', async () => {
    const { app } = await open();
    await app.template.syncSend('t', 'x');
    await app.logger.logged('failed (attempt 1, group g)');
    await app.close();
    const clock = new VirtualClock(Date.UTC(2026, 0, 15, 13));
    const [other, dead] = [new Inbox<string>(), new Inbox<string>()];
    const again = await startApp({
      clock,
      directory: app.directory,
      providers: [
        listener<string>({ topic: 'other', consumerGroup: 'g' }, other.push),
        listener<string>({ topic: '%DLQ%g', consumerGroup: 'dead' }, dead.push),
      ],
    });
    await clock.advance(SECOND);
    expect(await dead.take()).toEqual(['x']);
    expect(other.received).toEqual([]);
    await again.logger.logged('has no listener in its group any more');
  });
});
