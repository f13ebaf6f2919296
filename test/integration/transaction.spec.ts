import {
  Controller,
  Injectable,
  Scope,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  ConfigurationError,
  GenericMessage,
  MQClientError,
  MessageBuilder,
  RocketMQHeaders,
  RocketMQTransactionListener,
  TransactionUnknownError,
  type RocketMQLocalTransactionListener,
  type RocketMQLocalTransactionState,
  type RocketMQTransactionListenerOptions,
  type RocketMQTransactionOptions,
} from '../../lib/index.js';
import { RocketMQConnection } from '../../lib/rocketmq.connection.js';
import { createApp, startApp, type TestApp } from '../support/nest-app.js';
import { DISCARDED_TOPIC, OP_TOPIC } from '../support/transactions.js';

/** Checks come soon; producers are known after a second. */
const engine = { transactionCheckInterval: 100, transactionTimeOut: 100, transactionCheckMax: 1000 };

/** Others reach the engine. */
const LISTEN = { nameServerPort: 0, listenPort: 0 };

/** Nothing is checked, so that what is noted as ended was ended by its producer. */
const unchecked = { transactionOpBatchInterval: 100 };

interface Seen {
  readonly method: 'execute' | 'check';
  readonly payload: unknown;
  readonly arg?: unknown;
  readonly headers: ReadonlyMap<string, unknown>;
}

/** A listener class whose answers a test gives. */
function transactionListener(
  options?: RocketMQTransactionListenerOptions,
  answers: Partial<Record<'execute' | 'check', () => unknown>> = {},
) {
  const seen: Seen[] = [];
  const stateOf = (method: 'execute' | 'check') =>
    (answers[method]?.() ?? 'COMMIT') as RocketMQLocalTransactionState;
  @RocketMQTransactionListener(options)
  @Injectable()
  class OrderTransactions implements RocketMQLocalTransactionListener {
    async executeLocalTransaction({ payload, headers }: GenericMessage, arg: unknown) {
      seen.push({ method: 'execute', payload, arg, headers });
      return stateOf('execute');
    }
    checkLocalTransaction({ payload, headers }: GenericMessage) {
      seen.push({ method: 'check', payload, headers });
      return stateOf('check');
    }
  }
  return { type: OrderTransactions, seen };
}

const stored = async (app: TestApp, topic: string) =>
  (await app.stored(topic)).map(({ body }) => body.toString());

const fail = () => {
  throw new Error('the database is away');
};

describe('a check', () => {
  it('does not reach the listener before the application has started', async () => {
    const { type, seen } = transactionListener();
    const other = await startApp();
    await other.template.syncSend('orders', 'x');
    const [message] = await other.stored('orders');
    const states: string[] = [];
    @Injectable()
    class Slow implements OnModuleInit, OnApplicationBootstrap {
      constructor(readonly connection: RocketMQConnection) {}
      onModuleInit = () => this.check();
      onApplicationBootstrap = () => this.check();
      async check(): Promise<void> {
        states.push(await this.connection.transactions.checkLocalTransaction(message!));
      }
    }
    const app = await startApp({ providers: [type, Slow] });
    expect(states).toEqual(['UNKNOW', 'UNKNOW']);
    expect(seen).toEqual([]);
    await app.module.get(Slow).check();
    expect(states[2]).toBe('COMMIT_MESSAGE');
  });
});

it.each([
  ['others reach the engine', { listen: LISTEN }, undefined, 1],
  ['the group is named', { listen: LISTEN }, 'shop', 0],
  ['nobody else is there', {}, undefined, 0],
])('a start where %s warns of strangers in the group as it should', async (_, own, group, count) => {
  const { type } = transactionListener();
  const app = await startApp({ providers: [type], rocketmq: { engine: own, producer: { group } } });
  const warnings = app.logger.lines.filter((line) => line.includes('set producer.group'));
  expect(warnings).toHaveLength(count);
});

describe('sendMessageInTransaction', () => {
  it('finds a listener that is a controller', async () => {
    const { type, seen } = transactionListener();
    Controller()(type);
    const app = await startApp({ controllers: [type], rocketmq: { engine } });
    await app.template.sendMessageInTransaction('orders', 'x', undefined);
    expect(seen).toHaveLength(1);
  });

  it('delivers what the listener commits', async () => {
    const { type, seen } = transactionListener();
    const app = await startApp({ providers: [type], rocketmq: { engine } });
    const order = { id: 7 };
    const message = MessageBuilder.withPayload(order)
      .setHeader(RocketMQHeaders.KEYS, '7')
      .setHeader('own', 'x')
      .setHeader('rocketmq_TAGS', 'open')
      .setHeader('rocketmq_TOPIC', 'other')
      .setHeader('rocketmq_UNIQ_KEY', 'other')
      .build();
    const result = await app.template.sendMessageInTransaction('orders:paid', message, 42);
    expect(result).toMatchObject({ sendStatus: 'SEND_OK', localTransactionState: 'COMMIT_MESSAGE' });
    expect(seen).toEqual([{ method: 'execute', payload: order, arg: 42, headers: expect.any(Map) }]);
    expect(Object.fromEntries(seen[0]!.headers)).toMatchObject({
      rocketmq_TOPIC: 'orders',
      rocketmq_TAGS: 'paid',
      rocketmq_KEYS: '7',
      rocketmq_FLAG: 0,
      rocketmq_TRANSACTION_ID: result.transactionId,
      own: 'x',
    });
    expect(seen[0]!.headers.has('rocketmq_UNIQ_KEY')).toBe(false);
    await expect.poll(() => stored(app, 'orders')).toHaveLength(1);
    const [delivered] = await app.stored('orders');
    expect(delivered).toMatchObject({ tags: 'paid', keys: '7', msgId: result.msgId });
    expect(delivered!.getProperty('TRANSACTION_LISTENER')).toBe('OrderTransactions');
  });

  it('takes back what the listener rolls back', async () => {
    const { type } = transactionListener({}, { execute: () => 'ROLLBACK' });
    const app = await startApp({ providers: [type], rocketmq: { engine: unchecked } });
    const result = await app.template.sendMessageInTransaction('orders', 'x');
    expect(result.localTransactionState).toBe('ROLLBACK_MESSAGE');
    await app.template.syncSend('orders', 'y');
    await expect.poll(() => stored(app, OP_TOPIC)).toEqual(['0,']);
    expect(await stored(app, 'orders')).toEqual(['y']);
  });

  it.each([
    ['fails', fail],
    ['does not know', () => 'UNKNOWN'],
    ['returns nonsense', () => 'COMMITTED'],
  ])('asks later when the listener %s, and as long as it does', async (name, answer) => {
    let checks = 0;
    const check = () => (++checks < 3 ? answer() : 'COMMIT');
    const { type, seen } = transactionListener({}, { execute: answer, check });
    const app = await startApp({ providers: [type], rocketmq: { engine } });
    const result = await app.template.sendMessageInTransaction('orders', { id: 1 });
    expect(result.localTransactionState).toBe('UNKNOW');
    await expect.poll(() => stored(app, 'orders'), { timeout: 10_000 }).toEqual(['{"id":1}']);
    expect(seen.map(({ method }) => method)).toEqual(['execute', 'check', 'check', 'check']);
    expect(seen[1]!.payload).toEqual({ id: 1 });
    expect(Object.fromEntries(seen[1]!.headers)).toMatchObject({
      rocketmq_MESSAGE_ID: result.msgId,
      rocketmq_TRANSACTION_ID: result.transactionId,
      rocketmq_TOPIC: 'orders',
    });
    const hasError = app.logger.lines.some((line) => line.includes('ERROR') && line.includes(result.msgId));
    expect(hasError).toBe(name !== 'does not know');
  });

  it('does not ask the listener while the local transaction runs here', async () => {
    let end: (state: string) => void = () => {};
    const execute = () => new Promise((resolve) => (end = resolve));
    const { type, seen } = transactionListener({}, { execute, check: () => 'ROLLBACK' });
    const app = await startApp({ providers: [type], rocketmq: { engine } });
    const result = app.template.sendMessageInTransaction('orders', 'x');
    const checkTimes = async () => (await app.stored('RMQ_SYS_TRANS_HALF_TOPIC')).length;
    // By then producers are known, and the broker has asked several times.
    await expect.poll(checkTimes, { timeout: 10_000 }).toBeGreaterThan(20);
    expect(seen.map(({ method }) => method)).toEqual(['execute']);
    // From here on a question that is on its way may reach the listener.
    end('COMMIT');
    await result;
    await expect.poll(() => stored(app, 'orders')).toEqual(['x']);
  });

  it('finds the listener by topic, by name, or takes that without topics', async () => {
    const orders = transactionListener({ name: 'orders', topics: ['orders', 'invoices'] });
    const named = transactionListener({ name: 'named', topics: ['nothing'] });
    const others = transactionListener({ name: 'others' });
    const app = await startApp({
      providers: [orders.type, named.type, others.type].map((type, i) => ({
        provide: `${i}`,
        useClass: type,
      })),
      rocketmq: { engine },
    });
    await app.template.sendMessageInTransaction('invoices:a', '1');
    await app.template.sendMessageInTransaction('orders', '2', undefined, { listener: 'named' });
    await app.template.sendMessageInTransaction('whatever', '3');
    expect([orders, named, others].map(({ seen }) => seen.map(({ payload }) => payload))).toEqual([
      ['1'],
      ['2'],
      ['3'],
    ]);
    await expect.poll(() => stored(app, 'orders')).toEqual(['2']);
    const [message] = await app.stored('orders');
    expect(message!.getProperty('TRANSACTION_LISTENER')).toBe('named');
    await expect(
      app.template.sendMessageInTransaction('orders', 'x', undefined, { listener: 'nobody' }),
    ).rejects.toThrow(
      'transaction listener is that "nobody" for topic "orders" (there are orders, named, others)',
    );
  });

  it('stores nothing without a listener', async () => {
    const app = await startApp({ rocketmq: { engine } });
    const sent = app.template.sendMessageInTransaction('orders', 'x');
    await expect(sent).rejects.toThrow(MQClientError);
    await expect(sent).rejects.toThrow('add a provider with @RocketMQTransactionListener');
    expect(await app.stored('RMQ_SYS_TRANS_HALF_TOPIC')).toEqual([]);
  });

  it('refuses a delay, for which there is no option', async () => {
    const { type } = transactionListener();
    const app = await startApp({ providers: [type], rocketmq: { engine } });
    type Delay = Extract<keyof RocketMQTransactionOptions, 'delayLevel' | 'delay' | 'deliverAt'>;
    expectTypeOf<Delay>().toBeNever();
    const timed = app.template.sendMessageInTransaction('orders', 'x', 0, { delay: '1s' } as object);
    await expect(timed).rejects.toThrow('can not have a time of its own (delay, deliverAt)');
    const options = { delayLevel: 3 } as object;
    const text = 'A message of a transaction can not be delayed (delayLevel 3)';
    await expect(app.template.sendMessageInTransaction('orders', 'x', 0, options)).rejects.toThrow(text);
    await expect(app.template.transaction('orders', 'x', fail, options)).rejects.toThrow(text);
  });

  it('is checked by an application that is started later', async () => {
    const first = transactionListener({}, { execute: () => 'UNKNOWN', check: () => 'UNKNOWN' });
    const before = await startApp({ providers: [first.type], rocketmq: { engine } });
    await before.template.sendMessageInTransaction('orders', 'x');
    await before.close();
    const second = transactionListener();
    const { directory } = before;
    const after = await startApp({ directory, providers: [second.type], rocketmq: { engine } });
    await expect.poll(() => stored(after, 'orders'), { timeout: 10_000 }).toEqual(['x']);
    expect(second.seen.map(({ method }) => method)).toEqual(['check']);
  });
});

describe('transaction', () => {
  it('delivers when the work returns, and returns what it returned', async () => {
    const { type, seen } = transactionListener();
    const app = await startApp({ providers: [type], rocketmq: { engine } });
    const result = await app.template.transaction('orders', { id: 1 }, async ({ payload }) => {
      expect(await stored(app, 'orders')).toEqual([]);
      return payload;
    });
    expect(result).toMatchObject({ value: { id: 1 }, localTransactionState: 'COMMIT_MESSAGE' });
    await expect.poll(() => stored(app, 'orders')).toEqual(['{"id":1}']);
    expect(seen).toEqual([]);
  });

  it('takes back when the work throws, and throws it on', async () => {
    const { type, seen } = transactionListener();
    const app = await startApp({ providers: [type], rocketmq: { engine: unchecked } });
    await expect(app.template.transaction('orders', 'x', fail)).rejects.toThrow('the database is away');
    await app.template.syncSend('orders', 'y');
    await expect.poll(() => stored(app, OP_TOPIC)).toEqual(['0,']);
    expect(await stored(app, 'orders')).toEqual(['y']);
    expect(seen).toEqual([]);
  });

  it('lets the listener decide when the work cannot tell', async () => {
    const { type, seen } = transactionListener();
    const app = await startApp({ providers: [type], rocketmq: { engine } });
    const sent = app.template.transaction('orders', 'x', () => {
      throw new TransactionUnknownError('no answer to COMMIT');
    });
    await expect(sent).rejects.toThrow('no answer to COMMIT');
    await expect.poll(() => stored(app, 'orders'), { timeout: 10_000 }).toEqual(['x']);
    expect(seen.map(({ method }) => method)).toEqual(['check']);
  });

  it('needs a listener that could be asked', async () => {
    const app = await startApp({ rocketmq: { engine } });
    await expect(app.template.transaction('orders', 'x', fail)).rejects.toThrow('transaction listener');
  });

  it('is content with one that only checks', async () => {
    @RocketMQTransactionListener()
    class Checker implements RocketMQLocalTransactionListener {
      checkLocalTransaction = () => 'COMMIT' as const;
    }
    const app = await startApp({ providers: [Checker], rocketmq: { engine } });
    await app.template.transaction('orders', 'x', () => {});
    await expect.poll(() => stored(app, 'orders')).toEqual(['x']);
    await expect(app.template.sendMessageInTransaction('orders', 'y')).rejects.toThrow(
      'Checker has no method executeLocalTransaction',
    );
  });

  it('is given up after transactionCheckMax', async () => {
    const { type } = transactionListener({}, { execute: () => 'UNKNOWN', check: () => 'UNKNOWN' });
    const app = await startApp({
      providers: [type],
      rocketmq: { engine: { ...engine, transactionCheckMax: 20 } },
    });
    await app.template.sendMessageInTransaction('orders', 'x');
    await expect.poll(() => stored(app, DISCARDED_TOPIC), { timeout: 10_000 }).toEqual(['x']);
  });
});

describe('the application does not start with a transaction listener', () => {
  const refused = async (
    text: string,
    ...providers: NonNullable<Parameters<typeof createApp>[0]>['providers'] & object
  ) => {
    const error = await (await createApp({ providers })).start().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toContain(text);
  };
  const two = (first: object, second: object) =>
    [first, second].map((options, i) => ({ provide: `${i}`, useClass: transactionListener(options).type }));

  it('without checkLocalTransaction', async () => {
    @RocketMQTransactionListener()
    class Forgetful {}
    await refused(
      'Forgetful has @RocketMQTransactionListener and needs a method checkLocalTransaction',
      Forgetful,
    );
  });

  it('that has a new instance for every request', async () => {
    @RocketMQTransactionListener()
    @Injectable({ scope: Scope.REQUEST })
    class Scoped {
      checkLocalTransaction = () => 'COMMIT';
    }
    await refused('cannot be request-scoped', Scoped);
  });

  it.each([
    ['with an illegal name', { name: 'a b' }, 'OrderTransactions: name is "a b"; allowed: letters'],
    ['with an illegal topic', { topics: ['a.b'] }, 'topics is ["a.b"]; allowed: an array of topic names'],
    ['without topics', { topics: [] }, 'topics is []; allowed'],
    ['of another template', { template: 'other' }, 'template is "other"; allowed: RocketMQTemplate'],
    ['with an option that is none', { topic: 'a' }, 'topic is "a"; allowed: only name, topics, template'],
  ])('%s', async (_name, options, text) => {
    await refused(text, transactionListener(options as RocketMQTransactionListenerOptions).type);
  });

  it('that has the name or a topic of another', async () => {
    await refused('both have the name "OrderTransactions"', ...two({}, { topics: ['b'] }));
    await refused('let one of them export it', ...two({}, {}));
    await refused(
      'The transaction listeners a and b both have the topic "t"',
      ...two({ name: 'a', topics: ['t'] }, { name: 'b', topics: ['u', 't'] }),
    );
  });
});
