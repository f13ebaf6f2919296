import {
  Global,
  Injectable,
  Module,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { describe, expect, it, vi } from 'vitest';
import type { BrokerController } from '../../lib/engine/broker/broker-controller.js';
import { RocketMQModule, RocketMQTemplate } from '../../lib/index.js';
import { ListenerRegistrar } from '../../lib/listener/listener.registrar.js';
import { Receiver } from '../../lib/receiving/receiver.js';
import { RocketMQConnection } from '../../lib/rocketmq.connection.js';
import { createApp, featureModule, gate, Inbox, listener, startApp } from '../support/nest-app.js';
import { temporaryDirectory } from '../support/test-store.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

/** None of them ends before it may. */
async function endTogether(ends: readonly (() => Promise<void>)[], open: () => void): Promise<void> {
  let ended = 0;
  const all = ends.map((end) => end().then(() => ended++));
  await settle(50);
  expect(ended).toBe(0);
  open();
  await Promise.all(all);
}

describe('the start', () => {
  it.each([true, false])(
    'has the template ready in onModuleInit of every module (isGlobal: %s)',
    async (isGlobal) => {
      @Injectable()
      class Sender implements OnModuleInit {
        constructor(private readonly rocketMQ: RocketMQTemplate) {}
        async onModuleInit(): Promise<void> {
          await this.rocketMQ.syncSend('t', 'x');
        }
      }
      const feature = featureModule({ imports: isGlobal ? [featureModule({ providers: [Sender] })] : [] });
      const app = await startApp({ rocketmq: { isGlobal }, imports: [feature], providers: [Sender] });
      expect(await app.stored('t')).toHaveLength(isGlobal ? 2 : 1);
    },
  );

  it('and the end have the template ready for a global module that was imported before', async () => {
    const sent = new Inbox<string>();
    @Injectable()
    class Sender implements OnModuleInit, OnApplicationShutdown {
      constructor(private readonly rocketMQ: RocketMQTemplate) {}
      async onModuleInit(): Promise<void> {
        sent.push((await this.rocketMQ.syncSend('t', 'begin')).sendStatus);
      }
      async onApplicationShutdown(): Promise<void> {
        sent.push((await this.rocketMQ.syncSend('t', 'end')).sendStatus);
      }
    }
    @Global()
    @Module({ providers: [Sender] })
    class Early {}
    const engine = { storePathRootDir: `${temporaryDirectory()}/store` };
    const app = await startApp({ module: [Early, RocketMQModule.forRoot({ engine })] });
    await app.close();
    expect(sent.received).toEqual(['SEND_OK', 'SEND_OK']);
  });

  it('is what a send before it, or after the end, is told of', async () => {
    const app = await createApp();
    const text = 'The producer is not running, start it first: in a Nest application it runs from app.init()';
    await expect(app.template.syncSend('t', 'x')).rejects.toThrow(text);
    await app.start();
    await app.close();
    await expect(app.template.syncSend('t', 'x')).rejects.toThrow(text);
  });

  it('lets listeners begin when every other onApplicationBootstrap has ended', async () => {
    const events = new Inbox<string>();
    const { opened, open } = gate();
    const bootstrap = (name: string) => {
      @Injectable()
      class Bootstrap implements OnApplicationBootstrap {
        async onApplicationBootstrap(): Promise<void> {
          await opened;
          events.push(name);
        }
      }
      return Bootstrap;
    };
    const app = await createApp({
      imports: [featureModule({ providers: [bootstrap('feature')] })],
      providers: [bootstrap('root'), listener<string>({ topic: 't' }, events.push)],
    });
    const init = app.start();
    await app.logger.logged('the engine runs in this process');
    await app.template.syncSend('t', 'message');
    await settle(20);
    expect(events.received).toEqual([]);
    open();
    await init;
    expect(await events.take(3)).toEqual(['feature', 'root', 'message']);
  });
});

it('a start does not take a store that gets free after the end', async () => {
  const first = await startApp();
  const second = await createApp({ directory: first.directory });
  const connection = second.module.get(RocketMQConnection, { strict: false });
  const started = expect(connection.start()).rejects.toThrow('The application was closed while it started');
  await second.logger.logged('is in use: for 3 s');
  await connection.close();
  await first.close();
  await started;
  expect(connection.engine!.isStoreInUse()).toBe(false);
});

describe('a start that fails', () => {
  /** Two listeners that cannot be in one group. */
  const contradicting = ['CONCURRENTLY', 'ORDERLY'].map((consumeMode) =>
    listener({ topic: consumeMode, consumerGroup: 'g', consumeMode: consumeMode as 'ORDERLY' }, () => {}),
  );

  it('gives the store free and keeps its reason, although listeners cannot be stopped', async () => {
    const app = await createApp({ providers: contradicting });
    const registrar = app.module.get(ListenerRegistrar, { strict: false });
    vi.spyOn(registrar, 'stop').mockRejectedValueOnce(new Error('cannot stop'));
    await expect(app.start()).rejects.toThrow('share one consumer');
    await app.logger.logged('so did a step of the end that followed: Error: cannot stop');
    await startApp({ directory: app.directory });
  });

  it.each(['engine', 'pull consumer', 'listeners'])(
    'of the %s keeps its reason although the end fails',
    async (what) => {
      const app = await createApp({ providers: what === 'listeners' ? contradicting : [] });
      const connection = app.module.get(RocketMQConnection, { strict: false });
      const { producer, engine } = connection;
      if (what === 'engine')
        vi.spyOn(engine!, 'start').mockRejectedValueOnce(new Error('share one consumer'));
      const receiver = app.module.get(Receiver, { strict: false });
      if (what === 'pull consumer')
        vi.spyOn(receiver, 'start').mockRejectedValueOnce(new Error('share one consumer'));
      vi.spyOn(producer, 'ended').mockRejectedValueOnce(new Error('no trace'));
      await expect(app.start()).rejects.toThrow('share one consumer');
      await app.logger.logged('so did a step of the end that followed: Error: no trace');
    },
  );
});

describe('the end', () => {
  it('stops listeners first, waits for running handlers before anything else ends, then closes producer and engine', async () => {
    const events = new Inbox<string>();
    const { opened, open } = gate();
    @Injectable()
    class Database implements OnModuleDestroy, BeforeApplicationShutdown, OnApplicationShutdown {
      constructor(private readonly rocketMQ: RocketMQTemplate) {}
      async onModuleDestroy(): Promise<void> {
        await this.rocketMQ.syncSend('t', 'too late for this application');
        await settle(20);
        events.push('onModuleDestroy');
      }
      beforeApplicationShutdown(): void {
        events.push('beforeApplicationShutdown');
      }
      async onApplicationShutdown(): Promise<void> {
        await this.rocketMQ.syncSend('farewell', 'x');
        events.push('onApplicationShutdown');
      }
    }
    const handle = async (text: string) => {
      events.push(`begins ${text}`);
      await opened;
      await app.template.syncSend('out', 'sent by a handler that was running');
      events.push(`ends ${text}`);
    };
    const app = await startApp({
      providers: [
        Database,
        listener<string>({ topic: 't', awaitTerminationMillisWhenShutdown: 10_000 }, handle),
      ],
    });
    await app.template.syncSend('t', 'x');
    await events.take();
    const closing = app.close();
    await settle(20);
    expect(events.received).toEqual(['begins x']);
    open();
    await closing;
    expect(events.received).toEqual([
      'begins x',
      'ends x',
      'onModuleDestroy',
      'beforeApplicationShutdown',
      'onApplicationShutdown',
    ]);

    const got = new Inbox<string>();
    const again = await startApp({
      directory: app.directory,
      providers: [listener<string>({ topic: 't' }, got.push)],
    });
    expect(await again.stored('farewell')).toHaveLength(1);
    expect(await again.stored('out')).toHaveLength(1);
    expect(await got.take()).toEqual(['too late for this application']);
    await again.template.syncSend('t', 'end');
    expect(await got.take(2)).toEqual(['too late for this application', 'end']);
  });

  it('waits no longer than it should, names what still runs, and has it come again', async () => {
    const clock = new VirtualClock();
    const begun = new Inbox<string>();
    const { opened, open } = gate();
    const hang = async (text: string) => {
      begun.push(text);
      await opened;
    };
    const options = { topic: 't', consumerGroup: 'g', awaitTerminationMillisWhenShutdown: 5000 };
    const app = await startApp({ clock, providers: [listener<string>(options, hang)] });
    const { msgId } = await app.template.syncSend('t', 'x');
    await begun.take();
    let isClosed = false;
    const closing = app.close().then(() => (isClosed = true));
    await settle(20);
    await clock.advance(4999);
    expect(isClosed).toBe(false);
    await clock.advance(1);
    await closing;
    expect(app.logger.lines).toContain(
      'WARN [RocketMQListener:g] Listeners of group g still run 5000 ms after the shutdown began, and their messages ' +
        `come again: ${msgId}. awaitTerminationMillisWhenShutdown sets how long to wait.`,
    );
    const again = await startApp({
      directory: app.directory,
      providers: [listener<string>(options, begun.push)],
    });
    expect(await begun.take(2)).toEqual(['x', 'x']);
    open();
    await again.close();
  });

  it('lets sends that are under way end', async () => {
    const app = await startApp({ rocketmq: { engine: { flushDiskType: 'SYNC_FLUSH' } } });
    await app.template.syncSend('t', 'x');
    const sends = Array.from({ length: 50 }, () => app.template.syncSend('t', 'x'));
    const [results] = await Promise.all([Promise.all(sends), app.close()]);
    const again = await startApp({ directory: app.directory });
    expect(await again.stored('t')).toHaveLength(51);
    expect(new Set(results.map(({ sendStatus }) => sendStatus))).toEqual(new Set(['SEND_OK']));
  });

  it('closes the engine although what is before it fails', async () => {
    const app = await startApp();
    const { producer } = app.module.get(RocketMQConnection, { strict: false });
    vi.spyOn(producer, 'ended').mockRejectedValueOnce(new Error('no trace'));
    // Nest 11 rejects.
    await app.module.close().catch(() => {});
    await startApp({ directory: app.directory });
  });

  it('can be asked for twice', async () => {
    const app = await startApp({ providers: [listener({ topic: 't' }, () => {})] });
    await Promise.all([app.module.close(), app.module.close()]);
    await app.module.close();
  });

  it('asked for twice waits both times for listeners that run', async () => {
    const { opened, open } = gate();
    const begun = new Inbox<string>();
    const handle = async (text: string) => {
      begun.push(text);
      await opened;
    };
    const options = { topic: 't', awaitTerminationMillisWhenShutdown: 10_000 };
    const app = await startApp({ providers: [listener<string>(options, handle)] });
    await app.template.syncSend('t', 'x');
    await begun.take();
    const registrar = app.module.get(ListenerRegistrar, { strict: false });
    await endTogether([() => registrar.stop(), () => registrar.stop()], open);
  });

  it('asked for twice waits both times for the store', async () => {
    const { opened, open } = gate();
    const app = await startApp();
    const connection = app.module.get(RocketMQConnection, { strict: false });
    const engine = connection.engine!;
    const { store } = (engine as unknown as { broker: BrokerController }).broker;
    const close = store.close.bind(store);
    vi.spyOn(store, 'close').mockImplementationOnce(() => opened.then(close));
    await endTogether([() => connection.close(), () => connection.close(), () => engine.shutdown()], open);
  });

  it('of an application that never started harms nobody', async () => {
    const app = await createApp();
    await app.close();
    await startApp({ directory: app.directory });
  });
});

it('an async handler is awaited before its message counts as consumed', async () => {
  const { opened, open } = gate();
  const begun = new Inbox<string>();
  const handle = async (text: string) => {
    begun.push(text);
    if (text === 'x') await opened;
  };
  const options = { topic: 't', consumerGroup: 'g', consumeThreadNumber: 1 };
  const app = await startApp({ providers: [listener<string>(options, handle)] });
  await app.template.syncSendOrderly('t', ['x', 'y'], 'key');
  await begun.take();
  await settle(20);
  expect(begun.received).toEqual(['x']);
  open();
  expect(await begun.take(2)).toEqual(['x', 'y']);
});

it('nothing that is logged shows a payload', async () => {
  const secret = 'secret-4711';
  const app = await startApp({
    providers: [
      listener({ topic: 't', consumerGroup: 'fails' }, () => {
        throw new Error('no');
      }),
      listener({ topic: 't', consumerGroup: 'unreadable', messageType: Object }, () => {}),
    ],
  });
  await app.template.syncSend('t', secret, { keys: secret, properties: { p: secret } });
  await app.logger.logged('group fails): Error: no');
  await app.logger.logged('is not JSON');
  await app.template.syncSend('t', 'x'.repeat(5 * 1024 * 1024)).catch(() => {});
  expect(app.logger.lines.join('\n')).not.toContain(secret);
});
