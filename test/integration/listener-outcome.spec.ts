import { BadRequestException, Injectable } from '@nestjs/common';
import { describe, expect, it, vi } from 'vitest';
import { MessageBackSender } from '../../lib/client/consumer/message-back-sender.js';
import {
  Ack,
  ConfigurationError,
  DeadLetter,
  MessageConversionError,
  type MessageExt,
  Retry,
  type RocketMQErrorHandler,
  type RocketMQOutcome,
} from '../../lib/index.js';
import { brief, startListening, type ListenerSetup } from '../support/listener-app.js';
import { createApp, Inbox, listener } from '../support/nest-app.js';
import { SECOND, settle } from '../support/virtual-clock.js';

class PaymentError extends Error {}
class CardError extends PaymentError {}

const reasonOf = (message: MessageExt) => message.getProperty('DLQ_REASON');

describe('an outcome that a listener returns', () => {
  it('Ack means consumed', async () => {
    const { app, clock, attempts } = await startListening(() => Ack);
    await app.template.syncSend('t', 'x');
    await attempts.take();
    await clock.advance(60 * SECOND);
    expect(attempts.received.map(brief)).toEqual(['x 0']);
  });

  it('Retry brings the message again after its delay, without an error in the log', async () => {
    const { app, clock, attempts } = await startListening(async ({ times }) =>
      times === 0 ? Retry({ delayLevel: 2 }) : Ack,
    );
    await app.template.syncSend('t', 'x');
    await attempts.take();
    await clock.advance(4999);
    expect(attempts.received).toHaveLength(1);
    await clock.advance(1);
    expect((await attempts.take(2)).map(brief)).toEqual(['x 0', 'x 1']);
    expect(app.logger.lines.filter((line) => line.startsWith('WARN'))).toEqual([]);
  });

  it.each([{ delayLevel: 19 }, { delayLevel: -1 }, { suspendMillis: 9 }])('Retry refuses %j', (options) =>
    expect(() => Retry(options)).toThrow(ConfigurationError),
  );

  it.each(['CONCURRENTLY', 'ORDERLY'] as const)(
    'DeadLetter ends a message with its reason, %s',
    async (consumeMode) => {
      const { app, attempts, dead } = await startListening(
        ({ text }) => text === 'bad' && DeadLetter('no \u0001such order'),
        {
          consumeMode,
        },
      );
      const sent = await app.template.syncSend('t:tag', 'bad', { keys: 'k', properties: { p: '1' } });
      await app.template.syncSend('t', 'good');
      const [message] = await dead.take();
      expect(message).toMatchObject({ msgId: sent.msgId, tags: 'tag', keys: 'k' });
      expect(message!.body.toString()).toBe('bad');
      expect(reasonOf(message!)).toBe('no  such order');
      expect(message!.getProperty('p')).toBe('1');
      expect(message!.getProperty('RETRY_TOPIC')).toBe('t');
      expect((await attempts.take(2)).map(brief).toSorted()).toEqual(['bad 0', 'good 0']);
      expect(await app.logger.logged('goes to the dead-letter queue: no')).toContain(sent.msgId);
    },
  );

  it('Retry holds the queue up for suspendMillis in order', async () => {
    const { app, clock, attempts } = await startListening(
      ({ text, times }) => (text === 'a' && times === 0 ? Retry({ suspendMillis: 700 }) : Ack),
      { consumeMode: 'ORDERLY' },
    );
    await app.template.syncSendOrderly('t', ['a', 'b'], 'key');
    await attempts.take();
    await clock.advance(699);
    expect(attempts.received.map(brief)).toEqual(['a 0']);
    await clock.advance(1);
    expect((await attempts.take(3)).map(brief)).toEqual(['a 0', 'a 1', 'b 0']);
  });

  it('is kept for each of several messages that are handed over together', async () => {
    const outcomes: Record<string, RocketMQOutcome> = {
      a: Ack,
      b: Retry({ delayLevel: 1 }),
      c: DeadLetter('why not'),
    };
    const { app, clock, attempts, dead } = await startListening(
      ({ text, times }) => (times === 0 ? outcomes[text] : Ack),
      { consumeMessageBatchMaxSize: 8 },
    );
    await app.template.syncSend('t', ['a', 'b', 'c']);
    expect((await dead.take()).map(reasonOf)).toEqual(['why not']);
    await attempts.take(3);
    await clock.advance(SECOND);
    expect((await attempts.take(4)).map(brief)).toEqual(['a 0', 'b 0', 'c 0', 'b 1']);
  });

  it('is dropped with a broadcast message', async () => {
    const { app, clock, attempts, dead } = await startListening(() => DeadLetter('nobody'), {
      messageModel: 'BROADCASTING',
    });
    await app.template.syncSend('t', 'x');
    await app.logger.logged('is dropped: nobody');
    await clock.advance(60 * SECOND);
    expect(attempts.received.map(brief)).toEqual(['x 0']);
    expect(dead.received).toEqual([]);
  });
});

describe('noRetryFor', () => {
  it.each<[string, ListenerSetup]>([
    ['of the listener', { noRetryFor: [PaymentError] }],
    ['of the module', { consumer: { noRetryFor: [PaymentError] } }],
    ['in order', { noRetryFor: [PaymentError], consumeMode: 'ORDERLY' }],
  ])('%s ends messages whose error is of a class, or extends it', async (_, setup) => {
    const { app, dead, attempts } = await startListening(() => {
      throw new CardError('expired');
    }, setup);
    await app.template.syncSend('t', 'x');
    expect((await dead.take()).map(reasonOf)).toEqual(['Error: expired']);
    expect(attempts.received.map(brief)).toEqual(['x 0']);
  });

  it.each<[unknown, string]>([
    [
      new BadRequestException(['id must be a number']),
      'BadRequestException: Bad Request Exception: id must be a number',
    ],
    [{ code: 'X' }, "{ code: 'X' }"],
  ])('keeps what %s says beside its message', async (error, reason) => {
    const fail = () => {
      throw error;
    };
    const { app, dead } = await startListening(fail, { retryFor: [] });
    await app.template.syncSend('t', 'x');
    expect((await dead.take()).map(reasonOf)).toEqual([reason]);
    await app.logger.logged(`failed (attempt 1, group g): ${reason}`);
  });

  it('leaves other errors alone', async () => {
    const { app, clock, dead, attempts } = await startListening(
      () => {
        throw new PaymentError('later');
      },
      { noRetryFor: [CardError] },
    );
    await app.template.syncSend('t', 'x');
    await attempts.take();
    await clock.advance(10 * SECOND);
    expect((await attempts.take(2)).map(brief)).toEqual(['x 0', 'x 1']);
    expect(dead.received).toEqual([]);
  });
});

describe('a dead letter that cannot be sent, in order', () => {
  it.each<[string, () => RocketMQOutcome, string[]]>([
    ['returned', () => DeadLetter('expired'), []],
    [
      'thrown',
      () => {
        throw new CardError('expired');
      },
      ['1', '2'],
    ],
  ])('is told with its cause, and comes with the next attempt: %s', async (_, handle, failures) => {
    const sendDead = vi.spyOn(MessageBackSender.prototype, 'sendDead');
    sendDead.mockRejectedValueOnce(new Error('the broker is away'));
    const setup = { consumeMode: 'ORDERLY', noRetryFor: [CardError] } as const;
    const { app, clock, dead } = await startListening(handle, setup);
    const { lines } = app.logger;
    await app.template.syncSend('t', 'x');
    await app.logger.logged('cannot be given back, it is tried again: Error: the broker is away');
    await settle(20);
    expect(lines.filter((line) => line.includes('goes to the dead-letter queue'))).toEqual([]);
    await clock.advance(SECOND);
    expect(await dead.take()).toHaveLength(1);
    expect(lines.flatMap((line) => /failed \(attempt (\d)/.exec(line)?.[1] ?? [])).toEqual(failures);
    sendDead.mockRestore();
  });
});

describe('an error handler', () => {
  const seen = new Inbox<[unknown, string]>();

  @Injectable()
  class Judge implements RocketMQErrorHandler {
    handleError(error: unknown, message: MessageExt): RocketMQOutcome | undefined {
      const text = message.body.toString();
      seen.push([error, text]);
      if (text === 'throws') throw new CardError('in the handler');
      return { ack: Ack, dead: DeadLetter('judged') }[text];
    }
  }

  it.each<[string, ListenerSetup]>([
    ['of the listener', { errorHandler: Judge }],
    ['of the module', { consumer: { errorHandler: Judge } }],
  ])('%s decides before the rules do', async (_, setup) => {
    const fails = () => {
      throw new PaymentError('no');
    };
    const { app, attempts, dead } = await startListening(fails, {
      ...setup,
      noRetryFor: [CardError],
      providers: [Judge],
    });
    for (const text of ['ack', 'dead', 'throws']) await app.template.syncSend('t', text);
    await attempts.take(3);
    const reasons = (await dead.take(2)).map((message) => `${message.body.toString()}: ${reasonOf(message)}`);
    expect(reasons.toSorted()).toEqual(['dead: judged', 'throws: Error: in the handler']);
    await settle();
    expect(await app.stored('%RETRY%g')).toEqual([]);
  });

  it('is asked about payloads that cannot be read', async () => {
    const { app, dead } = await startListening(() => Ack, {
      errorHandler: Judge,
      messageType: Object,
      providers: [Judge],
    });
    await app.template.syncSend('t', 'dead');
    expect((await dead.take()).map(reasonOf)).toEqual(['judged']);
    expect(seen.received.at(-1)).toEqual([expect.any(MessageConversionError), 'dead']);
  });

  it('must be a provider', async () => {
    const app = await createApp({ providers: [listener({ topic: 't', errorHandler: Judge }, () => {})] });
    await expect(app.start()).rejects.toThrow('The errorHandler Judge of TestListener cannot be used');
  });
});
