import { Logger } from '@nestjs/common';
import { expect, it, vi } from 'vitest';
import type { ConsumeConcurrentlyContext } from '../../lib/client/index.js';
import { decodeMessage } from '../../lib/common/message-decoder.js';
import type { ListenerRoute } from '../../lib/listener/listener-route.js';
import { MessageDispatcher } from '../../lib/listener/message-dispatcher.js';
import { encodeRecord, innerMessage } from '../support/test-store.js';

it.each([
  [false, 2],
  [true, 0],
])(
  'failed messages of a queue that was taken away (%s) are left to whoever has it next',
  async (isDropped, count) => {
    const sendMessageDead = vi.fn(async () => {});
    const taker = { sendMessageDead, sendMessageBack: async () => {} };
    const logger = new Logger();
    vi.spyOn(logger, 'warn').mockImplementation(() => {});
    // Without a listener they become dead.
    const dispatcher = new MessageDispatcher(new Map(), false, () => taker, logger);
    const message = decodeMessage(encodeRecord(innerMessage()))!;
    const context = { isAborted: false, isDropped: false };
    const consumed = dispatcher.consumeConcurrently(
      [message, message],
      context as ConsumeConcurrentlyContext,
    );
    context.isDropped = isDropped;
    expect(await consumed).toBe('CONSUME_SUCCESS');
    expect(sendMessageDead).toHaveBeenCalledTimes(count);
  },
);

it('reads the properties of a message only where a listener has tags', () => {
  const message = decodeMessage(encodeRecord(innerMessage()))!;
  const invoke = vi.fn();
  const route = { tags: new Set<string>(), read: () => undefined, endpoint: { invoke } };
  const routes = new Map([[message.topic, [route as unknown as ListenerRoute]]]);
  const dispatcher = new MessageDispatcher(routes, false, () => undefined!, new Logger());
  const properties = vi.spyOn(message, 'properties', 'get');
  const context = { isAborted: false, isDropped: false } as ConsumeConcurrentlyContext;
  expect(dispatcher.consumeConcurrently([message], context)).toBe('CONSUME_SUCCESS');
  expect(invoke).toHaveBeenCalledOnce();
  expect(properties).not.toHaveBeenCalled();
});
