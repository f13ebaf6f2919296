import { describe, expect, it } from 'vitest';
import {
  ConfigurationError,
  DeadLetter,
  MessageExt,
  MQClientError,
  RocketMQAdmin,
  RocketMQDeadLetterListener,
  RocketMQMessageListener,
  type RocketMQModuleOptions,
} from '../../lib/index.js';
import { createApp, Inbox, listener, startApp } from '../support/nest-app.js';
import { SECOND, VirtualClock } from '../support/virtual-clock.js';

interface Failing {
  isMended: boolean;
}

/** An application whose group `g` gives every message up until it is mended. */
async function open(rocketmq: RocketMQModuleOptions = {}) {
  const clock = new VirtualClock();
  const state: Failing = { isMended: false };
  const [good, others, dead] = [new Inbox<MessageExt>(), new Inbox<MessageExt>(), new Inbox<MessageExt>()];
  const handle = (message: MessageExt) => {
    if (state.isMended) good.push(message);
    return state.isMended ? undefined : DeadLetter('broken');
  };
  class Failed {
    @RocketMQDeadLetterListener('g', { messageType: MessageExt })
    onDead(message: MessageExt): void {
      dead.push(message);
    }
  }
  const providers = [
    listener({ topic: 'orders', consumerGroup: 'g', messageType: MessageExt }, handle),
    listener({ topic: 'orders', consumerGroup: 'other', messageType: MessageExt }, others.push),
    Failed,
  ];
  const app = await startApp({ clock, rocketmq, providers });
  return { app, clock, state, good, others, dead, admin: app.module.get(RocketMQAdmin, { strict: false }) };
}

describe('@RocketMQDeadLetterListener', () => {
  it('gets the dead messages of a group', async () => {
    const { app, dead } = await open();
    const { msgId } = await app.template.syncSend('orders:paid', { id: 1 }, { keys: ['k'] });
    const [message] = await dead.take();
    expect(message).toMatchObject({ msgId, topic: '%DLQ%g', keys: 'k', tags: 'paid' });
    expect(message!.getProperty('DLQ_REASON')).toBe('broken');
    expect(message!.getProperty('DLQ_ORIGIN_TOPIC')).toBe('orders');
    await app.logger.logged('Failed.onDead {%DLQ%g:*} group=g-dead-letters');
  });

  it.each([
    ['concurrently', {}],
    ['in order', { consumeMode: 'ORDERLY' as const, suspendCurrentQueueTimeMillis: 1000 }],
  ])('tries a message again that it cannot handle, from the first attempt on, %s', async (_mode, options) => {
    const clock = new VirtualClock();
    const attempts = new Inbox<MessageExt>();
    const dead = new Inbox<MessageExt>();
    class Failed {
      @RocketMQDeadLetterListener('g', { messageType: MessageExt, maxReconsumeTimes: 2, ...options })
      onDead(message: MessageExt): void {
        attempts.push(message);
        throw new Error('the database is down');
      }
      @RocketMQDeadLetterListener('g-dead-letters', { messageType: MessageExt })
      onDeadForGood(message: MessageExt): void {
        dead.push(message);
      }
    }
    const failing = {
      topic: 'orders',
      consumerGroup: 'g',
      maxReconsumeTimes: 5,
      delayLevelWhenNextConsume: 1,
    };
    const fail = () => {
      throw new Error('never');
    };
    const app = await startApp({ clock, providers: [listener(failing, fail), Failed] });
    await app.template.syncSend('orders:paid', 'x');
    await clock.advance(5 * SECOND);
    const [first] = await attempts.take();
    expect(first!.reconsumeTimes).toBe(6);
    await clock.advance(60 * SECOND);
    await attempts.take(3);
    const [message] = await dead.take();
    expect(attempts.received).toHaveLength(3);
    expect(attempts.received.map(({ topic }) => topic)).toEqual(['%DLQ%g', '%DLQ%g', '%DLQ%g']);
    expect(attempts.received.map((one) => one.getProperty('DLQ_ORIGIN_TOPIC'))).toEqual(
      Array(3).fill('orders'),
    );
    expect(message).toMatchObject({ topic: '%DLQ%g-dead-letters', tags: 'paid' });
    const attempt = (n: number) => `of topic %DLQ%g failed (attempt ${n}, group g-dead-letters)`;
    for (const n of [1, 2, 3]) await app.logger.logged(attempt(n));
  });

  it.each(['orders', '%DLQ%g'])('counts attempts of its own, whatever a sender to %s says', async (topic) => {
    const clock = new VirtualClock();
    const attempts = new Inbox<MessageExt>();
    const dead = new Inbox<string>();
    const options = { messageType: MessageExt, maxReconsumeTimes: 1, delayLevelWhenNextConsume: 1 };
    class Failed {
      @RocketMQMessageListener(topic, { consumerGroup: 'g-dead-letters', ...options })
      onMessage(message: MessageExt): void {
        attempts.push(message);
        throw new Error('never');
      }
      @RocketMQDeadLetterListener('g-dead-letters', { messageType: String })
      onDead(text: string): void {
        dead.push(text);
      }
    }
    const app = await startApp({ clock, providers: [Failed] });
    const properties = { DLQ_RECONSUME_TIMES: '1000000' };
    await app.template.syncSend(topic, 'x', { properties });
    await attempts.take();
    await clock.advanceUntil(() => dead.received.length === 1, 60 * SECOND, 100);
    expect(attempts.received).toHaveLength(2);
  });

  it('pulls where the application pops, and so has attempts of its own', async () => {
    const dead = new Inbox<MessageExt>();
    class Failed {
      @RocketMQDeadLetterListener('g', { messageType: MessageExt, maxReconsumeTimes: 0 })
      onDead(message: MessageExt): void {
        dead.push(message);
      }
    }
    const app = await startApp({
      rocketmq: { engine: { defaultMessageRequestMode: 'POP' }, consumer: { clientRebalance: false } },
      providers: [listener({ topic: 'orders', consumerGroup: 'g' }, () => DeadLetter('broken')), Failed],
    });
    await app.template.syncSend('orders', 'x');
    expect((await dead.take())[0]!.reconsumeTimes).toBe(1);
  });

  it('may give a message up for good', async () => {
    const clock = new VirtualClock();
    const dead = new Inbox<MessageExt>();
    class Failed {
      @RocketMQDeadLetterListener('g')
      onDead() {
        return DeadLetter('nobody knows');
      }
      @RocketMQDeadLetterListener('g-dead-letters', { messageType: MessageExt })
      onDeadForGood(message: MessageExt): void {
        dead.push(message);
      }
    }
    const app = await startApp({
      clock,
      providers: [listener({ topic: 'orders', consumerGroup: 'g' }, () => DeadLetter('broken')), Failed],
    });
    await app.template.syncSend('orders', 'x');
    expect((await dead.take())[0]!.getProperty('DLQ_REASON')).toBe('nobody knows');
  });

  it('must not be in the group whose messages it gets', async () => {
    @RocketMQMessageListener('orders', { consumerGroup: 'g' })
    class Listener {
      onMessage(): void {}
      @RocketMQDeadLetterListener('g', { consumerGroup: 'g' })
      onDead(): void {}
    }
    const app = await createApp({ providers: [Listener] });
    await expect(app.start()).rejects.toThrow(
      'Listener Listener.onDead is in group "g" and listens to its dead messages',
    );
  });
});

describe('resending dead letters', () => {
  it.each([undefined, 'ns'])('sends one again by its id, as it was (namespace %s)', async (namespace) => {
    const { app, state, good, others, dead, admin } = await open({ namespace });
    const properties = { region: 'EU' };
    const { msgId } = await app.template.syncSend('orders:paid', { id: 1 }, { keys: ['k'], properties });
    await dead.take();
    await others.take();
    state.isMended = true;
    expect(await admin.resendDeadLetter('g', msgId)).toMatchObject({ msgId, sendStatus: 'SEND_OK' });
    const [message] = await good.take();
    expect(message).toMatchObject({
      msgId,
      topic: 'orders',
      keys: 'k',
      tags: 'paid',
      reconsumeTimes: 0,
      flag: 0,
    });
    expect(JSON.parse(message!.body.toString())).toEqual({ id: 1 });
    expect(message!.getProperty('region')).toBe('EU');
    expect(message!.waitStoreMsgOK).toBe(true);
    const ofDeath = ['DLQ_REASON', 'RETRY_TOPIC', 'DELAY', 'RECONSUME_TIME', 'MAX_RECONSUME_TIMES'];
    expect(ofDeath.filter((name) => message!.getProperty(name) !== undefined)).toEqual([]);
    // The other groups of the topic get it too.
    await others.take(2);
  });

  it('sends one again by its offset id, to its group alone', async () => {
    const { app, clock, state, good, others, dead, admin } = await open();
    await app.template.syncSend('orders', 'x');
    const [{ offsetMsgId }] = (await dead.take()) as [MessageExt];
    state.isMended = true;
    await admin.resendDeadLetter('g', offsetMsgId, { target: 'GROUP' });
    const [message] = await good.take();
    expect(message).toMatchObject({ topic: 'orders', reconsumeTimes: 0 });
    await clock.advance(SECOND);
    expect(others.received).toHaveLength(1);
  });

  it('sends all of a time again, and each only once', async () => {
    const { app, clock, state, good, dead, admin } = await open();
    for (const [index, text] of ['before', 'first', 'second', 'after'].entries()) {
      await app.template.syncSend('orders', text);
      await dead.take(index + 1);
      await clock.advance(10 * SECOND);
    }
    state.isMended = true;
    const [, first, second] = dead.received.map(({ storeTimestamp }) => storeTimestamp);
    expect(await admin.resendDeadLetters('g', { from: first, to: new Date(second! + 1) })).toBe(2);
    const texts = (await good.take(2)).map(({ body }) => body.toString());
    expect(texts.toSorted()).toEqual(['first', 'second']);
    const filter = (message: MessageExt) => message.body.toString() !== 'first';
    expect(await admin.resendDeadLetters('g', { filter, max: 2 })).toBe(2);
    await good.take(4);
    expect(
      good.received
        .map(({ body }) => body.toString())
        .slice(2)
        .toSorted(),
    ).toEqual(['before', 'second']);
  });

  it('goes through several queues in the order of time, so that there is a time to go on from', async () => {
    const { app, clock, admin } = await open();
    await admin.createTopic('%DLQ%g', 2);
    for (const [text, queueId] of [
      ['a', 1],
      ['b', 0],
      ['c', 1],
      ['d', 0],
    ] as const) {
      await app.template.syncSend('%DLQ%g', text, { queueSelector: (queues) => queues[queueId]! });
      await clock.advance(10);
    }
    const seen: string[] = [];
    const filter = ({ body }: MessageExt) => {
      seen.push(body.toString());
      return seen.length === 4;
    };
    const resent = admin.resendDeadLetters('g', { filter });
    await expect(resent).rejects.toMatchObject({ retryable: false });
    expect(seen).toEqual(['a', 'b', 'c', 'd']);
  });

  it('does not send what dies again meanwhile again and again', async () => {
    const { app, dead, admin } = await open();
    await app.template.syncSend('orders', 'x');
    await dead.take();
    expect(await admin.resendDeadLetters('g')).toBe(1);
    await dead.take(2);
    expect(await admin.resendDeadLetters('g')).toBe(2);
  });

  it('refuses a filter that says neither yes nor no, and sends nothing', async () => {
    const { app, dead, admin } = await open();
    await app.template.syncSend('orders', 'x');
    await dead.take();
    const filter = async () => false;
    await expect(admin.resendDeadLetters('g', { filter: filter as never })).rejects.toThrow(
      'The filter of resendDeadLetters returned [object Promise]; allowed: true or false',
    );
    expect(await app.stored('orders')).toHaveLength(1);
  });

  it('says what there is not, and how far it came', async () => {
    const { app, dead, admin } = await open();
    await expect(admin.resendDeadLetter('g', 'x')).rejects.toThrow(MQClientError);
    await expect(admin.resendDeadLetter('g', 'x')).rejects.toThrow(
      'The dead-letter queue of group "g" has no message x',
    );
    expect(await admin.resendDeadLetters('g')).toBe(0);
    await expect(admin.resendDeadLetters('g', { max: 0 })).rejects.toThrow(
      'max is 0; allowed: an integer from 1 up',
    );
    const misspelt = { since: new Date() } as object;
    for (const call of [
      () => admin.resendDeadLetters('g', misspelt),
      () => admin.resendDeadLetter('g', 'x', misspelt),
      () => admin.deadLetters('g', misspelt).next(),
    ])
      await expect(call()).rejects.toThrow('.since is not an option; there are: ');
    const { msgId } = await app.template.syncSend('orders', 'x');
    await dead.take();
    await expect(admin.resendDeadLetter('other', msgId)).rejects.toThrow('has no message');
    await expect(admin.resendDeadLetter('g', msgId, { target: 'ALL' as never })).rejects.toThrow(
      ConfigurationError,
    );
    await app.template.syncSend('%DLQ%g', 'born dead');
    await dead.take(2);
    await expect(admin.resendDeadLetters('g')).rejects.toThrow(
      /cannot be sent again; 1 before it were. Go on from 2026/,
    );
  });
});
