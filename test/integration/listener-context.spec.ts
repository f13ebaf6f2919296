import { AsyncLocalStorage } from 'node:async_hooks';
import { UseGuards } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { RocketMQMessageListener, type RocketMQMessageListenerOptions } from '../../lib/index.js';
import { Inbox, listener, startApp } from '../support/nest-app.js';

const LISTENERS: readonly Partial<RocketMQMessageListenerOptions>[] = [
  {},
  { consumeMode: 'ORDERLY' },
  { consumeMessageBatchMaxSize: 8 },
  { consumeMode: 'ORDERLY', consumeMessageBatchMaxSize: 8 },
  { batch: { size: 2, lingerMs: 20 } },
  { clientRebalance: false },
];

describe('AsyncLocalStorage', () => {
  it.each(LISTENERS)('of a sender does not reach the listener, %j', async (options) => {
    const request = new AsyncLocalStorage<string>();
    const stores = new Inbox<string | undefined>();
    const handle = () => stores.push(request.getStore());
    const app = await startApp({ providers: [listener({ topic: 't', ...options }, handle)] });
    await app.template.syncSend('t', 0);
    // The consumer waits for the next one.
    await stores.take();
    await request.run('a', async () => {
      for (let sent = 1; sent < 4; sent++) {
        await app.template.syncSend('t', sent);
        expect(request.getStore()).toBe('a');
        await stores.take(sent + 1);
      }
    });
    expect(new Set(stores.received)).toEqual(new Set([undefined]));
  });

  it.each(LISTENERS)('of a message does not reach the next one, %j', async (options) => {
    const request = new AsyncLocalStorage<string>();
    const [before, sent] = [new Inbox<string | undefined>(), ['a', 'b', 'c', 'd', 'e', 'f']];
    class EnteringGuard {
      canActivate(): boolean {
        before.push(request.getStore());
        request.enterWith('guard');
        return true;
      }
    }
    @RocketMQMessageListener({ topic: 't', consumeThreadNumber: 1, ...options })
    class Entering {
      @UseGuards(EnteringGuard)
      onMessage(): void {
        request.enterWith('listener');
      }
    }
    const app = await startApp({ providers: [Entering] });
    await Promise.all(sent.map((text) => app.template.syncSendOrderly('t', text, 'one queue')));
    const calls = options.batch === undefined ? sent.length : 2;
    expect(new Set(await before.take(calls))).toEqual(new Set([undefined]));
  });

  it('of a listener without a guard does not reach the next message', async () => {
    const request = new AsyncLocalStorage<string>();
    const before = new Inbox<string | undefined>();
    const handle = () => {
      before.push(request.getStore());
      request.enterWith('listener');
    };
    const app = await startApp({ providers: [listener({ topic: 't' }, handle)] });
    await app.template.syncSend('t', [1, 2, 3]);
    expect(await before.take(3)).toEqual([undefined, undefined, undefined]);
  });
});
