import { BadRequestException, Injectable } from '@nestjs/common';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  ConfigurationError,
  DeadLetter,
  MessageBuilder,
  MessageExt,
  RequestTimeoutError,
  RocketMQDeadLetterListener,
  RocketMQMessageListener,
  RocketMQRemoteError,
  RocketMQReplyListener,
  type RocketMQListenerContext,
  type RocketMQMessageListenerOptions,
} from '../../lib/index.js';
import { gate, Inbox, startApp } from '../support/nest-app.js';

interface Article {
  readonly article: string;
}

class Price {
  article!: string;
  price!: number;
}

/** A class that answers with what `answer` makes of a request. */
function replier<T>(
  options: Partial<RocketMQMessageListenerOptions>,
  answer: (payload: T, message: MessageExt) => unknown,
) {
  @RocketMQReplyListener({ topic: 'ask', consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET', ...options })
  class TestReplier implements RocketMQReplyListener<T> {
    onMessage(payload: T, message?: MessageExt): unknown {
      return answer(payload, message!);
    }
  }
  return TestReplier;
}

const priceOf = ({ article }: Article) => ({ article, price: 7 });

describe('a class that is a RocketMQReplyListener', () => {
  it('gets message and context, and may return an outcome', async () => {
    const dead = new Inbox<MessageExt>();
    @RocketMQReplyListener({ topic: 'ask', consumerGroup: 'g' })
    class Deciding implements RocketMQReplyListener<Article, Price> {
      async onMessage({ article }: Article, message: MessageExt, { signal }: RocketMQListenerContext) {
        if (message.tags === 'bad' && !signal.aborted) return DeadLetter('bad tag');
        return { article, price: 7 };
      }
      @RocketMQDeadLetterListener('g', { messageType: MessageExt })
      onDead(message: MessageExt): void {
        dead.push(message);
      }
    }
    const app = await startApp({ providers: [Deciding] });
    expect(await app.template.sendAndReceive('ask', { article: 'pen' })).toEqual({
      article: 'pen',
      price: 7,
    });
    await app.template.syncSend('ask:bad', { article: 'pen' });
    expect((await dead.take())[0]!.getProperty('DLQ_REASON')).toBe('bad tag');
  });
});

describe('sendAndReceive', () => {
  it('resolves to what the listener returned, as the type that is asked for', async () => {
    const app = await startApp({ providers: [replier({}, priceOf)] });
    const ask = { article: 'pen' };
    const price = await app.template.sendAndReceive('ask', ask, { type: Price });
    expectTypeOf(price).toEqualTypeOf<Price>();
    expect(price).toBeInstanceOf(Price);
    expect(price).toEqual({ article: 'pen', price: 7 });
    const text = await app.template.sendAndReceive('ask', ask, String);
    expectTypeOf(text).toEqualTypeOf<string>();
    expect(text).toBe('{"article":"pen","price":7}');
    expect(await app.template.sendAndReceive('ask', ask)).toEqual({ article: 'pen', price: 7 });
    expect((await app.template.sendAndReceive('ask', ask, Buffer)).toString()).toBe(text);
    const message = await app.template.sendAndReceive('ask', ask, MessageExt, 'key', 5000);
    expect(message.getProperty('contentType')).toBe('application/json');
  });

  it('takes what Java passes by position', async () => {
    const inbox = new Inbox<MessageExt>();
    const answer = (_: unknown, message: MessageExt) => {
      inbox.push(message);
      return message.getProperty('TTL');
    };
    const app = await startApp({ providers: [replier({}, answer)] });
    expect(await app.template.sendAndReceive('ask:t', 'a', String, 4321)).toBe('4321');
    expect(await app.template.sendAndReceive('ask', 'b', String, 'key', 5432)).toBe('5432');
    expect(await app.template.sendAndReceive('ask', 'c', String, 'key')).toBe('3000');
    expect(await app.template.sendAndReceive('ask', 'd', String, 9000, 1)).toBe('9000');
    const none = null as never;
    expect(await app.template.sendAndReceive('ask', 'e', none, 4000, 1)).toBe('4000');
    expect(await app.template.sendAndReceive('ask', 'f', undefined as never, 5000)).toBe('5000');
    expect(await app.template.sendAndReceive('ask', 'g', String, none, 6000)).toBe('6000');
    const [first, second, third, fourth, fifth] = await inbox.take(5);
    expect(first!.tags).toBe('t');
    expect(second!.queueId).toBe(third!.queueId);
    expect(fourth!.delayTimeLevel).toBe(1);
    expect(fifth!.delayTimeLevel).toBe(1);
  });

  it('tells a callback', async () => {
    const app = await startApp({ providers: [replier({}, priceOf)] });
    const inbox = new Inbox();
    const callback = { onSuccess: inbox.push, onException: inbox.push };
    app.template.sendAndReceive<Price>('ask', { article: 'pen' }, callback, { type: Price });
    await inbox.take(1);
    app.template.sendAndReceive('ask', { article: 'pen' }, callback, 'key', 4000);
    await inbox.take(2);
    await app.template.syncSend('nobody', 'creates the topic');
    app.template.sendAndReceive('nobody', 'x', callback, 1500);
    const [typed, plain, error] = await inbox.take(3);
    expect(typed).toBeInstanceOf(Price);
    expect(plain).toEqual({ article: 'pen', price: 7 });
    expect(error).toBeInstanceOf(RequestTimeoutError);
  });

  it('rejects when nobody replies in time, and when the caller gives up', async () => {
    const app = await startApp();
    await app.template.syncSend('nobody', 'creates the topic');
    await expect(app.template.sendAndReceive('nobody', 'x', { timeout: 1500 })).rejects.toMatchObject({
      responseCode: 10006,
      message: 'send request message to <nobody> OK, but wait reply message timeout, 1500 ms.',
    });
    const signal = AbortSignal.abort(new Error('given up'));
    await expect(app.template.sendAndReceive('nobody', 'x', { signal })).rejects.toThrow('given up');
  });

  it('rejects when the application ends meanwhile', async () => {
    const app = await startApp();
    const reply = app.template.sendAndReceive('nobody', 'x', { timeout: 60_000 });
    const ended = expect(reply).rejects.toThrow(/shut down/);
    await app.close();
    await ended;
  });

  it('has a message sent for every kind of payload', async () => {
    const app = await startApp({ providers: [replier({}, (payload) => payload)] });
    const generic = MessageBuilder.withPayload({ a: 1 }).setHeader('who', 'me').build();
    expect(await app.template.sendAndReceive('ask', generic)).toEqual({ a: 1 });
    expect(await app.template.sendAndReceive('ask', ['a', 'b'])).toEqual(['a', 'b']);
    await expect(app.template.sendAndReceive('ask', undefined)).rejects.toThrow('cannot be null');
  });
});

describe('a reply listener', () => {
  it('may be a method, with reply: true or a decorator of its own', async () => {
    @Injectable()
    class Prices {
      @RocketMQMessageListener('ask', { reply: true, selectorExpression: 'one' })
      one(): string {
        return 'one';
      }
      @RocketMQReplyListener('ask', { selectorExpression: 'two' })
      async two(): Promise<string> {
        return 'two';
      }
    }
    const app = await startApp({ providers: [Prices] });
    expect(await app.template.sendAndReceive('ask:one', 'x')).toBe('one');
    expect(await app.template.sendAndReceive('ask:two', 'x')).toBe('two');
  });

  it('replies a message with its headers', async () => {
    const answer = () => MessageBuilder.withPayload('text').setHeader('origin', 'cache').build();
    const app = await startApp({ providers: [replier({}, answer)] });
    const reply = await app.template.sendAndReceive('ask', 'x', MessageExt);
    expect([reply.body.toString(), reply.getProperty('origin')]).toEqual(['text', 'cache']);
  });

  it('tells the caller of an error when it is to, and the message counts as consumed', async () => {
    const calls = new Inbox();
    class OutOfStock extends Error {
      override readonly name = 'OutOfStock';
    }
    const answer = (payload: string) => {
      calls.push(payload);
      throw new OutOfStock('no pens left');
    };
    const app = await startApp({ providers: [replier({ replyErrors: true }, answer)] });
    const reply = app.template.sendAndReceive('ask', 'pen', Price);
    await expect(reply).rejects.toThrow(RocketMQRemoteError);
    await expect(reply).rejects.toMatchObject({ remoteName: 'OutOfStock', message: 'no pens left' });
    expect(calls.received).toEqual(['pen']);
    expect(await app.stored('SCHEDULE_TOPIC_XXXX')).toEqual([]);
  });

  it.each([
    [new BadRequestException(['size must be a number']), 'Bad Request Exception: size must be a number'],
    [{ code: 'X' }, "{ code: 'X' }"],
    ['', 'Error'],
  ])('tells the caller what %s says beside its message', async (error, message) => {
    const answer = () => {
      throw error;
    };
    const app = await startApp({ providers: [replier({ replyErrors: true }, answer)] });
    await expect(app.template.sendAndReceive('ask', 'pen')).rejects.toMatchObject({ message });
  });

  it('keeps an error to itself otherwise, and the message comes again', async () => {
    let calls = 0;
    const answer = () => {
      if (++calls === 1) throw new Error('not yet');
      return 'now';
    };
    const app = await startApp({ providers: [replier({ delayLevelWhenNextConsume: 1 }, answer)] });
    expect(await app.template.sendAndReceive('ask', 'x', { timeout: 10_000 })).toBe('now');
    expect(calls).toBe(2);
  });

  it('takes no reply for an error, or replies null where it may', async () => {
    const failing = replier({ replyErrors: true, selectorExpression: 'a' }, () => undefined);
    const sending = replier(
      { emptyReply: 'SEND', selectorExpression: 'b', consumerGroup: 'sending' },
      () => undefined,
    );
    const app = await startApp({ providers: [failing, sending] });
    await expect(app.template.sendAndReceive('ask:a', 'x')).rejects.toThrow(/returned nothing to reply/);
    expect(await app.template.sendAndReceive('ask:b', 'x')).toBeNull();
    expect(await app.template.sendAndReceive('ask:b', 'x', { type: Price, validate: true })).toBeNull();
  });

  it('takes an empty text for an error, as it cannot travel', async () => {
    const app = await startApp({ providers: [replier({ replyErrors: true, emptyReply: 'SEND' }, () => '')] });
    await expect(app.template.sendAndReceive('ask', 'x')).rejects.toThrow(/returned a reply without content/);
  });

  it('handles a message that is no request, and says that nobody gets its reply', async () => {
    const calls = new Inbox();
    const answer = (payload: unknown) => {
      calls.push(payload);
      return 'x';
    };
    const app = await startApp({ providers: [replier({}, answer)] });
    await app.template.syncSend('ask', 'plain');
    await app.logger.logged('which is no request');
    expect(calls.received).toEqual(['plain']);
  });

  it('sends its reply before the application ends', async () => {
    const { opened, open } = gate();
    const begun = gate();
    const answer = async () => {
      begun.open();
      await opened;
      return 'at last';
    };
    const app = await startApp({
      rocketmq: { consumer: { awaitTerminationMillisWhenShutdown: 10_000 } },
      providers: [replier({}, answer)],
    });
    const reply = app.template.sendAndReceive('ask', 'x', { timeout: 10_000 });
    await begun.opened;
    const closed = app.close();
    open();
    expect(await reply).toBe('at last');
    await closed;
  });

  it.each([
    [{ replyTimeout: 0 }, 'replyTimeout is 0'],
    [{ emptyReply: 'NULL' as never }, 'emptyReply is "NULL"'],
  ])('refuses %o', async (options, text) => {
    const start = startApp({ providers: [replier(options, () => 'x')] });
    await expect(start).rejects.toThrow(ConfigurationError);
    await expect(start).rejects.toThrow(text);
  });
});
