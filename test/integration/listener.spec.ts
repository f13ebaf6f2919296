import { Controller, Injectable } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import {
  MessageExt,
  RocketMQMessageListener,
  RocketMQTemplate,
  type RocketMQListener,
} from '../../lib/index.js';
import { featureModule, gate, Inbox, listener, startApp } from '../support/nest-app.js';
import { settle } from '../support/virtual-clock.js';

const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i}`);

describe('a listener', () => {
  it('is found in a feature module, with what it injects', async () => {
    const inbox = new Inbox<string>();
    @Injectable()
    class Prefix {
      readonly text = 'got';
    }
    @Injectable()
    @RocketMQMessageListener({ topic: 't' })
    class OrderListener implements RocketMQListener<string> {
      constructor(private readonly prefix: Prefix) {}
      onMessage(text: string): void {
        inbox.push(`${this.prefix.text} ${text}`);
      }
    }
    const app = await startApp({ imports: [featureModule({ providers: [Prefix, OrderListener] })] });
    await app.template.syncSend('t', 'a');
    expect(await inbox.take()).toEqual(['got a']);
  });

  it('may be a method of any provider or controller, and get the message beside its payload', async () => {
    const inbox = new Inbox<[string, unknown, string]>();
    @Injectable()
    class Warehouse {
      private readonly name = 'warehouse';
      @RocketMQMessageListener('t', { consumerGroup: 'reserve' })
      reserve(order: object, message: MessageExt): void {
        inbox.push([`${this.name} reserves`, order, message.topic]);
      }
      @RocketMQMessageListener({ topic: 't', consumerGroup: 'count' })
      count(order: object, message: MessageExt): void {
        inbox.push([`${this.name} counts`, order, message.topic]);
      }
    }
    @Controller()
    class Office {
      @RocketMQMessageListener('t')
      file(order: object, message: MessageExt): void {
        inbox.push(['office files', order, message.topic]);
      }
    }
    const app = await startApp({ providers: [Warehouse], controllers: [Office] });
    await app.template.syncSend('t', { id: 1 });
    expect((await inbox.take(3)).toSorted()).toEqual([
      ['office files', { id: 1 }, 't'],
      ['warehouse counts', { id: 1 }, 't'],
      ['warehouse reserves', { id: 1 }, 't'],
    ]);
    expect(app.logger.lines).toContainEqual(
      expect.stringContaining('Office.file {t:*} group=Office (by default)'),
    );
  });

  it('is one listener, under however many tokens its instance can be injected', async () => {
    const inbox = new Inbox<string>();
    const OrderListener = listener<string>({ topic: 't' }, inbox.push);
    const app = await startApp({
      providers: [
        OrderListener,
        { provide: 'ALIAS', useExisting: OrderListener },
        { provide: 'FACTORY', inject: [OrderListener], useFactory: (instance: object) => instance },
      ],
    });
    for (const body of numbers(4)) await app.template.syncSend('t', body);
    expect((await inbox.take(4)).toSorted()).toEqual(numbers(4));
  });

  it('that a factory or a value provides works too', async () => {
    const inbox = new Inbox<string>();
    const ByFactory = listener<string>({ topic: 't', consumerGroup: 'a' }, (text) =>
      inbox.push(`factory ${text}`),
    );
    const ByValue = listener<string>({ topic: 't', consumerGroup: 'b' }, (text) =>
      inbox.push(`value ${text}`),
    );
    const app = await startApp({
      providers: [
        { provide: 'BY_FACTORY', useFactory: async () => new ByFactory() as object },
        { provide: 'BY_VALUE', useValue: new ByValue() as object },
      ],
    });
    await app.template.syncSend('t', 'x');
    expect((await inbox.take(2)).toSorted()).toEqual(['factory x', 'value x']);
  });

  it('says at start what it listens to, and where its group comes from', async () => {
    const app = await startApp({
      rocketmq: { consumer: { consumeMode: 'ORDERLY' } },
      providers: [
        listener({ topic: 'a', consumerGroup: 'billing', selectorExpression: 'paid || refunded' }, () => {}),
        listener({ topic: 'b' }, () => {}),
      ],
    });
    const lines = app.logger.lines.filter((line) => line.includes('group='));
    expect(lines).toEqual([
      'LOG [RocketMQListener:billing] TestListener {a:paid || refunded} group=billing ORDERLY CLUSTERING',
      'LOG [RocketMQListener:TestListener] TestListener {b:*} group=TestListener (by default) ORDERLY CLUSTERING',
    ]);
  });

  it('belongs to the group of the module where it names none', async () => {
    const inbox = new Inbox<string>();
    const app = await startApp({
      rocketmq: { consumer: { group: 'shop' } },
      providers: [
        listener<string>({ topic: 'a' }, (text) => inbox.push(`a ${text}`)),
        listener<string>({ topic: 'b' }, (text) => inbox.push(`b ${text}`)),
      ],
    });
    await app.template.syncSend('a', '1');
    await app.template.syncSend('b', '2');
    expect((await inbox.take(2)).toSorted()).toEqual(['a 1', 'b 2']);
    const broker = await app.broker();
    expect(await broker.consumerIds('shop')).toHaveLength(1);
    expect(await broker.consumerIds('TestListener')).toBeUndefined();
  });

  it('can be switched off by configuration', async () => {
    const inbox = new Inbox<string>();
    const app = await startApp({
      rocketmq: { consumer: { listeners: { g: { off: false, on: true } } } },
      providers: [
        listener<string>({ topic: 'off', consumerGroup: 'g' }, (text) => inbox.push(`off ${text}`)),
        listener<string>({ topic: 'on', consumerGroup: 'g' }, (text) => inbox.push(`on ${text}`)),
      ],
    });
    await app.template.syncSend('off', 'x');
    await app.template.syncSend('on', 'x');
    expect(await inbox.take()).toEqual(['on x']);
    expect(app.logger.lines.filter((line) => line.includes('{off:'))).toEqual([]);
  });

  it('can send in turn', async () => {
    const inbox = new Inbox<string>();
    @Injectable()
    class Relay {
      constructor(private readonly rocketMQ: RocketMQTemplate) {}
      @RocketMQMessageListener('in')
      async relay(text: string): Promise<void> {
        await this.rocketMQ.syncSend('out', `${text}!`);
      }
      @RocketMQMessageListener('out', { consumerGroup: 'out' })
      receive(text: string): void {
        inbox.push(text);
      }
    }
    const app = await startApp({ providers: [Relay] });
    await app.template.syncSend('in', 'x');
    expect(await inbox.take()).toEqual(['x!']);
  });
});

describe('a selector expression', () => {
  it('lets messages with its tags through, compared by the tag and not by its hash', async () => {
    const inbox = new Inbox<string>();
    const app = await startApp({
      providers: [listener<string>({ topic: 't', selectorExpression: 'Aa || y' }, inbox.push)],
    });
    // Aa and BB have the same hash.
    for (const tag of ['BB', 'x', '', 'Aa', 'y']) await app.template.syncSend(`t:${tag}`, tag || 'none');
    await app.template.syncSendOrderly('t:y', 'end', 'key');
    expect((await inbox.take(3)).toSorted()).toEqual(['Aa', 'end', 'y']);
  });

  it('divides the messages of a topic among the listeners of one group', async () => {
    const inbox = new Inbox<string>();
    const of = (tag: string) =>
      listener<string>({ topic: 't', consumerGroup: 'g', selectorExpression: tag }, (text) =>
        inbox.push(`${tag} ${text}`),
      );
    const app = await startApp({ providers: [of('a'), of('b'), of('c || d')] });
    for (const tag of ['a', 'b', 'c', 'd', 'e']) await app.template.syncSend(`t:${tag}`, tag);
    expect((await inbox.take(4)).toSorted()).toEqual(['a a', 'b b', 'c || d c', 'c || d d']);
  });
});

describe('messageModel', () => {
  it('CLUSTERING gives each message to every group once', async () => {
    const inbox = new Inbox<string>();
    const of = (group: string) =>
      listener<string>({ topic: 't', consumerGroup: group }, (text) => inbox.push(`${group} ${text}`));
    const app = await startApp({ providers: [of('a'), of('b')] });
    await app.template.syncSend('t', numbers(10));
    const expected = ['a', 'b'].flatMap((group) => numbers(10).map((text) => `${group} ${text}`));
    expect((await inbox.take(20)).toSorted()).toEqual(expected.toSorted());
  });

  it.each([1, 8])('BROADCASTING drops a message that fails, and goes on (%i handed over)', async (count) => {
    const inbox = new Inbox<string>();
    const fail = (text: string) => {
      inbox.push(text);
      if (text === 'bad') throw new Error('no');
    };
    const options = { messageModel: 'BROADCASTING', consumeMessageBatchMaxSize: count } as const;
    const app = await startApp({
      providers: [listener<string>({ topic: 't', consumerGroup: 'g', ...options }, fail)],
    });
    await app.template.syncSendOrderly('t', ['bad', 'good'], 'key');
    expect(await inbox.take(2)).toEqual(['bad', 'good']);
    await app.close();
    const again = await startApp({ directory: app.directory });
    for (const topic of ['%RETRY%g', '%DLQ%g', 'SCHEDULE_TOPIC_XXXX']) {
      expect(await again.stored(topic)).toEqual([]);
    }
  });
});

describe('consumeThreadNumber', () => {
  it.each([1, 3])('%i is how many calls are under way at once', async (consumeThreadNumber) => {
    const begun = new Inbox<string>();
    const done = new Inbox<string>();
    const { opened, open } = gate();
    const wait = async (text: string) => {
      begun.push(text);
      await opened;
      done.push(text);
    };
    const app = await startApp({ providers: [listener<string>({ topic: 't', consumeThreadNumber }, wait)] });
    await app.template.syncSend('t', numbers(10));
    await begun.take(consumeThreadNumber);
    await settle(20);
    expect(begun.received).toHaveLength(consumeThreadNumber);
    open();
    expect((await done.take(10)).toSorted()).toEqual(numbers(10));
  });
});

describe("consumeMode: 'ORDERLY'", () => {
  it('handles the messages of a key one after the other, awaited, those of others meanwhile', async () => {
    const done = new Inbox<string>();
    const { opened, open } = gate();
    const running = new Set<number>();
    const overlaps: number[] = [];
    const handle = async (text: string, { queueId }: MessageExt) => {
      if (running.has(queueId)) overlaps.push(queueId);
      running.add(queueId);
      if (text === 'a 0') await opened;
      await new Promise((resolve) => setImmediate(resolve));
      running.delete(queueId);
      done.push(text);
    };
    const app = await startApp({
      providers: [
        listener<string>({ topic: 't', consumeMode: 'ORDERLY', consumeMessageBatchMaxSize: 8 }, handle),
      ],
    });
    for (const text of numbers(20)) {
      for (const key of ['a', 'b']) await app.template.syncSendOrderly('t', `${key} ${text}`, key);
    }
    const ofKey = (key: string) => done.received.filter((text) => text.startsWith(key));
    await done.take(20);
    expect(ofKey('b')).toEqual(numbers(20).map((text) => `b ${text}`));
    open();
    await done.take(40);
    expect(ofKey('a')).toEqual(numbers(20).map((text) => `a ${text}`));
    expect(overlaps).toEqual([]);
  });
});
