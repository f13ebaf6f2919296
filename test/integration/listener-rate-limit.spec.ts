import { describe, expect, it } from 'vitest';
import type { RocketMQMessageListenerOptions } from '../../lib/index.js';
import { createApp, Inbox, listener, startApp } from '../support/nest-app.js';
import { SECOND, VirtualClock } from '../support/virtual-clock.js';

describe('rateLimit', () => {
  it.each<[string, Partial<RocketMQMessageListenerOptions>]>([
    ['messages', {}],
    ['messages that are handed over together', { consumeMessageBatchMaxSize: 8 }],
    ['messages of batches', { batch: { size: 1 } }],
    ['messages in order', { consumeMode: 'ORDERLY' }],
  ])('counts %s', async (_, options) => {
    const clock = new VirtualClock();
    const inbox = new Inbox();
    const rateLimit = { max: 2, durationMs: SECOND };
    const app = await startApp({
      clock,
      providers: [listener({ topic: 't', rateLimit, ...options }, inbox.push)],
    });
    await app.template.syncSendOrderly('t', ['1', '2', '3', '4', '5'], 'key');
    await clock.advance(0);
    for (const count of [2, 4, 5]) {
      expect(inbox.received).toHaveLength(count);
      await clock.advance(SECOND);
    }
  });

  it('may be given to all listeners of a group, or to all of the application', async () => {
    const rateLimit = (max: number) => ({ max, durationMs: SECOND });
    const [group, other] = [new Inbox(), new Inbox()];
    const of = (topic: string) =>
      listener({ topic, consumerGroup: 'g', rateLimit: rateLimit(3) }, group.push);
    const clock = new VirtualClock();
    const app = await startApp({
      clock,
      rocketmq: { consumer: { rateLimit: rateLimit(1) } },
      providers: [of('a'), of('b'), listener({ topic: 'c' }, other.push)],
    });
    for (const topic of ['a', 'b', 'c']) await app.template.syncSend(topic, ['1', '2', '3']);
    await clock.advance(0);
    expect([group.received.length, other.received.length]).toEqual([3, 1]);
    await clock.advance(SECOND);
    expect([group.received.length, other.received.length]).toEqual([6, 2]);
  });

  it('must not differ in a group', async () => {
    const of = (topic: string, max: number) =>
      listener({ topic, consumerGroup: 'g', rateLimit: { max, durationMs: SECOND } }, () => {});
    const app = await createApp({ providers: [of('a', 1), of('b', 2)] });
    await expect(app.start()).rejects.toThrow(
      'rateLimit is {"max":1,"durationMs":1000} in TestListener and {"max":2,"durationMs":1000} in TestListener',
    );
  });
});
