import { describe, expect, it } from 'vitest';
import type { SendResult } from '../../lib/index.js';
import { startApp } from '../support/nest-app.js';
import { VirtualClock } from '../support/virtual-clock.js';

async function open() {
  const clock = new VirtualClock();
  const app = await startApp({ clock });
  const bodies = async (topic = 't') => (await app.stored(topic)).map(({ body }) => body.toString()).sort();
  return { clock, app, template: app.template, bodies };
}

describe('RocketMQTemplate with timed messages', () => {
  it('has the three methods of rocketmq-spring', async () => {
    const { clock, template, bodies } = await open();
    await template.syncSendDelayTimeSeconds('t:tag', 'a', 1);
    await template.syncSendDelayTimeMills('t', 'b', 2000);
    await template.syncSendDeliverTimeMills('t', 'c', clock.now() + 3000);
    for (const [index, expected] of [[], ['a'], ['a', 'b'], ['a', 'b', 'c']].entries()) {
      if (index > 0) await clock.advance(1000);
      expect(await bodies()).toEqual(expected);
    }
    for (const time of [0, -1, 1.5, NaN, Infinity])
      await expect(template.syncSendDelayTimeSeconds('t', 'x', time)).rejects.toThrow(`delayTime is ${time}`);
  });

  it('takes delay and deliverAt with every kind of send', async () => {
    const { clock, template, bodies } = await open();
    const delay = { delay: '5s' };
    const deliverAt = { deliverAt: new Date(clock.now() + 5000) };
    await template.syncSend('t', 'a', delay);
    await template.syncSendOrderly('t', 'b', 'key', deliverAt);
    await template.asyncSend('t', 'c', delay);
    await new Promise<SendResult>((onSuccess, onException) =>
      template.asyncSend('t', 'd', { onSuccess, onException }, deliverAt),
    );
    await template.asyncSendOrderly('t', 'e', 'key', delay);
    await template.sendOneWay('t', 'f', deliverAt);
    await template.sendOneWayOrderly('t', 'g', 'key', delay);
    await template.convertAndSend('t', 'h', {}, undefined, delay);
    await clock.advance(4999);
    expect(await bodies()).toEqual([]);
    await clock.advance(1);
    expect(await bodies()).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
  });

  it('refuses what cannot be', async () => {
    const { template } = await open();
    await expect(template.syncSend('t', ['a', 'b'], { delay: 1000 })).rejects.toThrow(
      'A time of delivery is not supported for batching',
    );
    await expect(template.syncSend('t', 'a', { delay: 1000, delayLevel: 2 })).rejects.toThrow(
      'leave one out',
    );
    await expect(template.syncSend('t', 'a', { delay: '4d' })).rejects.toMatchObject({
      responseCode: 13,
      message: expect.stringContaining('more than the max delay 259200000ms') as string,
    });
  });

  it('recalls by result and by handle', async () => {
    const { clock, template, bodies } = await open();
    const first = await template.syncSend('t', 'first', { delay: 10_000 });
    const second = await template.syncSend('t', 'second', { delay: 10_000 });
    await template.syncSend('t', 'third', { delay: 10_000 });
    expect(await template.recall(first)).toBe(first.msgId);
    expect(await template.recall('t', second.recallHandle!)).toBe(second.msgId);
    await clock.advance(10_000);
    expect(await bodies()).toEqual(['third']);
    await expect(template.recall(first)).rejects.toMatchObject({ responseCode: 604 });
    await expect(template.recall(await template.syncSend('t', 'now'))).rejects.toThrow(
      'There is no recall handle for topic t',
    );
    await expect(template.recall('t', 'nonsense')).rejects.toThrow('is no recall handle');
  });
});
