import { describe, expect, it } from 'vitest';
import {
  MQBrokerError,
  MQClientError,
  MessageBuilder,
  RemotingTimeoutError,
  type RocketMQTemplate,
} from '../../lib/index.js';
import { startApp } from '../support/nest-app.js';
import { VirtualClock } from '../support/virtual-clock.js';

const MAX = 4 * 1024 * 1024;

type Send = (template: RocketMQTemplate) => Promise<unknown>;

/** Every send is refused with this text, and stores nothing. */
async function refused(text: string, code: number | undefined, ...sends: Send[]): Promise<void> {
  const app = await startApp();
  await app.template.syncSend('t', 'there before');
  for (const send of sends) {
    const error = await send(app.template).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MQClientError);
    expect(error).toMatchObject({ message: expect.stringContaining(text) as string, retryable: false });
    expect((error as MQClientError).responseCode).toBe(code);
  }
  expect(await app.stored('t')).toHaveLength(1);
  // What is refused must not break what comes next.
  await app.template.syncSend('t', 'next');
}

describe('a destination', () => {
  it.each<[string, string]>([
    ['', 'The destination "" has no topic: use "topic" or "topic:tag"'],
    [':tag', 'The destination ":tag" has no topic'],
    [undefined as never, 'The destination undefined has no topic'],
    [' ', 'The specified topic is blank. (topic " ")'],
    ['a.b', 'The specified topic contains illegal characters'],
    [' t', 'The specified topic contains illegal characters'],
    ['../t', 'The specified topic contains illegal characters'],
    ['火箭', 'The specified topic contains illegal characters'],
    ['t'.repeat(128), 'The specified topic is longer than topic max length.'],
    ['SCHEDULE_TOPIC_XXXX', 'Sending message to topic [SCHEDULE_TOPIC_XXXX] is forbidden.'],
    ['RMQ_SYS_TRANS_HALF_TOPIC', 'is forbidden'],
  ])('%j is refused', async (destination, text) => {
    await refused(
      text,
      undefined,
      (template) => template.syncSend(destination, 'x'),
      (template) => template.asyncSend(destination, 'x'),
      (template) => template.sendOneWay(destination, 'x'),
      (template) => template.convertAndSend(destination, 'x'),
      (template) => template.syncSendOrderly(destination, 'x', 'key'),
      (template) => template.syncSend(destination, ['x']),
    );
  });

  it('may be as long as RocketMQ allows, and have any tag', async () => {
    const app = await startApp();
    const topic = 't'.repeat(127);
    await app.template.syncSend(`${topic}:a:b c`, 'x');
    await app.template.syncSend(`${topic}:`, 'x');
    const tags = (await app.stored(topic)).map((message) => message.tags);
    expect(new Set(tags)).toEqual(new Set(['a:b c', undefined]));
  });
});

describe('a payload', () => {
  it.each([null, undefined])('of %s is refused', async (payload) => {
    const text = '`message` and `message.payload` cannot be null';
    await refused(
      text,
      undefined,
      (template) => template.syncSend('t', payload),
      (template) => template.syncSend('t', MessageBuilder.withPayload(payload).build()),
      (template) => template.convertAndSend('t', payload),
      (template) => template.sendOneWay('t', payload),
      (template) => template.syncSend('t', ['x', payload]),
    );
  });

  it.each(['', Buffer.alloc(0)])('that is empty is refused', async (payload) => {
    const text = 'the message body length is zero';
    await refused(
      text,
      13,
      (template) => template.syncSend('t', payload),
      (template) => template.asyncSend('t', payload),
      (template) => template.syncSend('t', ['x', payload]),
    );
  });

  it('may have 4 MiB, and not one byte more', async () => {
    const largest = Buffer.alloc(MAX, 'x');
    const app = await startApp();
    await app.template.syncSend('t', largest, { timeout: 20_000 });
    expect((await app.stored('t'))[0]!.body.equals(largest)).toBe(true);
    const tooLarge = Buffer.alloc(MAX + 1);
    const text = `the message body size ${MAX + 1} is over max value, MAX: ${MAX}`;
    await refused(
      text,
      13,
      (template) => template.syncSend('t', tooLarge),
      (template) => template.sendOneWay('t', tooLarge),
    );
  });

  it('larger than the engine allows is refused by the broker', async () => {
    const app = await startApp({ rocketmq: { engine: { maxMessageSize: 1000 } } });
    const error = await app.template.syncSend('t', 'x'.repeat(1001)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MQBrokerError);
    expect(error).toMatchObject({ responseCode: 13, retryable: false });
    expect(await app.stored('t')).toEqual([]);
  });
});

describe('properties', () => {
  it('longer than 32,767 bytes are refused', async () => {
    const app = await startApp();
    const error = await app.template
      .syncSend('t', 'x', { properties: { long: 'x'.repeat(32_767) } })
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MQBrokerError);
    expect(error).toMatchObject({ responseCode: 13, retryable: false });
    expect((error as Error).message).toContain('msg properties length limit 32KB');
    expect(await app.stored('t')).toEqual([]);
    await app.template.syncSend('t', 'x', { properties: { long: 'x'.repeat(32_000) } });
  });

  it.each<[string, Record<string, string>, string]>([
    ['a system name', { TAGS: 'a' }, 'The property "TAGS" is used by the system, choose another name'],
    ['no name', { ' ': 'a' }, 'The name and value of a property can not be blank (property " ")'],
    ['no value', { a: ' ' }, 'The name and value of a property can not be blank (property "a")'],
  ])('with %s are refused', async (_name, properties, text) => {
    await refused(
      text,
      undefined,
      (template) => template.syncSend('t', 'x', { properties }),
      (template) => template.asyncSend('t', ['x'], { properties }),
    );
  });

  it('cannot be forged by a separator in another one, a key or a tag', async () => {
    const forged = 'x\u0002DELAY\u00013';
    const text = 'has a control character, U+0001 or U+0002, in its name or value';
    await refused(
      text,
      undefined,
      (template) => template.syncSend('t', 'x', { keys: forged }),
      (template) => template.syncSend('t', 'x', { keys: ['a', forged] }),
      (template) => template.syncSend('t', ['x'], { properties: { a: forged } }),
      (template) => template.asyncSend('t', 'x', { properties: { [forged]: 'a' } }),
      (template) => template.sendOneWay(`t:${forged}`, 'x'),
      (template) => template.convertAndSend('t', 'x', { contentType: forged }),
      (template) => template.convertAndSend('t', 'x', { a: 'b\u0001c' }),
    );
  });

  it('from a header without a value are refused', async () => {
    const text = 'The name and value of a property can not be blank (property "empty")';
    await refused(text, undefined, (template) => template.convertAndSend('t', 'x', { empty: '' }));
  });
});

describe('a batch', () => {
  it('must not be empty', async () => {
    await refused('`messages` can not be empty', undefined, (template) => template.syncSend('t', []));
  });

  it('must not be larger than one message', async () => {
    const half = Buffer.alloc(MAX / 2, 'x');
    const text = `the batch has ${MAX + 1} bytes, over max value, MAX: ${MAX}`;
    await refused(text, 13, (template) => template.syncSend('t', [half, half, 'x']));
  });

  it('must not be delayed', async () => {
    const text = 'TimeDelayLevel is not supported for batching';
    await refused(
      text,
      undefined,
      (template) => template.syncSend('t', ['a', 'b'], { delayLevel: 3 }),
      (template) => template.syncSendOrderly('t', ['a'], 'key', 1000, 3),
    );
  });

  it('must not mix messages that wait for the store and ones that do not', async () => {
    const hasty = MessageBuilder.withPayload('b').setHeader('WAIT_STORE_MSG_OK', 'false').build();
    await refused('waitStoreMsgOK', undefined, (template) => template.syncSend('t', ['a', hasty]));
  });

  it('must not go to a retry topic', async () => {
    const text = 'Retry Group is not supported for batching';
    await refused(text, undefined, (template) => template.syncSend('%RETRY%g', ['a']));
  });
});

describe('an option', () => {
  it.each([-1, 19, 1.5, Number.NaN, '3' as never])('delayLevel %s is refused', async (delayLevel) => {
    const text = `delayLevel is ${delayLevel}; allowed: 0 (no delay) to 18`;
    await refused(
      text,
      undefined,
      (template) => template.syncSend('t', 'x', { delayLevel }),
      (template) => template.syncSend('t', 'x', 1000, delayLevel),
    );
  });

  it.each([
    [{ keys: null }, 'keys is null; allowed: a text, or an array of texts'],
    [{ keys: 5 }, 'keys is 5; allowed: a text, or an array of texts'],
    [{ tag: 5 }, 'tag is 5; allowed: a text'],
  ])('%o is refused', async (options, text) => {
    await refused(
      text,
      undefined,
      (template) => template.syncSend('t', 'x', options as never),
      (template) => template.asyncSend('t', 'x', options as never),
    );
  });

  it('null in place of options is none', async () => {
    const { template } = await startApp();
    expect((await template.asyncSend('t', 'x', null as never)).sendStatus).toBe('SEND_OK');
  });

  it.each([0, -1, 0.5, Number.NaN])('timeout %s is refused', async (timeout) => {
    const text = `timeout is ${timeout}; allowed: milliseconds from 1 up`;
    await refused(
      text,
      undefined,
      (template) => template.syncSend('t', 'x', timeout),
      (template) => template.asyncSend('t', 'x', { timeout }),
      (template) => template.syncSend('t', ['x'], { timeout }),
    );
  });
});

describe('a timeout', () => {
  it('that has passed before the message could be handed over stores nothing', async () => {
    const clock = new VirtualClock();
    const app = await startApp({ clock });
    for (const send of [
      () => app.template.syncSend('t', 'x', 50),
      () => app.template.asyncSend('t', 'x', { timeout: 50 }),
      () => app.template.syncSend('t', ['x'], { timeout: 50 }),
      () => app.template.syncSendOrderly('t', 'x', 'key', 50),
    ]) {
      const sending = send();
      clock.pass(51);
      await expect(sending).rejects.toThrow(RemotingTimeoutError);
      await expect(sending).rejects.toThrow('The send to topic t took longer than 50 ms');
      await expect(sending).rejects.toMatchObject({ timeoutMillis: 50, retryable: true });
    }
    expect(await app.stored('t')).toEqual([]);
  });

  it('of the module counts where the send names none', async () => {
    const clock = new VirtualClock();
    const app = await startApp({ clock, rocketmq: { producer: { sendMessageTimeout: 70 } } });
    const sending = app.template.syncSend('t', 'x');
    clock.pass(71);
    await expect(sending).rejects.toThrow('took longer than 70 ms');
  });
});

it('after the application was closed every send is refused', async () => {
  const app = await startApp();
  await app.close();
  await expect(app.template.syncSend('t', 'x')).rejects.toThrow('The producer is not running');
  await expect(app.template.sendOneWay('t', 'x')).rejects.toThrow('The producer is not running');
});
