import { Injectable } from '@nestjs/common';
import { IsInt } from 'class-validator';
import { describe, expect, it } from 'vitest';
import {
  ConfigurationError,
  Message,
  MessageBuilder,
  MessageConversionError,
  MessageExt,
  RocketMQReplyListener,
  RocketMQTransactionListener,
  type GenericMessage,
  type RocketMQMessageConverter,
} from '../../lib/index.js';
import { createApp, featureModule, Inbox, listener, startApp } from '../support/nest-app.js';

const CSV = 'text/csv';

class Point {
  @IsInt()
  readonly x: number;
  constructor(
    x: number,
    readonly y: number,
  ) {
    this.x = x;
  }
}

/** Points as `x,y`, and nothing else. */
@Injectable()
class PointConverter implements RocketMQMessageConverter {
  toBody(payload: unknown) {
    return payload instanceof Point
      ? { body: Buffer.from(`${payload.x},${payload.y}`), contentType: CSV }
      : undefined;
  }

  fromBody(message: Message) {
    if (message.getProperty('contentType') !== CSV) return undefined;
    const [x, y] = message.body.toString().split(',').map(Number);
    if (y === undefined) throw new MessageConversionError('no point');
    return new Point(x!, y);
  }
}

/** Everything upside down, asynchronously. */
@Injectable()
class Reverser implements RocketMQMessageConverter {
  toBody(payload: unknown) {
    return { body: Buffer.from(String(payload)).reverse(), contentType: 'text/plain' };
  }

  async fromBody({ body }: Message) {
    return Buffer.from(body).reverse().toString();
  }
}

const converters = featureModule({ providers: [PointConverter, Reverser] });
const messageConverter = PointConverter;

describe('a message converter', () => {
  it('of the module writes what is sent, and leaves the rest as it was', async () => {
    const app = await startApp({ rocketmq: { messageConverter }, imports: [converters] });
    await app.template.syncSend('t', new Point(1, 2));
    await app.template.syncSend('u', { x: 1 });
    const [point] = await app.stored('t');
    expect([point!.body.toString(), point!.getProperty('contentType')]).toEqual(['1,2', CSV]);
    const [other] = await app.stored('u');
    expect([other!.body.toString(), other!.getProperty('contentType')]).toEqual([
      '{"x":1}',
      'application/json',
    ]);
  });

  it('has the last word about the content type, in sends and replies', async () => {
    @RocketMQReplyListener({ topic: 'questions' })
    class Answers {
      onMessage() {
        return MessageBuilder.withPayload(new Point(3, 4))
          .setHeader('contentType', 'application/json')
          .build();
      }
    }
    const app = await startApp({
      rocketmq: { messageConverter },
      imports: [converters],
      providers: [Answers],
    });
    const headers = { contentType: 'application/json', own: 'x' };
    await app.template.convertAndSend('t', new Point(1, 2), headers);
    const [point] = await app.stored('t');
    expect([point!.getProperty('contentType'), point!.getProperty('own')]).toEqual([CSV, 'x']);
    const reply = await app.template.sendAndReceive('questions', 'x', MessageExt);
    expect(reply.getProperty('contentType')).toBe(CSV);
  });

  it('reads for listeners by content type, with and without a class, but no MessageExt', async () => {
    const [untyped, typed, raw] = [new Inbox(), new Inbox(), new Inbox()];
    const app = await startApp({
      rocketmq: { messageConverter },
      imports: [converters],
      providers: [
        listener({ topic: 't', consumerGroup: 'untyped' }, untyped.push),
        listener({ topic: 't', consumerGroup: 'typed', messageType: Point, validate: true }, typed.push),
        listener({ topic: 't', consumerGroup: 'raw', messageType: MessageExt }, raw.push),
      ],
    });
    await app.template.syncSend('t', new Point(1, 2));
    await app.template.syncSend('t', { x: 3, y: 4 });
    const byX = (list: unknown[]) => (list as Point[]).toSorted((a, b) => a.x - b.x);
    expect(byX(await untyped.take(2))).toEqual([new Point(1, 2), { x: 3, y: 4 }]);
    expect(byX(await typed.take(2))).toStrictEqual([new Point(1, 2), new Point(3, 4)]);
    expect((await raw.take(2)).every((message) => message instanceof MessageExt)).toBe(true);
  });

  it('sends what can never be read to the dead-letter queue', async () => {
    const dead = new Inbox<MessageExt>();
    const app = await startApp({
      rocketmq: { messageConverter },
      imports: [converters],
      providers: [
        listener({ topic: 't', consumerGroup: 'g' }, () => {}),
        listener({ topic: '%DLQ%g', consumerGroup: 'dead', messageType: MessageExt }, dead.push),
      ],
    });
    await app.template.convertAndSend('t', 'nonsense', { contentType: CSV });
    const [message] = await dead.take();
    expect(message!.body.toString()).toBe('nonsense');
  });

  it('of a listener wins over that of the module, and writes its replies', async () => {
    const inbox = new Inbox();
    @RocketMQReplyListener({ topic: 'questions', messageConverter: Reverser })
    class Answers {
      onMessage(question: string): string {
        return `${question}!`;
      }
    }
    const app = await startApp({
      rocketmq: { messageConverter },
      imports: [converters],
      providers: [
        Answers,
        listener({ topic: 't', consumerGroup: 'g', messageConverter: Reverser }, inbox.push),
      ],
    });
    await app.template.syncSend('t', 'cba');
    expect(await inbox.take()).toEqual(['abc']);
    expect(await app.template.sendAndReceive('questions', 'cba', String)).toBe('!cba');
  });

  it('serves requests, receive, and transactions', async () => {
    const seen: unknown[] = [];
    @RocketMQReplyListener({ topic: 'questions' })
    class Mirror {
      onMessage({ x, y }: Point): Point {
        return new Point(y, x);
      }
    }
    @RocketMQTransactionListener()
    class Transactions {
      executeLocalTransaction({ payload }: GenericMessage) {
        seen.push(payload);
        return 'COMMIT' as const;
      }
      checkLocalTransaction() {
        return 'UNKNOWN' as const;
      }
    }
    const app = await startApp({
      rocketmq: { messageConverter, pullConsumer: { group: 'p', topic: 'pulled' } },
      imports: [converters],
      providers: [Mirror, Transactions],
    });
    const { template } = app;
    expect(await template.sendAndReceive('questions', new Point(1, 2), Point)).toEqual(new Point(2, 1));
    await template.syncSend('pulled', new Point(3, 4));
    expect(await template.receive(Point, { timeout: 10_000 })).toEqual([new Point(3, 4)]);
    await template.sendMessageInTransaction('t', new Point(5, 6));
    await template.transaction('t', new Point(7, 8), ({ payload }) => void seen.push(payload));
    expect(seen).toEqual([new Point(5, 6), new Point(7, 8)]);
  });

  it('that fails, or returns nonsense, refuses the send', async () => {
    @Injectable()
    class Broken implements RocketMQMessageConverter {
      toBody(payload: unknown): never {
        if (payload === 'nonsense') return { body: 'text' } as never;
        throw new RangeError('no schema');
      }
    }
    const app = await startApp({ rocketmq: { messageConverter: Broken }, providers: [Broken] });
    const fails = app.template.syncSend('t', 'x');
    await expect(fails).rejects.toThrow(MessageConversionError);
    await expect(fails).rejects.toThrow('The message converter Broken failed: no schema');
    await expect(app.template.syncSend('t', 'nonsense')).rejects.toThrow(
      'The message converter Broken returned something else than { body: bytes, contentType: text }, or undefined',
    );
    expect(await app.stored('t')).toEqual([]);
  });

  it('that is no provider, or converts nothing, ends the start', async () => {
    class Empty {}
    const ofListener = listener({ topic: 't', messageConverter: Reverser }, () => {});
    for (const [options, text] of [
      [
        { rocketmq: { messageConverter } },
        'The messageConverter PointConverter of RocketMQModule cannot be used',
      ],
      [
        { rocketmq: { messageConverter: Empty }, providers: [Empty] },
        'The messageConverter Empty of RocketMQModule',
      ],
      [
        { providers: [ofListener] },
        'The messageConverter Reverser of TestListener cannot be used: make it a provider',
      ],
      [
        { providers: [listener({ topic: 't', messageConverter: 'json' as never }, () => {})] },
        '@RocketMQMessageListener(TestListener).messageConverter is "json"; allowed: a class that is a provider',
      ],
    ] as const) {
      const app = await createApp(options as never);
      const error = await app.start().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ConfigurationError);
      expect((error as Error).message).toContain(text);
    }
  });
});
