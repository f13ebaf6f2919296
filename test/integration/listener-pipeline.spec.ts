import {
  BadRequestException,
  Catch,
  Inject,
  Injectable,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  ValidationPipe,
  type ArgumentMetadata,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import {
  APP_FILTER,
  APP_GUARD,
  APP_INTERCEPTOR,
  APP_PIPE,
  ContextIdFactory,
  REQUEST,
  type ContextId,
  type ContextIdStrategy,
} from '@nestjs/core';
import { IsInt } from 'class-validator';
import { from, map, mergeMap, of, type Observable } from 'rxjs';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  Ack,
  DeadLetter,
  MessageExt,
  ROCKETMQ_CONTEXT_TYPE,
  RocketMQMessageListener,
} from '../../lib/index.js';
import { featureModule, Inbox, listener, startApp } from '../support/nest-app.js';

class Order {
  @IsInt()
  id!: number;
}

/** Keeps messages out whose tag is `bad`. */
class TagGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const [, message] = context.getArgs<[unknown, MessageExt]>();
    return context.getType<string>() === ROCKETMQ_CONTEXT_TYPE && message.tags !== 'bad';
  }
}

describe('a guard', () => {
  it.each([
    ['of the class', [UseGuards(TagGuard)], []],
    ['of the application', [], [{ provide: APP_GUARD, useClass: TagGuard }]],
  ])('%s lets through or counts as a failure', async (_name, decorators, providers) => {
    const [calls, dead] = [new Inbox<string>(), new Inbox<string>()];
    const Listener = listener<string>({ topic: 't', consumerGroup: 'g', maxReconsumeTimes: 0 }, calls.push);
    for (const decorate of decorators) decorate(Listener);
    const app = await startApp({ providers: [Listener, ...providers] });
    await app.template.syncSend('t:bad', 'bad');
    await app.logger.logged('failed (attempt 1, group g): ForbiddenException: Forbidden resource');
    await app.template.syncSend('t:good', 'good');
    expect(await calls.take()).toEqual(['good']);
    await app.close();
    const again = await startApp({
      directory: app.directory,
      providers: [listener<string>({ topic: '%DLQ%g', consumerGroup: 'dead' }, dead.push)],
    });
    expect(await dead.take()).toEqual(['bad']);
    await again.close();
  });
});

describe('a pipe', () => {
  const seen: ArgumentMetadata[] = [];
  class Exclaim implements PipeTransform {
    transform(value: unknown, metadata: ArgumentMetadata): unknown {
      seen.push(metadata);
      return metadata.type === 'body' ? `${String(value)}!` : value;
    }
  }

  it('of a class, a method or the application changes the payload, and sees the message apart', async () => {
    const inbox = new Inbox<unknown[]>();
    @UsePipes(Exclaim)
    @RocketMQMessageListener({ topic: 't', consumerGroup: 'class', messageType: String })
    class ByClass {
      onMessage(text: string, message: MessageExt): void {
        inbox.push(['class', text, message.topic]);
      }
    }
    class ByMethod {
      @UsePipes(Exclaim)
      @RocketMQMessageListener({ topic: 't', consumerGroup: 'method' })
      piped(text: string, message: MessageExt): void {
        inbox.push(['method', text, message.topic]);
      }
      @RocketMQMessageListener({ topic: 't', consumerGroup: 'plain' })
      plain(text: string, message: MessageExt): void {
        inbox.push(['plain', text, message.topic]);
      }
    }
    const app = await startApp({ providers: [ByClass, ByMethod] });
    await app.template.syncSend('t', 'x');
    expect((await inbox.take(3)).toSorted()).toEqual([
      ['class', 'x!', 't'],
      ['method', 'x!', 't'],
      ['plain', 'x', 't'],
    ]);
    expect(seen.filter(({ type }) => type === 'body')).toEqual([
      expect.objectContaining({ metatype: String }),
      expect.objectContaining({ metatype: String }),
    ]);
  });

  it('that validates does so by messageType, and leaves a MessageExt alone', async () => {
    const [orders, messages, untyped] = [new Inbox<Order>(), new Inbox<MessageExt>(), new Inbox()];
    const validation = {
      provide: APP_PIPE,
      useFactory: () =>
        new ValidationPipe({ whitelist: true, transform: true, validateCustomDecorators: true }),
    };
    @RocketMQMessageListener('t', { consumerGroup: 'orders', messageType: Order, maxReconsumeTimes: 0 })
    class OrderListener {
      onMessage(order: Order): void {
        orders.push(order);
      }
    }
    class RawListener {
      @RocketMQMessageListener('t', { consumerGroup: 'raw', messageType: MessageExt })
      handle(message: MessageExt, same: MessageExt): void {
        expect(same).toBe(message);
        messages.push(message);
      }
    }
    @RocketMQMessageListener('t', { consumerGroup: 'untyped' })
    class UntypedListener {
      onMessage(payload: unknown): void {
        untyped.push(payload);
      }
    }
    const app = await startApp({
      providers: [validation, OrderListener, RawListener, UntypedListener],
    });
    await app.template.syncSend('t', { id: 'no number' });
    const line = await app.logger.logged('failed (attempt 1, group orders): BadRequestException');
    expect(line).toContain('id must be an integer number');
    await app.template.syncSend('t', { id: 7, extra: true });
    expect(await orders.take()).toEqual([{ id: 7 }]);
    expect(orders.received[0]).toBeInstanceOf(Order);
    expect(await untyped.take(2)).toContainEqual({ id: 7, extra: true });
    for (const message of await messages.take(2)) {
      expect(message).toBeInstanceOf(MessageExt);
      expect(message.body.toString()).toContain('"id"');
    }
    expect(
      app.logger.lines.filter((line) => line.startsWith('WARN') && !line.includes('group orders')),
    ).toEqual([]);
  });
});

describe('an interceptor', () => {
  class Trace implements NestInterceptor {
    static readonly steps: string[] = [];
    intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
      Trace.steps.push(`before ${context.getClass().name}.${context.getHandler().name}`);
      return next.handle().pipe(
        map((value) => {
          Trace.steps.push('after');
          return value as unknown;
        }),
      );
    }
  }

  it('runs around the handler, and its failure fails the message', async () => {
    Trace.steps.length = 0;
    const inbox = new Inbox<string>();
    class Break implements NestInterceptor {
      intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
        return next.handle().pipe(mergeMap(() => from(Promise.reject(new Error('intercepted')))));
      }
    }
    const Listener = listener<string>({ topic: 't', consumerGroup: 'g' }, (text) => {
      Trace.steps.push('handler');
      inbox.push(text);
    });
    UseInterceptors(Trace)(Listener);
    const Broken = listener({ topic: 'broken', consumerGroup: 'b' }, () => {});
    UseInterceptors(Break)(Broken);
    const app = await startApp({
      providers: [Listener, Broken, { provide: APP_INTERCEPTOR, useValue: new Trace() }],
    });
    await app.template.syncSend('t', 'x');
    await inbox.take();
    await app.template.syncSend('broken', 'x');
    await app.logger.logged('failed (attempt 1, group b): Error: intercepted');
    const before = 'before TestListener.onMessage';
    expect(Trace.steps.slice(0, 5)).toEqual([before, before, 'handler', 'after', 'after']);
  });
});

describe('an interceptor that does not call the listener', () => {
  it('decides by what it returns', async () => {
    const [inbox, dead] = [new Inbox<string>(), new Inbox<string>()];
    class Decide implements NestInterceptor {
      intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
        const [, { tags }] = context.getArgs<[unknown, MessageExt]>();
        if (tags === 'skip') return of(Ack);
        return tags === 'bad' ? of(DeadLetter('bad tag')) : next.handle();
      }
    }
    const Listener = listener<string>({ topic: 't', consumerGroup: 'g' }, inbox.push);
    UseInterceptors(Decide)(Listener);
    const app = await startApp({
      providers: [Listener, listener<string>({ topic: '%DLQ%g', consumerGroup: 'dead' }, dead.push)],
    });
    for (const tag of ['skip', 'bad', 'good']) await app.template.syncSendOrderly(`t:${tag}`, tag, 'key');
    expect(await inbox.take()).toEqual(['good']);
    expect(await dead.take()).toEqual(['bad']);
  });
});

describe('an exception filter', () => {
  @Catch(BadRequestException)
  class GiveUp implements ExceptionFilter {
    static readonly caught = new Inbox<string>();
    catch(error: BadRequestException): string {
      GiveUp.caught.push(error.message);
      return 'consumed';
    }
  }

  it.each([
    ['of the class', [UseFilters(GiveUp)], []],
    ['of the application', [], [{ provide: APP_FILTER, useClass: GiveUp }]],
  ])(
    '%s that returns makes the message consumed; other errors go on',
    async (_name, decorators, providers) => {
      GiveUp.caught.received.length = 0;
      const Listener = listener<string>({ topic: 't', consumerGroup: 'g' }, (text) => {
        throw text === 'bad' ? new BadRequestException('bad request') : new Error('other');
      });
      for (const decorate of decorators) decorate(Listener);
      const app = await startApp({ providers: [Listener, ...providers] });
      await app.template.syncSend('t', 'bad');
      expect(await GiveUp.caught.take()).toEqual(['bad request']);
      await app.template.syncSend('t', 'x');
      await app.logger.logged('failed (attempt 1, group g): Error: other');
      expect(app.logger.lines.filter((line) => line.includes('(attempt 1'))).toHaveLength(1);
    },
  );
});

describe('a listener of request scope', () => {
  it('is a new instance for every message, which can inject it', async () => {
    const inbox = new Inbox<[number, string, boolean]>();
    let instances = 0;
    @Injectable({ scope: Scope.REQUEST })
    class RequestLog {
      constructor(@Inject(REQUEST) readonly message: MessageExt) {}
    }
    @Injectable()
    @RocketMQMessageListener({ topic: 't' })
    class ScopedListener {
      private readonly instance = ++instances;
      constructor(private readonly log: RequestLog) {}
      onMessage(text: string, message: MessageExt): void {
        inbox.push([this.instance, text, this.log.message === message]);
      }
    }
    const app = await startApp({ providers: [RequestLog, ScopedListener] });
    for (const text of ['a', 'b', 'c']) await app.template.syncSendOrderly('t', text, 'key');
    const received = await inbox.take(3);
    expect(new Set(received.map(([instance]) => instance)).size).toBe(3);
    expect(received.map(([, text]) => text).toSorted()).toEqual(['a', 'b', 'c']);
    for (const [, , isMessage] of received) expect(isMessage).toBe(true);
    expect(instances).toBe(3);
  });

  it('that is durable is one instance for all messages of a tenant', async () => {
    const tenants = new Map<string, ContextId>();
    const strategy: ContextIdStrategy<MessageExt> = {
      attach(contextId, message) {
        const tenant = message.getProperty('tenant')!;
        const ofTenant = tenants.get(tenant) ?? contextId;
        tenants.set(tenant, ofTenant);
        return {
          payload: { tenant },
          resolve: ({ isTreeDurable }) => (isTreeDurable === true ? ofTenant : contextId),
        };
      },
    };
    ContextIdFactory.apply(strategy);
    onTestFinished(() => ContextIdFactory.apply(undefined as never));
    const inbox = new Inbox<string>();
    @Injectable({ scope: Scope.REQUEST, durable: true })
    @RocketMQMessageListener({ topic: 't' })
    class TenantListener {
      private calls = 0;
      constructor(@Inject(REQUEST) private readonly request: { readonly tenant: string }) {}
      onMessage(text: string): void {
        inbox.push(`${text} ${this.request.tenant} ${++this.calls}`);
      }
    }
    const app = await startApp({ providers: [TenantListener] });
    for (const [index, tenant] of ['a', 'b', 'a'].entries()) {
      await app.template.syncSend('t', `${index}`, { properties: { tenant } });
      await inbox.take(index + 1);
    }
    expect(inbox.received).toEqual(['0 a 1', '1 b 1', '2 a 2']);
  });

  it('has its pipes, and its failures count', async () => {
    const inbox = new Inbox<string>();
    class Upper implements PipeTransform {
      transform(value: unknown): unknown {
        return typeof value === 'string' ? value.toUpperCase() : value;
      }
    }
    @UsePipes(Upper)
    @Injectable({ scope: Scope.REQUEST })
    @RocketMQMessageListener({ topic: 't', consumerGroup: 'g' })
    class ScopedListener {
      async onMessage(text: string): Promise<void> {
        inbox.push(text);
        throw new Error('scoped');
      }
    }
    const app = await startApp({ providers: [ScopedListener] });
    await app.template.syncSend('t', 'x');
    await app.logger.logged('failed (attempt 1, group g): Error: scoped');
    expect(inbox.received).toEqual(['X']);
  });

  it('is of its own module where another one has a provider of the same token', async () => {
    const inbox = new Inbox<string>();
    const moduleOf = (group: string) => {
      @Injectable({ scope: Scope.REQUEST })
      @RocketMQMessageListener({ topic: 't', consumerGroup: group })
      class ScopedListener {
        onMessage(): void {
          inbox.push(`${group} ${this.group}`);
        }
        private readonly group = group;
      }
      return featureModule({ providers: [{ provide: 'listener', useClass: ScopedListener }] });
    };
    const app = await startApp({ imports: [moduleOf('a'), moduleOf('b')] });
    await app.template.syncSend('t', 'x');
    expect((await inbox.take(2)).toSorted()).toEqual(['a a', 'b b']);
  });

  it('of transient scope is constructed too', async () => {
    const inbox = new Inbox<string>();
    @Injectable()
    class Prefix {
      readonly text = 'got';
    }
    @Injectable({ scope: Scope.TRANSIENT })
    @RocketMQMessageListener({ topic: 't' })
    class TransientListener {
      constructor(private readonly prefix: Prefix) {}
      onMessage(text: string): void {
        inbox.push(`${this.prefix.text} ${text}`);
      }
    }
    const app = await startApp({ providers: [Prefix, TransientListener] });
    await app.template.syncSend('t', 'x');
    expect(await inbox.take()).toEqual(['got x']);
  });
});
