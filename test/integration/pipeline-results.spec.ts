import {
  Catch,
  ClassSerializerInterceptor,
  ForbiddenException,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
  type Provider,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { map, of, throwError, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  Ack,
  DeadLetter,
  Idempotent,
  MemoryIdempotencyStore,
  MessageExt,
  Retry,
  RocketMQMessageListener,
  RocketMQReplyListener,
} from '../../lib/index.js';
import { brief, startListening } from '../support/listener-app.js';
import { Inbox, listener, startApp } from '../support/nest-app.js';
import { SECOND, VirtualClock } from '../support/virtual-clock.js';

/** As it is usual for the answers of controllers. */
class Envelope implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((data: unknown) => ({ data })));
  }
}

class List implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((data: unknown) => [data]));
  }
}

const reasonOf = (message: MessageExt) => message.getProperty('DLQ_REASON');

describe.each([
  ['serializes', ClassSerializerInterceptor],
  ['wraps', Envelope],
  ['lists', List],
])('an interceptor of the application that %s every result', (_name, useClass) => {
  const providers: Provider[] = [{ provide: APP_INTERCEPTOR, useClass }];

  it.each([
    ['returned', () => DeadLetter('no')],
    ['promised', async () => DeadLetter('no')],
    ['observed', () => of(DeadLetter('no'))],
  ])('leaves a DeadLetter what it is that is %s', async (_how, handle) => {
    const { app, dead } = await startListening(handle, { providers });
    await app.template.syncSend('t', 'x');
    expect((await dead.take()).map(reasonOf)).toEqual(['no']);
  });

  it('leaves a Retry what it is, and results that say nothing', async () => {
    const { app, clock, attempts } = await startListening(
      ({ times }) => (times === 0 ? Retry({ delayLevel: 2 }) : { times }),
      { providers },
    );
    await app.template.syncSend('t', 'x');
    await attempts.take();
    await clock.advance(5 * SECOND);
    expect((await attempts.take(2)).map(brief)).toEqual(['x 0', 'x 1']);
    await clock.advance(60 * SECOND);
    expect(attempts.received).toHaveLength(2);
  });

  it('leaves the outcomes of a batch what they are', async () => {
    const dead = new Inbox<string>();
    const batch = { size: 2, lingerMs: 60_000 };
    const Batch = listener<string[]>({ topic: 't', consumerGroup: 'g', batch }, (texts) =>
      texts.map((text) => (text === 'bad' ? DeadLetter('no') : Ack)),
    );
    const OfDead = listener<string>({ topic: '%DLQ%g', consumerGroup: 'dead' }, dead.push);
    const app = await startApp({ providers: [Batch, OfDead, ...providers] });
    await app.template.syncSend('t', 'good');
    await app.template.syncSend('t', 'bad');
    expect(await dead.take()).toEqual(['bad']);
  });

  it('leaves the outcome of a reply listener what it is, and sees its replies', async () => {
    const dead = new Inbox<string>();
    @RocketMQReplyListener({ topic: 'ask', consumerGroup: 'g', messageType: String })
    class Replier implements RocketMQReplyListener<string> {
      onMessage(text: string) {
        return text === 'bad' ? DeadLetter('no') : { text };
      }
    }
    const OfDead = listener<string>({ topic: '%DLQ%g', consumerGroup: 'dead' }, dead.push);
    const app = await startApp({ providers: [Replier, OfDead, ...providers] });
    const reply = await app.template.sendAndReceive('ask', 'x');
    const replies = new Map<object, unknown>([
      [Envelope, { data: { text: 'x' } }],
      [List, [{ text: 'x' }]],
    ]);
    expect(reply).toEqual(replies.get(useClass) ?? { text: 'x' });
    await app.template.syncSend('ask', 'bad');
    expect(await dead.take()).toEqual(['bad']);
  });

  it('does not make a key handled that is to come again', async () => {
    const handled = new Inbox<number>();
    @RocketMQMessageListener({ topic: 't', messageType: MessageExt })
    @Idempotent({ store: MemoryIdempotencyStore })
    class Once {
      onMessage({ reconsumeTimes }: MessageExt) {
        handled.push(reconsumeTimes);
        return reconsumeTimes === 0 ? Retry({ delayLevel: 1 }) : Ack;
      }
    }
    const clock = new VirtualClock();
    const app = await startApp({ clock, providers: [Once, MemoryIdempotencyStore, ...providers] });
    await app.template.syncSend('t', 'x', { keys: 'k' });
    await handled.take();
    await clock.advance(SECOND);
    expect(await handled.take(2)).toEqual([0, 1]);
  });
});

describe('an interceptor that returns an outcome of its own', () => {
  it('has the last word', async () => {
    const decide: NestInterceptor = {
      intercept: (_context, next) => next.handle().pipe(map(() => DeadLetter('of the interceptor'))),
    };
    const { app, dead } = await startListening(() => Retry(), {
      providers: [{ provide: APP_INTERCEPTOR, useValue: decide }],
    });
    await app.template.syncSend('t', 'x');
    expect((await dead.take()).map(reasonOf)).toEqual(['of the interceptor']);
  });
});

describe('an exception filter that is asynchronous', () => {
  @Catch()
  class HttpOnly implements ExceptionFilter {
    async catch(_error: unknown, host: ArgumentsHost): Promise<string | undefined> {
      return host.getType() === 'http' ? 'answered' : undefined;
    }
  }
  @Catch(ForbiddenException)
  class Drop implements ExceptionFilter {
    async catch(): Promise<string> {
      return 'consumed';
    }
  }
  @Catch()
  class Observing implements ExceptionFilter {
    catch(error: unknown): Observable<never> {
      return throwError(() => error);
    }
  }
  @Catch()
  class Returning implements ExceptionFilter {
    catch(error: unknown): unknown {
      return error;
    }
  }
  class Closed implements CanActivate {
    canActivate(): boolean {
      return false;
    }
  }

  it('leaves the error of a listener what it is when it returns nothing', async () => {
    const { app, clock, attempts } = await startListening(
      ({ times }) => {
        if (times === 0) throw new Error('broken');
      },
      { providers: [{ provide: APP_FILTER, useClass: HttpOnly }] },
    );
    await app.template.syncSend('t', 'x');
    await app.logger.logged('failed (attempt 1, group g): Error: broken');
    await app.logger.logged('ERROR [ExceptionsHandler] Error: broken');
    await clock.advance(10 * SECOND);
    expect((await attempts.take(2)).map(brief)).toEqual(['x 0', 'x 1']);
  });

  it('leaves it what it is when it returns an Observable of it, as those for microservices do', async () => {
    const { app, clock, attempts } = await startListening(
      ({ times }) => {
        if (times === 0) throw new Error('broken');
      },
      { providers: [{ provide: APP_FILTER, useClass: Observing }] },
    );
    await app.template.syncSend('t', 'x');
    await app.logger.logged('failed (attempt 1, group g): Error: broken');
    await clock.advance(10 * SECOND);
    expect((await attempts.take(2)).map(brief)).toEqual(['x 0', 'x 1']);
  });

  it('leaves it what it is when it returns it, as those for GraphQL do', async () => {
    const { app, clock, attempts } = await startListening(
      ({ times }) => {
        if (times === 0) throw new ForbiddenException('broken');
      },
      { providers: [{ provide: APP_FILTER, useClass: Returning }] },
    );
    await app.template.syncSend('t', 'x');
    await app.logger.logged('failed (attempt 1, group g): ForbiddenException: broken');
    await clock.advance(10 * SECOND);
    expect((await attempts.take(2)).map(brief)).toEqual(['x 0', 'x 1']);
  });

  it('leaves that of a guard what it is, too', async () => {
    const { app } = await startListening(() => {}, {
      providers: [
        { provide: APP_FILTER, useClass: HttpOnly },
        { provide: APP_GUARD, useClass: Closed },
      ],
    });
    await app.template.syncSend('t', 'x');
    await app.logger.logged('failed (attempt 1, group g): ForbiddenException');
  });

  it('makes the message consumed when it returns something', async () => {
    const { app, attempts } = await startListening(
      ({ text }) => {
        throw text === 'a' ? new ForbiddenException('dropped') : new Error('other');
      },
      { consumeMode: 'ORDERLY', providers: [{ provide: APP_FILTER, useClass: Drop }] },
    );
    await app.template.syncSendOrderly('t', ['a', 'b'], 'key');
    await app.logger.logged('Error: other');
    expect(attempts.received.map(brief)).toEqual(['a 0', 'b 0']);
  });
});

describe('a listener before which nothing stands', () => {
  /** As the queries of Prisma and Knex are, which are made when someone waits for them. */
  const lazily = (result: () => unknown) => ({
    // oxlint-disable-next-line unicorn/no-thenable -- what is tested
    then: (resolve: (value: unknown) => void, reject: (error: unknown) => void) => {
      try {
        resolve(result());
      } catch (error) {
        reject(error);
      }
    },
  });
  const fail = () => {
    throw new Error('broken');
  };

  it.each([
    ['returned', () => DeadLetter('no')],
    ['promised', async () => DeadLetter('no')],
    ['observed', () => of(DeadLetter('no'))],
    ['observed later', async () => of(DeadLetter('no'))],
    ['of a query', () => lazily(() => DeadLetter('no'))],
  ])('says what becomes of its message by an outcome that is %s', async (_how, handle) => {
    const { app, dead } = await startListening(handle);
    await app.template.syncSend('t', 'x');
    expect((await dead.take()).map(reasonOf)).toEqual(['no']);
  });

  it.each([
    ['thrown', fail],
    ['of a promise', async () => fail()],
    ['of an Observable', () => throwError(() => new Error('broken'))],
    ['of a query', () => lazily(fail)],
  ])('has Nest log an error that is %s, once, and its message comes again', async (_how, handle) => {
    const { app, clock, attempts } = await startListening(({ times }) =>
      times === 0 ? handle() : undefined,
    );
    await app.template.syncSend('t', 'x');
    await app.logger.logged('failed (attempt 1, group g): Error: broken');
    expect(app.logger.lines.filter((line) => line.includes('[ExceptionsHandler]'))).toHaveLength(1);
    await clock.advance(10 * SECOND);
    expect((await attempts.take(2)).map(brief)).toEqual(['x 0', 'x 1']);
  });
});
