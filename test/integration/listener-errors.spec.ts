import { describe, expect, it } from 'vitest';
import type { Type } from '@nestjs/common';
import {
  ConfigurationError,
  RocketMQMessageListener,
  type RocketMQMessageListenerOptions,
  type RocketMQModuleOptions,
} from '../../lib/index.js';
import { createApp, featureModule, listener, startApp } from '../support/nest-app.js';
import { temporaryDirectory } from '../support/test-store.js';

/** An application with these listeners does not start, says why, and gives its store free. */
async function refused(text: string, providers: Type[], rocketmq?: RocketMQModuleOptions): Promise<void> {
  const directory = temporaryDirectory();
  const app = await createApp({ directory, rocketmq, providers });
  const error = await app.start().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConfigurationError);
  expect((error as Error).message).toContain(text);
  await startApp({ directory });
}

const one = (options: object): Type[] => [listener(options as RocketMQMessageListenerOptions, () => {})];

/** Two listener classes with names of their own. */
function two(first: object, second: object): Type[] {
  @RocketMQMessageListener({ topic: 't', consumerGroup: 'g', ...first })
  class FirstListener {
    onMessage(): void {}
  }
  @RocketMQMessageListener({ topic: 't', consumerGroup: 'g', ...second })
  class SecondListener {
    onMessage(): void {}
  }
  return [FirstListener, SecondListener];
}

describe('the application does not start with a listener', () => {
  it.each<[string, object, string]>([
    [
      'without a topic',
      {},
      "@RocketMQMessageListener of TestListener has no topic: write @RocketMQMessageListener({ topic: '…' }).",
    ],
    ['with an empty topic', { topic: '' }, '@RocketMQMessageListener of TestListener has no topic'],
    [
      'of an illegal topic',
      { topic: 'a.b' },
      'The topic "a.b" of listener TestListener is illegal: The specified topic contains illegal',
    ],
    [
      'of a blank topic',
      { topic: ' ' },
      'The topic " " of listener TestListener is illegal: The specified topic is blank.',
    ],
    ['of a long topic', { topic: 't'.repeat(128) }, 'is longer than topic max length'],
    [
      'of an illegal group',
      { topic: 't', consumerGroup: 'a b' },
      'The consumer group "a b" of listener TestListener is illegal:',
    ],
    [
      'of a blank group',
      { topic: 't', consumerGroup: '' },
      'The consumer group "" of listener TestListener is illegal: the specified group is blank',
    ],
    [
      'of a long group',
      { topic: 't', consumerGroup: 'g'.repeat(256) },
      'of listener TestListener is illegal:',
    ],
    [
      'that selects by a wrong expression',
      { topic: 't', selectorType: 'SQL92', selectorExpression: 'amount => 5' },
      'The selectorExpression "amount => 5" of listener TestListener is illegal: expected a property, a value or "(", ' +
        'found ">" at character 9',
    ],
    [
      'that selects nothing',
      { topic: 't', selectorExpression: ' || ' },
      'The selectorExpression " || " of listener TestListener is illegal: it has no tag',
    ],
    [
      'that is ORDERLY and BROADCASTING',
      { topic: 't', consumeMode: 'ORDERLY', messageModel: 'BROADCASTING' },
      'Listener TestListener is ORDERLY and BROADCASTING, which cannot go together: use messageModel CLUSTERING or consumeMode CONCURRENTLY.',
    ],
    [
      'that validates no class',
      { topic: 't', validate: true },
      'Listener TestListener has validate: true but no class as messageType',
    ],
    [
      'that validates text',
      { topic: 't', validate: true, messageType: String },
      'has validate: true but no class',
    ],
    [
      'with a wrong option name',
      { topic: 't', consumeThreadMax: 64 },
      '@RocketMQMessageListener(TestListener).consumeThreadMax is not an option; there are: topic, consumerGroup, ',
    ],
    [
      'with a wrong mode',
      { topic: 't', consumeMode: 'FIFO' },
      '@RocketMQMessageListener(TestListener).consumeMode is "FIFO"; allowed: CONCURRENTLY, ORDERLY',
    ],
    [
      'with a wrong number',
      { topic: 't', suspendCurrentQueueTimeMillis: 5 },
      '(TestListener).suspendCurrentQueueTimeMillis is 5; allowed: an integer from 10 to 30000',
    ],
    [
      'with more attempts than requests can say',
      { topic: 't', maxReconsumeTimes: 2 ** 31 },
      '(TestListener).maxReconsumeTimes is 2147483648; allowed: an integer from -1 to 2147483647',
    ],
    [
      'with a wrong delay level',
      { topic: 't', delayLevelWhenNextConsume: 19 },
      '(TestListener).delayLevelWhenNextConsume is 19; allowed: an integer from -1 to 18',
    ],
    [
      'with a wrong policy',
      { topic: 't', badPayload: 'DROP' },
      '(TestListener).badPayload is "DROP"; allowed: DEAD_LETTER, RETRY',
    ],
    [
      'with a wrong type',
      { topic: 't', messageType: 'Order' },
      '(TestListener).messageType is "Order"; allowed: a class, String, Buffer, Object, Array, Number, Boolean or MessageExt',
    ],
    [
      'with a group that is no text',
      { topic: 't', consumerGroup: 7 },
      '(TestListener).consumerGroup is 7; allowed: a text',
    ],
  ])('%s', async (_name, options, text) => {
    await refused(text, one(options));
  });

  it('whose topic is missing from the environment', async () => {
    @RocketMQMessageListener(undefined as never, { consumerGroup: 'g' })
    class EnvironmentListener {
      onMessage(): void {}
    }
    await refused('@RocketMQMessageListener of EnvironmentListener has no topic', [EnvironmentListener]);
  });

  it('without its method', async () => {
    @RocketMQMessageListener({ topic: 't' })
    class HandleListener {
      handle(): void {}
    }
    const text =
      'HandleListener has @RocketMQMessageListener but no method onMessage: add one, or put the decorator on a method.';
    await refused(text, [HandleListener]);
  });

  it('of a group that is reserved', async () => {
    const app = await createApp({ providers: one({ topic: 't', consumerGroup: 'DEFAULT_CONSUMER' }) });
    await expect(app.start()).rejects.toThrow('the group can not be DEFAULT_CONSUMER, which is reserved');
  });

  it('that the defaults of the module make ORDERLY and BROADCASTING', async () => {
    const consumer = { messageModel: 'BROADCASTING' } as const;
    await refused(
      'Listener TestListener is ORDERLY and BROADCASTING',
      one({ topic: 't', consumeMode: 'ORDERLY' }),
      {
        consumer,
      },
    );
  });

  it('whose default group is illegal', async () => {
    await refused('The consumer group "a.b" of listener TestListener is illegal', one({ topic: 't' }), {
      consumer: { group: 'a.b' },
    });
  });
});

describe('two listeners of one group', () => {
  it.each<[string, unknown, unknown]>([
    ['consumeMode', 'ORDERLY', 'CONCURRENTLY'],
    ['messageModel', 'CLUSTERING', 'BROADCASTING'],
    ['consumeThreadNumber', 4, 5],
    ['maxReconsumeTimes', 1, 2],
    ['consumeFromWhere', 'CONSUME_FROM_FIRST_OFFSET', 'CONSUME_FROM_LAST_OFFSET'],
  ])('that differ in %s are refused by name', async (option, a, b) => {
    const text =
      `Listeners of one consumer group share one consumer, but in group "g" ${option} is ${String(a)} in FirstListener ` +
      `and ${String(b)} in SecondListener: make them equal, or give one of them a consumerGroup of its own.`;
    await refused(text, two({ [option]: a, topic: 'a' }, { [option]: b, topic: 'b' }));
  });

  it.each([
    ['function offsetStore', () => ({ offsetStore: () => undefined as never })],
    ['{"name":"X"}', () => ({ allocateMessageQueueStrategy: { name: 'X', allocate: () => [] } })],
  ])('that differ in what looks the same are told so: %s', async (shown, option) => {
    const text = `is ${shown} in FirstListener and another ${shown} in SecondListener`;
    await refused(text, two({ ...option(), topic: 'a' }, { ...option(), topic: 'b' }));
  });

  it.each<[object, object, string]>([
    [{}, {}, 'messages'],
    [{ selectorExpression: 'a' }, {}, 'messages'],
    [{ selectorExpression: 'a || b' }, { selectorExpression: 'b || c' }, 'tag b'],
  ])('that want the same messages are refused by name: %j and %j', async (first, second, what) => {
    const text =
      `In consumer group "g" both FirstListener and SecondListener listen to ${what} of topic "t", but each message ` +
      'goes to one of them only: give them different tags, or one of them a consumerGroup of its own.';
    await refused(text, two(first, second));
  });

  it('in two modules are refused too', async () => {
    const [first, second] = two({}, {});
    const modules = [featureModule({ providers: [first!] }), featureModule({ providers: [second!] })];
    const app = await createApp({ imports: modules });
    await expect(app.start()).rejects.toThrow('both FirstListener and SecondListener');
  });

  it('that agree, or leave it to the other, are one consumer', async () => {
    const app = await startApp({
      providers: two({ topic: 'a', consumeThreadNumber: 4 }, { topic: 'b' }),
      rocketmq: { consumer: { consumeThreadNumber: 9 } },
    });
    expect(await (await app.broker()).consumerIds('g')).toHaveLength(1);
  });
});

it('a failed start of listeners lets nobody consume', async () => {
  const calls: string[] = [];
  const good = listener({ topic: 't', consumerGroup: 'good' }, () => calls.push('called'));
  const app = await createApp({ providers: [good, ...one({ topic: 'a.b' })] });
  await expect(app.start()).rejects.toThrow('illegal');
  await expect(app.template.syncSend('t', 'x')).rejects.toThrow('not running');
  expect(calls).toEqual([]);
});
