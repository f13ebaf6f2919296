import { IsInt, IsString, Length } from 'class-validator';
import { Type } from 'class-transformer';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { decompressBody } from '../../lib/common/compression.js';
import { MessageSysFlag } from '../../lib/common/message-sys-flag.js';
import {
  ConfigurationError,
  MessageBuilder,
  MessageExt,
  type RocketMQMessageListenerOptions,
} from '../../lib/index.js';
import { createApp, Inbox, listener, startApp } from '../support/nest-app.js';

class Item {
  @IsInt()
  quantity!: number;
}

class Order {
  @IsString()
  @Length(1, 10)
  id!: string;

  @Type(() => Item)
  item!: Item;

  describe(): string {
    return `order ${this.id}`;
  }
}

const asJson = (text: string) =>
  MessageBuilder.withPayload(text).setHeader('contentType', 'application/json').build();

/** What a listener with these options gets. */
async function received(options: Partial<RocketMQMessageListenerOptions>, payload: unknown) {
  const inbox = new Inbox<[unknown, MessageExt]>();
  const push = (value: unknown, message: MessageExt) => inbox.push([value, message]);
  const app = await startApp({ providers: [listener({ topic: 't', ...options }, push)] });
  await app.template.syncSend('t', payload);
  return (await inbox.take())[0]!;
}

describe('without messageType', () => {
  it.each<[string, unknown, unknown]>([
    ['text', '{"a":1}', '{"a":1}'],
    ['an object', { a: 1 }, { a: 1 }],
    ['JSON null', asJson('null'), null],
    ['JSON that was sent as text', asJson('[1]'), [1]],
    ['bytes', Buffer.from([0, 255]), Buffer.from([0, 255])],
  ])('the content type decides: %s', async (_name, payload, expected) => {
    expect((await received({}, payload))[0]).toEqual(expected);
  });

  it('is as large as may be sent or stored, however well it compresses', async () => {
    const inbox = new Inbox<Buffer>();
    const maxMessageSize = 6 * 1024 * 1024;
    const app = await startApp({
      rocketmq: { producer: { maxMessageSize } },
      providers: [listener({ topic: 't' }, inbox.push)],
    });
    await app.template.syncSend('t', Buffer.alloc(maxMessageSize));
    expect((await inbox.take())[0]).toHaveLength(maxMessageSize);
  });

  it('what another client sent without a content type is text', async () => {
    const inbox = new Inbox<unknown>();
    const app = await startApp({ providers: [listener({ topic: 't' }, inbox.push)] });
    await (await app.broker()).send('t', { body: '{"a":1}' });
    expect(await inbox.take()).toEqual(['{"a":1}']);
  });
});

describe('messageType', () => {
  it.each<[string, RocketMQMessageListenerOptions['messageType'], unknown, unknown]>([
    ['String', String, { a: 1 }, '{"a":1}'],
    ['Buffer', Buffer, 'text', Buffer.from('text')],
    ['Object', Object, '{"a":1}', { a: 1 }],
    ['Number', Number, '7', 7],
    ['Boolean', Boolean, true, true],
    ['Array', Array, '[1,2]', [1, 2]],
  ])('%s', async (_name, messageType, payload, expected) => {
    expect((await received({ messageType }, payload))[0]).toEqual(expected);
  });

  it('MessageExt gives the whole message', async () => {
    const built = MessageBuilder.withPayload('x').setHeader('KEYS', 'k').setHeader('tenant', 'a').build();
    const [value, second] = await received({ messageType: MessageExt, selectorExpression: '*' }, built);
    expect(value).toBeInstanceOf(MessageExt);
    expect(value).toBe(second);
    const message = value as MessageExt;
    expect(message).toMatchObject({ topic: 't', keys: 'k', reconsumeTimes: 0, brokerName: 'broker-a' });
    expect(message.getProperty('tenant')).toBe('a');
    expect(message.msgId).toMatch(/^[0-9A-F]{32}$/);
    expect(message.storeTimestamp).toBeGreaterThanOrEqual(message.bornTimestamp);
  });

  it('a class is built with all its parts', async () => {
    const [order] = await received({ messageType: Order }, { id: 'a', item: { quantity: 2 }, extra: true });
    expect(order).toBeInstanceOf(Order);
    expect((order as Order).item).toBeInstanceOf(Item);
    expect((order as Order).describe()).toBe('order a');
  });
});

describe('a payload that cannot be read', () => {
  const cases: [string, Partial<RocketMQMessageListenerOptions>, unknown, string][] = [
    ['is no JSON', { messageType: Order }, 'no json', 'is not JSON'],
    ['is no JSON although it says so', {}, asJson('no json'), 'is not JSON'],
    [
      'breaks a rule',
      { messageType: Order, validate: true },
      { id: 'far too long for it' },
      'is no valid Order',
    ],
    ['is no object', { messageType: Order, validate: true }, '7', 'is no valid Order: it is no object'],
  ];

  it.each(cases)(
    'since it %s, goes to the dead-letter queue at once',
    async (_name, options, payload, text) => {
      const [calls, dead] = [new Inbox(), new Inbox<MessageExt>()];
      const app = await startApp({
        providers: [
          listener({ topic: 't', consumerGroup: 'g', ...options }, calls.push),
          listener({ topic: '%DLQ%g', consumerGroup: 'dead', messageType: MessageExt }, dead.push),
        ],
      });
      const { msgId } = await app.template.syncSend('t', payload);
      expect((await dead.take())[0]!.msgId).toBe(msgId);
      expect(calls.received).toEqual([]);
      expect(app.logger.lines.filter((line) => line.includes(msgId) && line.includes(text))).toHaveLength(1);
      expect(app.logger.lines.join('\n')).not.toContain('far too long');
    },
  );

  it('does not keep those behind it waiting in an ordered queue', async () => {
    const [calls, dead] = [new Inbox<Order>(), new Inbox<MessageExt>()];
    const app = await startApp({
      providers: [
        listener({ topic: 't', consumerGroup: 'g', consumeMode: 'ORDERLY', messageType: Order }, calls.push),
        listener({ topic: '%DLQ%g', consumerGroup: 'dead', messageType: MessageExt }, dead.push),
      ],
    });
    await app.template.syncSendOrderly('t', ['no json', { id: 'next' }], 'key');
    expect(await calls.take()).toEqual([{ id: 'next' }]);
    expect((await dead.take())[0]!.body.toString()).toBe('no json');
    await app.logger.logged('is not JSON');
  });

  it.each<[string, RocketMQMessageListenerOptions['messageType']]>([
    ['String', String],
    ['Buffer', Buffer],
    ['MessageExt', MessageExt],
    ['none', undefined],
  ])(
    'does not do so either when its body cannot be decompressed (messageType: %s)',
    async (_name, messageType) => {
      const [calls, dead] = [new Inbox<string>(), new Inbox<MessageExt>()];
      const localRetry = { attempts: 100, delayMs: 60_000 };
      const options = {
        topic: 't',
        consumerGroup: 'g',
        consumeMode: 'ORDERLY',
        messageType,
        localRetry,
      } as const;
      const onMessage = (_payload: unknown, { body }: MessageExt) => calls.push(body.toString());
      const app = await startApp({
        providers: [
          listener(options, onMessage),
          listener({ topic: '%DLQ%g', consumerGroup: 'dead', messageType: MessageExt }, dead.push),
        ],
      });
      const broker = await app.broker();
      const { COMPRESSED, COMPRESSION_TYPE_MASK } = MessageSysFlag;
      await broker.send('t', { body: 'no type', sysFlag: COMPRESSED | COMPRESSION_TYPE_MASK });
      await broker.send('t', { body: 'next' });
      expect(await calls.take()).toEqual(['next']);
      expect((await dead.take())[0]!.storedBody.toString()).toBe('no type');
      await app.logger.logged('compressed with the unknown type 7');
    },
  );

  it('is not what a listener means that cannot decompress something else', async () => {
    const app = await startApp({
      providers: [
        listener({ topic: 't', consumerGroup: 'g' }, () =>
          decompressBody(Buffer.from('other'), MessageSysFlag.COMPRESSED, 10),
        ),
      ],
    });
    await app.template.syncSend('t', 'x');
    await app.logger.logged('is damaged or larger than 10 bytes');
    await app.close();
    const again = await startApp({ directory: app.directory });
    expect(await again.stored('%DLQ%g')).toEqual([]);
  });

  it('among others that were handed over with it goes alone', async () => {
    const [calls, dead] = [new Inbox<Order>(), new Inbox<MessageExt>()];
    const app = await startApp({
      providers: [
        listener(
          { topic: 't', consumerGroup: 'g', consumeMessageBatchMaxSize: 8, messageType: Order },
          calls.push,
        ),
        listener({ topic: '%DLQ%g', consumerGroup: 'dead', messageType: MessageExt }, dead.push),
      ],
    });
    await app.template.syncSend('t', [{ id: '1' }, 'no json', { id: '2' }]);
    expect(await calls.take(2)).toEqual([{ id: '1' }, { id: '2' }]);
    expect((await dead.take())[0]!.body.toString()).toBe('no json');
    expect(await app.stored('%RETRY%g')).toEqual([]);
  });

  it('comes again where badPayload says so', async () => {
    const app = await startApp({
      providers: [
        listener({ topic: 't', consumerGroup: 'g', messageType: Order, badPayload: 'RETRY' }, () => {}),
      ],
    });
    const { msgId } = await app.template.syncSend('t', 'no json');
    await app.logger.logged(`Consuming message ${msgId} of topic t failed (attempt 1`);
    await app.close();
    const again = await startApp({ directory: app.directory });
    expect(await again.stored('%DLQ%g')).toEqual([]);
    expect(await again.stored('SCHEDULE_TOPIC_XXXX')).toHaveLength(1);
  });

  it('is not what a listener means that throws the same error', async () => {
    const app = await startApp({
      providers: [listener({ topic: 't', consumerGroup: 'g' }, () => app.template.syncSend('elsewhere', 1n))],
    });
    await app.template.syncSend('t', 'x');
    await app.logger.logged('A payload of type bigint cannot be sent');
    await app.close();
    const again = await startApp({ directory: app.directory });
    expect(await again.stored('%DLQ%g')).toEqual([]);
  });
});

describe('a package that is missing', () => {
  afterEach(() => {
    vi.doUnmock('class-transformer');
    vi.doUnmock('class-validator');
  });

  it.each([
    ['class-transformer', 'messageType'],
    ['class-validator', 'validate'],
  ])('%s is named when the application starts', async (name, option) => {
    vi.doMock(name, () => {
      throw new Error('Cannot find package');
    });
    const app = await createApp({
      providers: [listener({ topic: 't', messageType: Order, validate: true }, () => {})],
    });
    await expect(app.start()).rejects.toThrow(ConfigurationError);
    await expect(app.start()).rejects.toThrow(
      `Listener TestListener needs the package ${name} for its ${option}: npm install ${name}`,
    );
  });

  it('is not missed where nothing needs it', async () => {
    for (const name of ['class-transformer', 'class-validator']) {
      vi.doMock(name, () => {
        throw new Error('Cannot find package');
      });
    }
    expect((await received({ messageType: Object }, { a: 1 }))[0]).toEqual({ a: 1 });
  });
});
