import { Injectable, type Type } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import {
  Ack,
  Idempotent,
  MessageExt,
  Retry,
  RocketMQMessageListener,
  type RocketMQIdempotencyAnswer,
  type RocketMQIdempotencyStore,
  type RocketMQIdempotentOptions,
  type RocketMQMessageListenerOptions,
} from '../../lib/index.js';
import { createApp, gate, Inbox, listener, startApp } from '../support/nest-app.js';
import { MINUTE, SECOND, settle, VirtualClock } from '../support/virtual-clock.js';

type Handle = (payload: never, message: MessageExt) => unknown;

function idempotentListener(
  options: RocketMQMessageListenerOptions,
  idempotent: RocketMQIdempotentOptions,
  handle: Handle,
): Type {
  @RocketMQMessageListener({ messageType: String, ...options })
  @Idempotent(idempotent)
  class IdempotentListener {
    onMessage(payload: never, message: MessageExt): unknown {
      return handle(payload, message);
    }
  }
  return IdempotentListener;
}

/** An application with a listener whose key is the text, and which notes what it handles. */
async function open(
  idempotent: RocketMQIdempotentOptions = {},
  options: Partial<RocketMQMessageListenerOptions> = {},
  handle: (text: string) => unknown = () => undefined,
  directory?: string,
) {
  const clock = new VirtualClock(Date.UTC(2026, 0, 15, directory === undefined ? 12 : 13));
  const handled = new Inbox<string>();
  const listening = (text: string) => {
    handled.push(text);
    return handle(text);
  };
  const key = (text: string) => text;
  const listener = idempotentListener(
    { topic: 't', consumerGroup: 'g', ...options },
    { key, ...idempotent },
    listening,
  );
  const app = await startApp({
    clock,
    directory,
    // Virtual time passes faster than the disk works.
    rocketmq: {
      producer: { sendMessageTimeout: 10 * MINUTE },
      consumer: { awaitTerminationMillisWhenShutdown: 0 },
    },
    providers: [listener],
  });
  const send = async (...texts: string[]) => {
    for (const text of texts) await app.template.syncSendOrderly('t', text, 'key');
  };
  return { app, clock, handled, send };
}

/** Lets time pass so slowly that what waits for the disk does not run into a timeout. */
async function pass(clock: VirtualClock, millis: number, until = () => false): Promise<void> {
  for (let passed = 0; passed < millis && !until(); passed += 100) {
    await clock.advance(100);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

describe.each(['BROKER', 'MEMORY'] as const)('@Idempotent with store %s', (store) => {
  it.each([
    ['concurrently', {}],
    ['in order', { consumeMode: 'ORDERLY' as const }],
  ])('handles messages with one key once, %s', async (_, options) => {
    const { clock, handled, send } = await open({ store }, options);
    await send('a', 'a', 'b');
    await handled.take(2);
    await send('b', 'a', 'c');
    await handled.take(3);
    await pass(clock, SECOND);
    // One that came while the other was being handled comes again after the lease.
    await clock.advance(40 * MINUTE);
    expect(handled.received.toSorted()).toEqual(['a', 'b', 'c']);
  });

  it('lets a message come again whose listener failed, or wants it again', async () => {
    let attempts = 0;
    const handle = () => {
      attempts++;
      if (attempts === 1) throw new Error('not yet');
      return attempts === 2 ? Retry() : Ack;
    };
    const { clock, handled, send } = await open({ store }, {}, handle);
    await send('a');
    await pass(clock, MINUTE, () => handled.received.length === 3);
    await send('a');
    await pass(clock, SECOND);
    await clock.advance(40 * MINUTE);
    expect(handled.received).toEqual(['a', 'a', 'a']);
  });

  it('handles a request again whose error was replied, and replies to it', async () => {
    let attempts = 0;
    const handle = () => {
      if (++attempts === 1) throw new Error('not yet');
      return 'now';
    };
    const { app, clock, handled } = await open({ store }, { reply: true, replyErrors: true }, handle);
    const ask = async () => {
      const reply = new Inbox<unknown>();
      void app.template.sendAndReceive('t', 'a', String).then(reply.push, reply.push);
      await pass(clock, MINUTE, () => reply.received.length === 1);
      return String(reply.received[0]);
    };
    expect(await ask()).toContain('not yet');
    expect(await ask()).toBe('now');
    expect(handled.received).toEqual(['a', 'a']);
  });

  it('lets a message wait whose key is being handled, and handles it only if that fails', async () => {
    const { opened, open: release } = gate();
    const { clock, handled, send } = await open({ store, lease: '30s' }, {}, async () => {
      if (handled.received.length > 1) return;
      await opened;
      throw new Error('failed at last');
    });
    await send('a');
    await handled.take();
    await send('a');
    await pass(clock, 20 * SECOND);
    expect(handled.received).toHaveLength(1);
    release();
    await pass(clock, MINUTE, () => handled.received.length === 2);
    await pass(clock, SECOND);
    await clock.advance(30 * MINUTE);
    expect(handled.received).toHaveLength(2);
  });

  it('knows a key for its ttl', async () => {
    const { clock, handled, send } = await open({ store, ttl: '1h' });
    await send('a');
    await handled.take();
    await pass(clock, SECOND);
    await clock.advance(59 * MINUTE);
    await send('a');
    await pass(clock, SECOND);
    expect(handled.received).toHaveLength(1);
    await clock.advance(MINUTE);
    await send('a');
    await handled.take(2);
  });

  it('handles a message that was given up while it waited for a batch, and came again', async () => {
    const { opened, open: release } = gate();
    const batches = { batch: { size: 2 }, consumeThreadNumber: 1, consumeTimeout: 1 };
    const { clock, handled, send } = await open({ store }, batches, () => opened);
    await send('a');
    await handled.take();
    await send('b');
    await pass(clock, MINUTE + SECOND);
    release();
    await pass(clock, MINUTE, () => handled.received.length === 2);
    expect(handled.received.flat()).toEqual(['a', 'b']);
  });

  it('looks at each message of a batch', async () => {
    const { clock, handled, send } = await open({ store }, { batch: { size: 8, lingerMs: 1000 } });
    const seen = () => handled.received.flat();
    await send('a', 'b', 'a');
    await pass(clock, MINUTE, () => seen().length === 2);
    await pass(clock, SECOND);
    await send('b', 'c');
    await pass(clock, MINUTE, () => seen().length === 3);
    await clock.advance(40 * MINUTE);
    expect(seen().toSorted()).toEqual(['a', 'b', 'c']);
  });
});

describe('@Idempotent', () => {
  it('has the msgId as key by default, and keeps groups apart', async () => {
    const [first, second] = [new Inbox<string>(), new Inbox<string>()];
    const of = (consumerGroup: string, inbox: Inbox<string>) =>
      idempotentListener({ topic: 't', consumerGroup }, {}, inbox.push as Handle);
    const app = await startApp({ providers: [of('g', first), of('h', second)] });
    await app.template.syncSend('t', 'a');
    await app.template.syncSend('t', 'a');
    expect(await first.take(2)).toEqual(['a', 'a']);
    expect(await second.take(2)).toEqual(['a', 'a']);
  });

  it('knows after a restart what was handled before', async () => {
    const before = await open();
    await before.send('a');
    await before.handled.take();
    await settle(20);
    await before.app.close();
    const { clock, handled, send } = await open({}, {}, undefined, before.app.directory);
    await send('a', 'b');
    await handled.take();
    await pass(clock, SECOND);
    expect(handled.received).toEqual(['b']);
  });

  it('has a store of the application, as a provider or an object', async () => {
    const asked = new Inbox<readonly [string, number, number]>();
    @Injectable()
    class Store implements RocketMQIdempotencyStore {
      async begin(
        key: string,
        { ttl, lease }: { ttl: number; lease: number },
      ): Promise<RocketMQIdempotencyAnswer> {
        asked.push([key, ttl, lease]);
        return { state: 'DONE' };
      }
    }
    const options = { topic: 't', consumerGroup: 'g', consumeTimeout: 2 };
    const handled = new Inbox<string>();
    const of = (store: RocketMQIdempotentOptions['store']) =>
      idempotentListener(options, { store }, handled.push as Handle);
    const providers = [of(Store), Store];
    const app = await startApp({ providers });
    await app.template.syncSend('t', 'x');
    const [[key, ttl, lease]] = (await asked.take()) as [[string, number, number]];
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    expect([ttl, lease]).toEqual([24 * 60 * MINUTE, 2 * MINUTE]);
    const other = await startApp({ providers: [of(new Store())] });
    await other.template.syncSend('t', 'x');
    await asked.take(2);
    await settle(20);
    expect(handled.received).toEqual([]);
  });

  it('handles nothing while its store does not answer, and says so', async () => {
    let isDown = true;
    const store: RocketMQIdempotencyStore = {
      begin() {
        if (isDown) throw new Error('the store is down');
        return { state: 'NEW', done: () => Promise.reject(new Error('down again')), release: () => {} };
      },
    };
    const { app, clock, handled, send } = await open({ store });
    await send('a');
    await app.logger.logged('Error: the store is down');
    expect(handled.received).toEqual([]);
    isDown = false;
    await pass(clock, MINUTE, () => handled.received.length === 1);
    await app.logger.logged('It could not be noted how IdempotentListener ended');
    await clock.advance(MINUTE);
    expect(handled.received).toHaveLength(1);
  });

  it('takes a key that is none for a failure', async () => {
    const { app, handled, send } = await open({ key: () => undefined as never });
    await send('a');
    await app.logger.logged('for IdempotentListener is undefined; allowed: a text, or a number');
    expect(handled.received).toEqual([]);
  });

  it.each<[RocketMQIdempotentOptions, string]>([
    [{ ttl: 'soon' }, 'ttl is "soon"; allowed: milliseconds from 1 up to a year, or text such as "90s"'],
    [{ lease: 0 }, 'lease is 0; allowed: milliseconds'],
    [{ store: 'REDIS' as never }, "store is \"REDIS\"; allowed: 'BROKER', 'MEMORY', a store"],
    [{ key: 'id' as never }, 'key is "id"; allowed: a function'],
    [{ timeout: 1 } as never, 'timeout is not an option; there are: key, ttl, lease, store'],
    [
      { store: class Missing {} as never },
      'The store Missing of @Idempotent of IdempotentListener cannot be used',
    ],
  ])('refuses %j', async (options, message) => {
    const app = await createApp({ providers: [idempotentListener({ topic: 't' }, options, () => {})] });
    await expect(app.start()).rejects.toThrow(message);
  });

  it.each([
    ['pulls', true],
    ['pops', false],
  ])(
    'waits no longer for a lease than its listener, which %s, has a level for',
    async (_, clientRebalance) => {
      const clock = new VirtualClock();
      const handled = new Inbox<string>();
      const free = { state: 'NEW', done: () => {}, release: () => {} } as const;
      const leaseEnd = clock.now() + 15 * MINUTE;
      const begin = (): RocketMQIdempotencyAnswer => {
        const forMillis = leaseEnd - clock.now();
        return forMillis > 0 ? { state: 'IN_PROGRESS', forMillis } : free;
      };
      const options = { topic: 't', consumerGroup: 'g', clientRebalance };
      const app = await startApp({
        clock,
        rocketmq: { engine: { defaultMessageRequestMode: 'POP' } },
        providers: [idempotentListener(options, { store: { begin } }, handled.push as Handle)],
      });
      await app.template.syncSend('t', 'a');
      await pass(clock, SECOND);
      await clock.advanceUntil(() => handled.received.length > 0, 21 * MINUTE);
    },
  );

  it('belongs to one listener of its name in a group', async () => {
    const of = (topic: string, consumerGroup = 'g') =>
      idempotentListener({ topic, consumerGroup }, {}, () => {});
    const app = await createApp({ providers: [of('t'), of('u')] });
    await expect(app.start()).rejects.toThrow(
      'In consumer group "g" two @Idempotent listeners have the name IdempotentListener (topic "t" and topic "u")',
    );
    await startApp({
      providers: [of('t'), of('u', 'h'), listener({ topic: 'v', consumerGroup: 'g' }, () => {})],
    });
  });

  it('goes not with BROADCASTING, and needs a listener', async () => {
    const broadcasting = idempotentListener({ topic: 't', messageModel: 'BROADCASTING' }, {}, () => {});
    await expect((await createApp({ providers: [broadcasting] })).start()).rejects.toThrow(
      'is @Idempotent and BROADCASTING',
    );
    class Lost {
      @Idempotent()
      handle(): void {}
    }
    await expect((await createApp({ providers: [Lost] })).start()).rejects.toThrow(
      'Lost.handle has @Idempotent but is no listener',
    );
  });
});

describe('a ttl beyond fileReservedTime', () => {
  it('is warned of where the engine is in this process', async () => {
    const { app } = await open({ ttl: '7d' });
    expect(app.logger.lines.join('\n')).toMatch(
      /IdempotentListener.* has a ttl of 168 hours, but .* after 72 \(fileReservedTime\)/,
    );
  });

  it.each([{ ttl: '72h' }, { ttl: '7d', store: 'MEMORY' as const }])(
    'is not there with %o',
    async (options) => {
      const { app } = await open(options);
      expect(app.logger.lines.join('\n')).not.toContain('fileReservedTime');
    },
  );
});
