import {
  Body,
  Controller,
  createParamDecorator,
  Injectable,
  ParseIntPipe,
  Query,
  Scope,
  UseGuards,
  ValidationPipe,
  type ExecutionContext,
} from '@nestjs/common';
import { APP_PIPE } from '@nestjs/core';
import { IsInt } from 'class-validator';
import { describe, expect, it } from 'vitest';
import {
  ConfigurationError,
  MessageExt,
  RocketMQAttempt,
  RocketMQDeadLetterListener,
  RocketMQHeader,
  RocketMQKeys,
  RocketMQMessageListener,
} from '../../lib/index.js';
import { createApp, Inbox, startApp } from '../support/nest-app.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

class Order {
  @IsInt()
  id!: number;
}

const Topic = createParamDecorator((prefix: string, context: ExecutionContext) => {
  const [, message] = context.getArgs<[unknown, MessageExt]>();
  return `${prefix}${message.topic}`;
});

describe('a parameter of a listener', () => {
  it('is that of its class, whatever class has the same name', async () => {
    const inbox = new Inbox<unknown[]>();
    const listenerOf = (group: string, name: 'tenant' | 'region') => {
      @RocketMQMessageListener({ topic: 't', consumerGroup: group })
      class OrderListener {
        onMessage(@RocketMQHeader(name) value: string): void {
          inbox.push([group, value]);
        }
      }
      return OrderListener;
    };
    const app = await startApp({ providers: [listenerOf('a', 'tenant'), listenerOf('b', 'region')] });
    await app.template.syncSend('t', 'x', { properties: { tenant: 'shop', region: 'EU' } });
    await inbox.take(2);
    expect(inbox.received.toSorted()).toEqual([
      ['a', 'shop'],
      ['b', 'EU'],
    ]);
  });

  it('gets what its decorator says, and without one what its position says', async () => {
    const inbox = new Inbox<unknown[]>();
    @Injectable()
    class Warehouse {
      private readonly name = 'warehouse';
      @RocketMQMessageListener('t', { consumerGroup: 'a' })
      reserve(
        order: object,
        @RocketMQHeader('tenant') tenant: string | undefined,
        @RocketMQKeys() keys: string[],
        @RocketMQAttempt() attempt: number,
        @Topic('of ') topic: string,
      ): void {
        inbox.push([this.name, order, tenant, keys, attempt, topic]);
      }
      @RocketMQMessageListener('t', { consumerGroup: 'b' })
      count(
        @RocketMQHeader('amount', ParseIntPipe) amount: number,
        message: MessageExt,
        { signal }: { signal: AbortSignal },
        @RocketMQHeader('none') none: string | undefined,
      ): void {
        inbox.push(['count', amount, message.topic, signal.aborted, none]);
      }
    }
    const app = await startApp({ providers: [Warehouse] });
    await app.template.syncSend(
      't',
      { id: 1 },
      { keys: ['k', 'l'], properties: { tenant: 'shop', amount: '7' } },
    );
    await inbox.take(2);
    expect(inbox.received).toContainEqual(['warehouse', { id: 1 }, 'shop', ['k', 'l'], 1, 'of t']);
    expect(inbox.received).toContainEqual(['count', 7, 't', false, undefined]);
  });

  it('of a batch is an array, and of a message without keys an empty one', async () => {
    const inbox = new Inbox<unknown[]>();
    class Imports {
      @RocketMQMessageListener({ topic: 't', batch: { size: 2, lingerMs: 60_000 } })
      add(
        texts: string[],
        @RocketMQHeader('n') n: unknown,
        @RocketMQKeys() keys: unknown,
        @RocketMQAttempt() attempts: unknown,
      ): void {
        inbox.push([texts, n, keys, attempts]);
      }
    }
    const app = await startApp({ clock: new VirtualClock(), providers: [Imports] });
    await app.template.syncSendOrderly('t', 'a', 'key', { properties: { n: '1' } });
    await app.template.syncSendOrderly('t', 'b', 'key', { keys: 'k' });
    expect(await inbox.take()).toEqual([
      [
        ['a', 'b'],
        ['1', undefined],
        [[], ['k']],
        [1, 1],
      ],
    ]);
  });

  it('counts attempts anew in a dead-letter listener', async () => {
    const clock = new VirtualClock();
    const inbox = new Inbox<string>();
    class Orders {
      @RocketMQMessageListener('t', {
        consumerGroup: 'g',
        delayLevelWhenNextConsume: 1,
        maxReconsumeTimes: 1,
      })
      handle(_text: string, @RocketMQAttempt() attempt: number): void {
        inbox.push(`alive ${attempt}`);
        throw new Error('not yet');
      }
      @RocketMQDeadLetterListener('g')
      bury(_text: string, @RocketMQAttempt() attempt: number): void {
        inbox.push(`dead ${attempt}`);
      }
    }
    const app = await startApp({ clock, providers: [Orders] });
    await app.template.syncSend('t', 'x');
    await inbox.take();
    await settle(20);
    await clock.advance(1000);
    await inbox.take(2);
    await settle(20);
    // The topic of the dead messages is new: their listener looks for it now and then.
    await clock.advanceUntil(() => inbox.received.length === 3, 120_000);
    expect(inbox.received).toEqual(['alive 1', 'alive 2', 'dead 1']);
  });

  it('leaves validation and request scope as they are', async () => {
    const inbox = new Inbox<unknown[]>();
    @Injectable({ scope: Scope.REQUEST })
    class Scoped {
      @RocketMQMessageListener('t', { consumerGroup: 'g', messageType: Order })
      handle(order: Order, @RocketMQHeader('tenant') tenant: string): void {
        inbox.push([order, tenant]);
      }
    }
    const validation = { provide: APP_PIPE, useFactory: () => new ValidationPipe({ transform: true }) };
    const app = await startApp({ providers: [validation, Scoped] });
    await app.template.syncSend('t', { id: 'no number' });
    await app.logger.logged('failed (attempt 1, group g): BadRequestException');
    await app.template.syncSend('t', { id: 7 }, { properties: { tenant: 'shop' } });
    expect(await inbox.take()).toEqual([[{ id: 7 }, 'shop']]);
    expect((inbox.received[0] as unknown[])[0]).toBeInstanceOf(Order);
  });

  it('is validated by its messageType where the method is of a base class for any type', async () => {
    abstract class Base<T> {
      @UseGuards({ canActivate: () => true })
      onMessage(_payload: T): void {}
    }
    @RocketMQMessageListener('t', { consumerGroup: 'g', messageType: Order })
    class Orders extends Base<Order> {}
    const app = await startApp({
      providers: [{ provide: APP_PIPE, useFactory: () => new ValidationPipe() }, Orders],
    });
    await app.template.syncSend('t', { id: 'no number' });
    await app.logger.logged('failed (attempt 1, group g): BadRequestException');
  });

  it('may be the @Body() of a route, but nothing else of HTTP', async () => {
    const inbox = new Inbox<unknown>();
    @Controller()
    class Both {
      @RocketMQMessageListener('t')
      handle(@RocketMQHeader('tenant') tenant: string, @Body() order: object): void {
        inbox.push([tenant, order]);
      }
    }
    const app = await startApp({ controllers: [Both] });
    await app.template.syncSend('t', { id: 1 }, { properties: { tenant: 'shop' } });
    expect(await inbox.take()).toEqual([['shop', { id: 1 }]]);

    class Wrong {
      @RocketMQMessageListener('t')
      handle(_order: object, @Query() _query: object): void {}
    }
    class Part {
      @RocketMQMessageListener('t')
      handle(@Body('id') _id: number): void {}
    }
    for (const [provider, text] of [
      [
        Wrong,
        'Parameter 2 of listener Wrong.handle has a decorator that means something in controllers only',
      ],
      [Part, 'Parameter 1 of listener Part.handle'],
    ] as const) {
      const error: unknown = await createApp({ providers: [provider] })
        .then((wrong) => wrong.start())
        .catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ConfigurationError);
      expect((error as Error).message).toContain(text);
    }
  });
});
