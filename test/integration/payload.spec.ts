import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { MessageBuilder, MessageConversionError, RocketMQHeaders } from '../../lib/index.js';
import { startApp, type TestApp } from '../support/nest-app.js';
import { VirtualClock } from '../support/virtual-clock.js';

class Order {
  constructor(
    readonly id: number,
    readonly at = new Date(0),
  ) {}

  get total(): number {
    return 1;
  }
}

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

async function sent(app: TestApp, payload: unknown) {
  await app.template.convertAndSend('t', payload);
  return (await app.stored('t'))[0]!;
}

describe('a payload', () => {
  it.each<[string, unknown, string, string]>([
    ['text', 'grüße 火箭', 'grüße 火箭', 'text/plain;charset=UTF-8'],
    ['an object', { b: null, a: undefined, c: [1] }, '{"b":null,"c":[1]}', 'application/json'],
    ['an instance', new Order(7), '{"id":7,"at":"1970-01-01T00:00:00.000Z"}', 'application/json'],
    ['a number', 0, '0', 'application/json'],
    ['a truth', false, 'false', 'application/json'],
    ['a list', [{ a: 1 }, 'x'], '[{"a":1},"x"]', 'application/json'],
    ['bytes', Buffer.from('bytes'), 'bytes', 'application/octet-stream'],
    ['a view of bytes', new Uint8Array(Buffer.from('xview')).subarray(1), 'view', 'application/octet-stream'],
  ])('that is %s', async (_name, payload, body, contentType) => {
    const message = await sent(await startApp(), payload);
    expect(message.body.toString()).toBe(body);
    expect(message.getProperty('contentType')).toBe(contentType);
  });

  it('of any bytes comes as they are', async () => {
    const bytes = Buffer.from(Array.from({ length: 512 }, (_, i) => i & 0xff));
    expect((await sent(await startApp(), bytes)).body.equals(bytes)).toBe(true);
  });

  it('above the threshold is compressed, and comes as it was', async () => {
    const app = await startApp({ rocketmq: { producer: { compressMessageBodyThreshold: 1000 } } });
    const text = 'x'.repeat(100_000);
    const message = await sent(app, text);
    expect(message.body.toString()).toBe(text);
    expect(message.storedBody.length).toBeLessThan(1000);
    expect(message.sysFlag & 1).toBe(1);
  });

  it.each([10_000, 4 * 1024 * 1024])('of %i bytes that do not compress comes as it is', async (size) => {
    const bytes = randomBytes(size);
    const message = await sent(await startApp(), bytes);
    expect(message.body.equals(bytes)).toBe(true);
    expect(message.storedBody).toHaveLength(size);
    expect(message.sysFlag & 1).toBe(0);
  });

  it('keeps the content type that its header names', async () => {
    const app = await startApp();
    const built = MessageBuilder.withPayload('{"a":1}').setHeader(
      RocketMQHeaders.CONTENT_TYPE,
      'application/json',
    );
    const message = await sent(app, built.build());
    expect(message.body.toString()).toBe('{"a":1}');
    expect(message.getProperty('contentType')).toBe('application/json');
    expect([...message.properties.keys()]).not.toContain('id');
    expect([...message.properties.keys()]).not.toContain('timestamp');
  });

  it('is refused when it has no JSON form, and nothing is stored', async () => {
    const app = await startApp();
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    for (const payload of [circle, 1n, () => {}, Symbol('s')]) {
      await expect(app.template.syncSend('t', payload)).rejects.toThrow(MessageConversionError);
      await expect(app.template.asyncSend('t', payload)).rejects.toThrow(
        'cannot be sent: it has no JSON form',
      );
      await expect(app.template.sendOneWay('t', payload)).rejects.toThrow(MessageConversionError);
    }
    expect(await app.stored('t')).toEqual([]);
  });
});

describe("compat: 'spring'", () => {
  it('encodes a text of content type JSON once more, and adds id and timestamp', async () => {
    const clock = new VirtualClock();
    const app = await startApp({ clock, rocketmq: { compat: 'spring' } });
    const built = MessageBuilder.withPayload('{"a":1}').setHeader(
      RocketMQHeaders.CONTENT_TYPE,
      'application/json',
    );
    await app.template.syncSend('t', [built.build(), 'plain']);
    const [json, plain] = await app.stored('t');
    expect(json!.body.toString()).toBe('"{\\"a\\":1}"');
    expect(plain!.body.toString()).toBe('plain');
    for (const message of [json!, plain!]) {
      expect(message.getProperty('id')).toMatch(UUID);
      expect(message.getProperty('timestamp')).toBe(`${clock.now()}`);
    }
    expect(json!.getProperty('id')).not.toBe(plain!.getProperty('id'));
  });
});

describe('headers', () => {
  it('become what they mean, or properties', async () => {
    const app = await startApp();
    const built = MessageBuilder.withPayload('x')
      .setHeader(RocketMQHeaders.KEYS, ['k1', 'k2'])
      .setHeader(RocketMQHeaders.FLAG, '7')
      .setHeader(RocketMQHeaders.WAIT_STORE_MSG_OK, 'false')
      .setHeader('rocketmq_TAGS', 'only a property')
      .setHeader('__SHARDINGKEY', 's')
      .setHeader('price', 1.5)
      .setHeader('gone', 'x')
      .setHeader('gone', null);
    const message = await sent(app, built.build());
    expect(message).toMatchObject({ keys: 'k1 k2', flag: 7, waitStoreMsgOK: false, tags: undefined });
    expect(Object.fromEntries(message.properties)).toMatchObject({
      rocketmq_TAGS: 'only a property',
      __SHARDINGKEY: 's',
      price: '1.5',
    });
    for (const name of ['FLAG', 'gone']) expect(message.getProperty(name)).toBeUndefined();
  });

  it('with the name of a system property have no effect, which is said once', async () => {
    const app = await startApp();
    for (let i = 0; i < 2; i++)
      await app.template.convertAndSend('t', 'x', { TAGS: 'a', DELAY: 3, UNIQ_KEY: 'u' });
    const stored = await app.stored('t');
    expect(stored).toHaveLength(2);
    for (const message of stored) {
      expect(message).toMatchObject({ tags: undefined, delayTimeLevel: 0 });
      expect(message.msgId).not.toBe('u');
    }
    const warnings = app.logger.lines.filter((line) => line.includes('is ignored'));
    expect(warnings).toEqual([
      expect.stringContaining(
        'The header "TAGS" is ignored: give the tag with the destination ("topic:tag")',
      ),
      expect.stringContaining('The header "DELAY" is ignored: use the option `delayLevel`'),
      expect.stringContaining('The header "UNIQ_KEY" is ignored: the system uses it'),
    ]);
  });

  it('lose against the options of the same send', async () => {
    const app = await startApp();
    const built = MessageBuilder.withPayload('x')
      .setHeader('KEYS', 'header')
      .setHeader('p', 'header')
      .build();
    await app.template.syncSend('t', built, { keys: 'option', properties: { p: 'option' } });
    const [message] = await app.stored('t');
    expect(message!.keys).toBe('option');
    expect(message!.getProperty('p')).toBe('option');
  });
});
