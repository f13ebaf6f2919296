import { Logger } from '@nestjs/common';
import { expect, it, vi } from 'vitest';
import type { ConsumeConcurrentlyContext } from '../../lib/client/index.js';
import { decodeMessage } from '../../lib/common/message-decoder.js';
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
