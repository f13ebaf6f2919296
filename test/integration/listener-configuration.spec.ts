import { applyDecorators, Injectable, Scope, type Type } from '@nestjs/common';
import { describe, expect, it, vi } from 'vitest';
import {
  ConfigurationError,
  Idempotent,
  RocketMQListenerRegistry,
  RocketMQMessageListener,
  RocketMQReplyListener,
  type RocketMQConsumerOptions,
  type RocketMQConsumerSettings,
  type RocketMQListenerTarget,
  type RocketMQMessageListenerOptions,
} from '../../lib/index.js';
import { createApp, Inbox, listener, startApp } from '../support/nest-app.js';

async function refused(provider: Type, consumer: RocketMQConsumerOptions, text: string): Promise<void> {
  const app = await createApp({ rocketmq: { consumer }, providers: [provider] });
  const error = await app.start().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConfigurationError);
  expect((error as Error).message).toContain(text);
}

describe('a listener enhancer', () => {
  it('changes options before they count, after one another, and cannot change those of the class', async () => {
    const targets: RocketMQListenerTarget[] = [];
    const inbox = new Inbox<string>();
    @Injectable()
    class Warehouse {
      @RocketMQMessageListener({ topic: 'orders' })
      reserve(text: string): void {
        inbox.push(text);
      }
    }
    const run = async (prefix: string) => {
      const app = await startApp({
        rocketmq: {
          consumer: {
            listenerEnhancers: [
              (options, target) => {
                targets.push(target);
                options.consumerGroup = 'g';
                return options;
              },
              (options) => ({ ...options, topic: `${prefix}_${options.topic as string}` }),
            ],
          },
        },
        providers: [Warehouse],
      });
      await app.template.syncSend(`${prefix}_orders`, prefix);
      expect((await inbox.take()).splice(0)).toEqual([prefix]);
      expect((await app.broker().then((broker) => broker.consumerIds('g')))!).toHaveLength(1);
    };
    await run('a');
    await run('b');
    expect(targets[0]).toEqual({ type: Warehouse, method: 'reserve' });
  });

  it('sees replying listeners too, and can switch listeners off', async () => {
    @RocketMQReplyListener('prices')
    class PriceListener {
      onMessage(): void {}
    }
    const seen: unknown[] = [];
    const app = await startApp({
      rocketmq: {
        consumer: {
          listenerEnhancers: [
            (options, { method }) => {
              seen.push([options.reply, method]);
              return { ...options, enabled: false };
            },
          ],
        },
      },
      providers: [PriceListener],
    });
    expect(seen).toEqual([[true, 'onMessage']]);
    expect(app.module.get(RocketMQListenerRegistry, { strict: false }).list()).toEqual([]);
  });

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['orders', 'orders'],
    ['[object Promise]', Promise.resolve({})],
  ])('that returns %s is refused', async (shown, returned) => {
    const consumer = { listenerEnhancers: [() => returned as never] };
    const text = `A listener enhancer returned ${shown} for TestListener.onMessage; allowed: the options`;
    await refused(
      listener({ topic: 't' }, () => {}),
      consumer,
      text,
    );
  });

  it('that is no function is refused, and so is what it makes of the options', async () => {
    const Listener = listener({ topic: 't' }, () => {});
    const created = createApp({ rocketmq: { consumer: { listenerEnhancers: ['x' as never] } } });
    await expect(created).rejects.toThrow('consumer.listenerEnhancers is x; allowed: an array of functions');
    const wrong = (options: RocketMQMessageListenerOptions) => ({ ...options, consumeThreadNumber: 0 });
    await refused(Listener, { listenerEnhancers: [wrong] }, '.consumeThreadNumber is 0; allowed: an integer');
  });
});

describe('a decorator', () => {
  it('may be made of others', async () => {
    const calls = new Inbox<string>();
    const OrderListener = (selectorExpression: string) =>
      applyDecorators(
        RocketMQMessageListener({ topic: 'orders', consumerGroup: selectorExpression, selectorExpression }),
        Idempotent({ key: (text: string) => text, store: 'MEMORY' }),
        Injectable(),
      );
    @OrderListener('paid')
    class Paid {
      onMessage(text: string): void {
        calls.push(text);
      }
    }
    const app = await startApp({ providers: [Paid] });
    for (const text of ['a', 'a', 'b']) await app.template.syncSendOrderly('orders:paid', text, 'key');
    await calls.take(2);
    const registry = app.module.get(RocketMQListenerRegistry, { strict: false });
    await registry.get('paid').stop();
    expect(calls.received.toSorted()).toEqual(['a', 'b']);
  });

  it('is inherited, unless the class has one of its own', async () => {
    const inbox = new Inbox<string>();
    @RocketMQMessageListener({ topic: 'base' })
    abstract class Base {
      onMessage(text: string): void {
        inbox.push(`${this.constructor.name} ${text}`);
      }
    }
    @Injectable()
    class Heir extends Base {}
    @RocketMQMessageListener({ topic: 'own' })
    class Own extends Base {}
    const app = await startApp({ providers: [Heir, Own] });
    await app.template.syncSend('base', '1');
    await app.template.syncSend('own', '2');
    expect((await inbox.take(2)).toSorted()).toEqual(['Heir 1', 'Own 2']);
  });
});

describe('prepareStart', () => {
  it('sets options of the consumer, with what the listener injects, once for each of its groups', async () => {
    const prepared: (number | undefined)[] = [];
    @Injectable()
    class Limits {
      async concurrency(): Promise<number> {
        return 3;
      }
    }
    @Injectable()
    class Warehouse {
      constructor(private readonly limits: Limits) {}
      async prepareStart(consumer: RocketMQConsumerSettings): Promise<void> {
        prepared.push(consumer.consumeThreadNumber);
        consumer.consumeThreadNumber = await this.limits.concurrency();
      }
      @RocketMQMessageListener({ topic: 'a', consumerGroup: 'g', consumeThreadNumber: 7 })
      a(): void {}
      @RocketMQMessageListener({ topic: 'b', consumerGroup: 'g' })
      b(): void {}
      @RocketMQMessageListener({ topic: 'b', consumerGroup: 'h' })
      c(): void {}
    }
    const app = await startApp({ providers: [Limits, Warehouse] });
    const registry = app.module.get(RocketMQListenerRegistry, { strict: false });
    expect(registry.list().map(({ group, concurrency }) => [group, concurrency])).toEqual([
      ['g', 3],
      ['h', 3],
    ]);
    expect(prepared).toEqual([7, undefined]);
  });

  const preparing = (change: (consumer: Record<string, unknown>) => void): Type => {
    @RocketMQMessageListener({ topic: 't' })
    class Prepared {
      onMessage(): void {}
      prepareStart(consumer: RocketMQConsumerSettings): void {
        change(consumer as Record<string, unknown>);
      }
    }
    return Prepared;
  };

  it.each<[string, unknown, string]>([
    [
      'consumeThreadNumber',
      0,
      'Prepared.prepareStart.consumeThreadNumber is 0; allowed: an integer from 1 to 1000',
    ],
    [
      'messageModel',
      'BROADCASTING',
      'Prepared.prepareStart.messageModel is not an option; there are: consumeFromWhere, ',
    ],
    ['topic', 'other', 'Prepared.prepareStart.topic is not an option'],
  ])('cannot set %s to %j', async (name, value, text) => {
    await refused(
      preparing((consumer) => (consumer[name] = value)),
      {},
      text,
    );
  });

  it('that throws ends the start', async () => {
    const app = await createApp({
      providers: [
        preparing(() => {
          throw new Error('no limits');
        }),
      ],
    });
    await expect(app.start()).rejects.toThrow('no limits');
  });

  it('needs an instance', async () => {
    @Injectable({ scope: Scope.REQUEST })
    @RocketMQMessageListener({ topic: 't' })
    class Scoped {
      onMessage(): void {}
      prepareStart(): void {}
    }
    await refused(Scoped, {}, 'Scoped has prepareStart, which is called when the application starts');
  });
});

describe('a consumeTimestamp that would mean nothing', () => {
  const timed = (options: object): Type => listener({ topic: 't', consumerGroup: 'g', ...options }, () => {});
  const from = 'CONSUME_FROM_FIRST_OFFSET';
  @RocketMQMessageListener({ topic: 't', consumerGroup: 'g' })
  class Prepared {
    onMessage(): void {}
    prepareStart(consumer: RocketMQConsumerSettings): void {
      consumer.consumeTimestamp = 7;
    }
  }

  it.each<[string, Type, RocketMQConsumerOptions]>([
    ['of the listener', timed({ consumeTimestamp: 7 }), {}],
    ['beside another beginning', timed({ consumeTimestamp: 7, consumeFromWhere: from }), {}],
    ['beside that of the module', timed({ consumeTimestamp: 7 }), { consumeFromWhere: from }],
    ['of prepareStart', Prepared, {}],
  ])('ends the start: %s', (_, provider, consumer) =>
    refused(provider, consumer, 'Consumer group "g" has a consumeTimestamp, which means something with'),
  );

  @RocketMQMessageListener({ topic: 't', consumerGroup: 'g' })
  class Cleared {
    onMessage(): void {}
    prepareStart(consumer: RocketMQConsumerSettings): void {
      consumer.consumeTimestamp = undefined;
    }
  }

  it.each<[string, Type]>([
    ['another one', timed({ consumeFromWhere: from })],
    ['none', timed({})],
    ['that it has none', Cleared],
  ])('does not where that of the module is for others, and a group says %s', async (_, provider) => {
    const Timed = listener(
      { topic: 't', consumerGroup: 'h', consumeFromWhere: 'CONSUME_FROM_TIMESTAMP' },
      () => {},
    );
    await startApp({ rocketmq: { consumer: { consumeTimestamp: 7 } }, providers: [provider, Timed] });
  });
});

describe('offsetStore', () => {
  it('that is none ends the start', async () => {
    const Broken = listener({ topic: 't', consumerGroup: 'g', offsetStore: () => ({}) as never }, () => {});
    await refused(
      Broken,
      {},
      'The offsetStore of group g lacks load, updateOffset, memoryOffset, readOffset, persistAll',
    );
  });

  it('is asked for each group, and what it cannot load ends the start', async () => {
    const groups: string[] = [];
    const offsetStore = (group: string) => {
      groups.push(group);
      const store = { updateOffset() {}, memoryOffset() {}, readOffset() {}, persistAll() {}, persist() {} };
      const load = () => Promise.reject(new Error('the database is down'));
      return { ...store, removeOffset() {}, load } as never;
    };
    const app = await createApp({
      rocketmq: { consumer: { offsetStore } },
      providers: [
        listener({ topic: 't', consumerGroup: 'g' }, () => {}),
        listener({ topic: 't', consumerGroup: 'h' }, () => {}),
      ],
    });
    await expect(app.start()).rejects.toThrow('the database is down');
    expect(groups).toEqual(['g', 'h']);
  });
});

describe('a listener with decorators of another copy of the package', () => {
  const other = async () => {
    vi.resetModules();
    return import('../../lib/index.js');
  };

  it.each(['of a class', 'of a method', 'of transactions'])('is refused, %s', async (kind) => {
    const copy = await other();
    class Listener {
      onMessage(): unknown {
        return copy.Retry();
      }
      checkLocalTransaction(): void {}
    }
    const decorator = copy.RocketMQMessageListener('t');
    const { prototype } = Listener;
    const descriptor = Object.getOwnPropertyDescriptor(prototype, 'onMessage')!;
    if (kind === 'of a class') decorator(Listener);
    else if (kind === 'of a method') decorator(prototype, 'onMessage', descriptor);
    else copy.RocketMQTransactionListener()(Listener);
    await refused(Listener, {}, 'from another copy of nestjs-rocketmq');
  });
});
