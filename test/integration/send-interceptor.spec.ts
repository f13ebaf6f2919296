import { Inject, Injectable, Scope } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import {
  ConfigurationError,
  MQClientError,
  RocketMQReplyListener,
  RocketMQTemplate,
  RocketMQTransactionListener,
  type RocketMQSendCall,
  type RocketMQSendInterceptor,
  type RocketMQSendOutcome,
} from '../../lib/index.js';
import { createApp, featureModule, gate, startApp } from '../support/nest-app.js';

type Next = () => Promise<RocketMQSendOutcome>;

const LOG = Symbol('LOG');

@Injectable()
class Outer implements RocketMQSendInterceptor {
  constructor(@Inject(LOG) private readonly log: string[]) {}

  async intercept({ kind, messages, hashKey }: RocketMQSendCall, next: Next): Promise<void> {
    this.log.push(`outer ${kind} ${messages.map(({ topic }) => topic).join(',')} ${hashKey ?? '-'}`);
    const outcome = await next();
    this.log.push(outcome === undefined ? 'none' : 'sendStatus' in outcome ? outcome.sendStatus : 'a reply');
  }
}

@Injectable()
class Inner implements RocketMQSendInterceptor {
  constructor(
    @Inject(LOG) private readonly log: string[],
    readonly template: RocketMQTemplate,
  ) {}

  intercept({ messages }: RocketMQSendCall, next: Next): Promise<RocketMQSendOutcome> {
    this.log.push('inner');
    for (const message of messages) message.putUserProperty('tenant', 'acme');
    return next();
  }
}

@RocketMQReplyListener({ topic: 'questions' })
class Answers {
  onMessage(): string {
    return 'answer';
  }
}

@RocketMQTransactionListener()
class Transactions {
  executeLocalTransaction() {
    return 'COMMIT' as const;
  }
  checkLocalTransaction() {
    return 'UNKNOWN' as const;
  }
}

/** An application whose interceptors are in a module of their own. */
async function start(...sendInterceptors: (new (...args: never[]) => RocketMQSendInterceptor)[]) {
  const log: string[] = [];
  const providers = [{ provide: LOG, useValue: log }, ...sendInterceptors];
  const app = await startApp({
    rocketmq: { producer: { sendInterceptors: sendInterceptors as never } },
    imports: [featureModule({ providers })],
    providers: [Answers, Transactions],
  });
  return { app, template: app.template, log };
}

describe('send interceptors', () => {
  it('stand around every kind of send, in their order', async () => {
    const { template, log } = await start(Outer, Inner);
    const told: string[][] = [];
    for (const send of [
      () => template.syncSend('t', 'x'),
      () => template.syncSendOrderly('t', 'x', 'k'),
      () => template.asyncSend('t', 'x'),
      () => template.sendOneWay('t', 'x'),
      () => template.syncSend('t', ['x', 'y']),
      () => template.convertAndSend('t', 'x'),
      () => template.syncSendDelayTimeMills('t', 'x', 1000),
      () => template.sendAndReceive('questions', 'x'),
      () => template.sendMessageInTransaction('t', 'x'),
      () => template.transaction('t', 'x', () => 1),
    ]) {
      await send();
      told.push(log.splice(0));
    }
    expect(told).toEqual([
      ['outer SYNC t -', 'inner', 'SEND_OK'],
      ['outer SYNC t k', 'inner', 'SEND_OK'],
      ['outer ASYNC t -', 'inner', 'SEND_OK'],
      ['outer ONEWAY t -', 'inner', 'none'],
      ['outer BATCH t,t -', 'inner', 'SEND_OK'],
      ['outer SYNC t -', 'inner', 'SEND_OK'],
      ['outer SYNC t -', 'inner', 'SEND_OK'],
      ['outer REQUEST questions -', 'inner', 'a reply'],
      ['outer TRANSACTION t -', 'inner', 'SEND_OK'],
      ['outer TRANSACTION t -', 'inner', 'SEND_OK'],
    ]);
  });

  it('alter what is sent, and cannot alter what the sender gets', async () => {
    const { app, template } = await start(Outer, Inner);
    const { msgId } = await template.syncSend('t', 'x');
    await template.syncSend('t', ['y', 'z']);
    const stored = await app.stored('t');
    expect(stored.map((message) => message.getProperty('tenant'))).toEqual(['acme', 'acme', 'acme']);
    expect(stored.map((message) => message.msgId)).toContain(msgId);
  });

  it('refuse a send', async () => {
    class Veto implements RocketMQSendInterceptor {
      intercept(): never {
        throw new RangeError('not on Sundays');
      }
    }
    const { app, template } = await start(Veto);
    await expect(template.syncSend('t', 'x')).rejects.toThrow(RangeError);
    await expect(template.sendOneWay('t', 'x')).rejects.toThrow('not on Sundays');
    expect(await app.stored('t')).toEqual([]);
  });

  it('keep nobody waiting whose signal is aborted, but who is in a transaction', async () => {
    const { opened, open } = gate();
    class Slow implements RocketMQSendInterceptor {
      async intercept({ kind }: RocketMQSendCall, next: Next): Promise<void> {
        if (kind === 'TRANSACTION') await next();
        await opened;
        if (kind !== 'TRANSACTION') await next();
      }
    }
    const { app, template } = await start(Slow);
    const controller = new AbortController();
    const { signal } = controller;
    const reason = new Error('the client has gone');
    const sends = [
      template.syncSend('t', 'x', { signal }),
      template.sendOneWay('t', 'x', { signal }),
      template.sendAndReceive('t', 'x', { signal }),
    ];
    const transaction = template.transaction('u', 'x', () => 1, { signal });
    await expect.poll(() => app.stored('u')).toHaveLength(1);
    controller.abort(reason);
    for (const sent of sends) await expect(sent).rejects.toBe(reason);
    await expect(template.syncSend('t', 'x', { signal })).rejects.toBe(reason);
    open();
    expect(await transaction).toMatchObject({ value: 1 });
    expect(await app.stored('t')).toEqual([]);
  });

  it('learn of errors, may try again, and forget no send', async () => {
    const errors: unknown[] = [];
    class Again implements RocketMQSendInterceptor {
      async intercept({ messages: [message] }: RocketMQSendCall, next: Next): Promise<void> {
        await next().catch((error: unknown) => {
          errors.push(error);
          message!.topic = 't';
          return next();
        });
      }
    }
    class Careless implements RocketMQSendInterceptor {
      intercept(_call: RocketMQSendCall, next: Next): void {
        void next();
      }
    }
    const { app, template } = await start(Again, Careless);
    expect((await template.syncSend('a.b', 'x')).sendStatus).toBe('SEND_OK');
    expect(errors).toEqual([expect.any(MQClientError)]);
    expect(await app.stored('t')).toHaveLength(1);
  });

  it('that do nothing are told of', async () => {
    class Forgetful implements RocketMQSendInterceptor {
      intercept(): void {}
    }
    const { template } = await start(Forgetful);
    await expect(template.syncSend('t', 'x')).rejects.toThrow(
      'The send interceptor Forgetful neither called next() nor threw, so nothing was sent: throw to refuse a send.',
    );
  });

  it('that are no providers, request-scoped, or without intercept end the start', async () => {
    class Unknown extends Outer {}
    @Injectable({ scope: Scope.REQUEST })
    class Scoped extends Inner {}
    class Empty {}
    for (const [type, providers] of [
      [Unknown, []],
      [Scoped, [Scoped, { provide: LOG, useValue: [] }]],
      [Empty, [Empty]],
    ] as const) {
      const producer = { sendInterceptors: [type as never] };
      const app = await createApp({ rocketmq: { producer }, providers: [...providers] });
      const error = await app.start().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ConfigurationError);
      expect((error as Error).message).toContain(
        `The send interceptor ${type.name} cannot be used: make it a provider`,
      );
    }
  });
});
