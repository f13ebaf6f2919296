import { describe, expect, it, vi } from 'vitest';
import type { DefaultMQProducer, SendOptions, SendResult } from '../../lib/client/index.js';
import type { Message } from '../../lib/common/message.js';
import { RocketMQTemplate } from '../../lib/index.js';
import { RecordingLogger } from '../support/test-store.js';

const RESULT = { sendStatus: 'SEND_OK', msgId: 'id' } as SendResult;

interface Call {
  readonly method: string;
  readonly messages: readonly Message[];
  readonly options: SendOptions;
}

/** A template whose producer notes its calls. */
function create() {
  const calls: Call[] = [];
  const note =
    (method: string) =>
    async (message: Message | readonly Message[], options: SendOptions = {}): Promise<SendResult> => {
      calls.push({ method, messages: [message].flat() as Message[], options });
      return RESULT;
    };
  const producer = {
    send: note('send'),
    sendAsync: note('sendAsync'),
    sendOneway: note('sendOneway'),
    sendBatch: note('sendBatch'),
    sendBatchAsync: note('sendBatchAsync'),
  } as unknown as DefaultMQProducer;
  const logger = new RecordingLogger();
  const template = new RocketMQTemplate(producer, { isSpringCompatible: false, clockNow: () => 0, logger });
  return { template, calls, logger };
}

describe('RocketMQTemplate', () => {
  it('uses the kind of send that the method names', async () => {
    const { template, calls } = create();
    const callback = { onSuccess: vi.fn(), onException: vi.fn() };
    await template.syncSend('t', 'x');
    await template.syncSend('t', ['x', 'y']);
    await template.syncSendOrderly('t', 'x', 'key');
    await template.asyncSend('t', 'x');
    await template.asyncSend('t', ['x']);
    await template.asyncSendOrderly('t', 'x', 'key');
    template.asyncSend('t', 'x', callback);
    template.asyncSendOrderly('t', 'x', 'key', callback);
    await template.sendOneWay('t', 'x');
    await template.sendOneWayOrderly('t', 'x', 'key');
    await template.convertAndSend('t', 'x');
    expect(calls.map(({ method, options }) => `${method}${options.arg === 'key' ? ' by key' : ''}`)).toEqual([
      'send',
      'sendBatch',
      'send by key',
      'sendAsync',
      'sendBatchAsync',
      'sendAsync by key',
      'sendAsync',
      'sendAsync by key',
      'sendOneway',
      'sendOneway by key',
      'send',
    ]);
    expect(callback.onSuccess.mock.calls).toEqual([[RESULT], [RESULT]]);
  });

  it.each<[string, (template: RocketMQTemplate) => Promise<unknown>]>([
    [
      'syncSend',
      (template) => template.syncSend('t:a', 'x', { timeout: 5, delayLevel: 3, keys: 'k', tag: 'b' }),
    ],
    [
      'asyncSend',
      (template) => template.asyncSend('t:a', 'x', { timeout: 5, delayLevel: 3, keys: 'k', tag: 'b' }),
    ],
    [
      'syncSendOrderly',
      (template) => template.syncSendOrderly('t:b', 'x', 'key', { timeout: 5, delayLevel: 3, keys: ['k'] }),
    ],
    [
      'sendOneWay',
      (template) => template.sendOneWay('t', 'x', { timeout: 5, delayLevel: 3, keys: 'k', tag: 'b' }),
    ],
    [
      'convertAndSend',
      (template) =>
        template.convertAndSend('t:b', 'x', { KEYS: 'k' }, undefined, { timeout: 5, delayLevel: 3 }),
    ],
  ])('%s passes its options on', async (_name, send) => {
    const { template, calls } = create();
    await send(template);
    const [{ messages, options }] = calls as [Call];
    expect(options.timeout).toBe(5);
    expect(messages[0]).toMatchObject({ topic: 't', tags: 'b', keys: 'k', delayTimeLevel: 3 });
  });

  it('reads timeout and delay level behind a callback that is null, as Java has it, or undefined', () => {
    const { template, calls } = create();
    const none = null as never;
    template.asyncSend('t', 'x', none, 5, 3);
    template.asyncSend('t', 'x', undefined as never, 5, 3);
    template.asyncSendOrderly('t', 'x', 'key', none, 5, 3);
    expect(calls.map(({ messages, options }) => [options.timeout, messages[0]!.delayTimeLevel])).toEqual([
      [5, 3],
      [5, 3],
      [5, 3],
    ]);
    expect(calls[2]!.options.arg).toBe('key');
  });

  it('leaves the timeout to the producer where none is given', async () => {
    const { template, calls } = create();
    await template.syncSend('t', 'x');
    expect(calls[0]!.options.timeout).toBeUndefined();
    expect(calls[0]!.messages[0]!.delayTimeLevel).toBe(0);
  });

  it('lets the post-processor send another message', async () => {
    const { template, calls } = create();
    await template.convertAndSend('t', 'x', {}, (message) => Object.assign(message, { topic: 'other' }));
    expect(calls[0]!.messages[0]!.topic).toBe('other');
  });

  it('tells the callback of an error that comes before the send', async () => {
    const { template, calls } = create();
    const error = await new Promise<Error>((onException) => {
      template.asyncSend('', 'x', { onSuccess: () => {}, onException });
    });
    expect(error.message).toContain('has no topic');
    expect(calls).toEqual([]);
  });

  it.each(['onSuccess', 'onException'])('logs what a callback throws in %s', async (name) => {
    const { template, logger } = create();
    const fail = () => {
      throw new Error('broken');
    };
    const line = await new Promise<string>((resolve) => {
      vi.spyOn(logger, 'error').mockImplementation((message) => {
        resolve(message);
        return undefined;
      });
      template.asyncSend(name === 'onSuccess' ? 't' : '', 'x', { onSuccess: fail, onException: fail });
    });
    const [message, ...stack] = line.split('\n    at ');
    expect(message).toBe('The callback of an asynchronous send failed: Error: broken');
    expect(stack[0]).toContain('rocketmq-template.spec.ts');
  });
});
