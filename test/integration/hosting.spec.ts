import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { EmbeddedEngine } from '../../lib/engine/index.js';
import { ConfigurationError, RocketMQConnections, StoreLockedError } from '../../lib/index.js';
import { EngineHost } from '../../lib/rocketmq.host.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { createApp, failureOf, Inbox, listener, startApp } from '../support/nest-app.js';
import { temporaryDirectory } from '../support/test-store.js';
import { HOUR, VirtualClock } from '../support/virtual-clock.js';

/** A port on which something listens until it is closed. */
async function occupy(): Promise<{ port: number; close: () => Promise<void> }> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return { port: (server.address() as AddressInfo).port, close };
}

const freeAddress = async () => `127.0.0.1:${await freePort()}`;

it.each([
  ['', 0],
  [', also when the clock is set back meanwhile', -HOUR],
])(
  'an application whose store belongs to one that does not listen at nameServer says so, and gives up%s',
  async (_, step) => {
    const owner = await startApp();
    const clock = new VirtualClock();
    clock.setTimeout(() => clock.set(clock.now() + step), 1000);
    const nameServer = await freeAddress();
    const engine = { listen: { listenPort: 0 } };
    const app = await createApp({ directory: owner.directory, clock, rocketmq: { nameServer, engine } });
    const error = await failureOf(app, clock);
    expect(error).toBeInstanceOf(StoreLockedError);
    expect(String(error)).toContain(`${owner.directory}/store is in use by another engine of this process`);
    const waiting = app.logger.lines.filter((line) => line.startsWith('WARN [RocketMQ] '));
    expect(waiting).toEqual([expect.stringContaining(`Nothing listens on nameServer ${nameServer} yet`)]);
    expect(waiting[0]).toContain('is in use by another engine of this process. This is tried again');
    expect((await owner.template.syncSend('t', 'x')).sendStatus).toBe('SEND_OK');
  },
);

it('an application whose broker port belongs to something else says so, and gives up', async () => {
  const { port, close } = await occupy();
  onTestFinished(close);
  const clock = new VirtualClock();
  const nameServer = await freeAddress();
  const directory = temporaryDirectory();
  const engine = { listen: { listenPort: port } };
  const app = await createApp({ directory, clock, rocketmq: { nameServer, engine } });
  const error = await failureOf(app, clock);
  expect(error).toBeInstanceOf(ConfigurationError);
  expect(String(error)).toContain(`Cannot listen on 127.0.0.1:${port} (listen EADDRINUSE`);
  await startApp({ directory });
});

it('an application that is closed while it waits for a host ends', async () => {
  const host = await startApp({
    rocketmq: { nameServer: await freeAddress(), engine: { listen: { listenPort: 0 } } },
  });
  const nameServer = host.logger.lines.join('\n').match(/nameServer (127\.0\.0\.1:\d+)/)![1]!;
  const guest = await startApp({ rocketmq: { nameServer } });
  await host.close();
  await guest.logger.logged('so it waits until the engine is back');
  await guest.close();
});

it.each([
  ['to be the host', true, 'Nothing listens on nameServer'],
  ['for its store', false, 'is in use: for 3 s'],
])('an application that is closed while it waits %s does not start', async (_, isHost, text) => {
  const owner = await startApp();
  const { directory } = owner;
  const rocketmq = isHost ? { nameServer: await freeAddress(), engine: { listen: { listenPort: 0 } } } : {};
  const waiting = await createApp({ directory, rocketmq });
  const app = waiting.module.createNestApplication();
  const started = expect(app.init()).rejects.toThrow('The application was closed while it started');
  await waiting.logger.logged(text);
  await app.close();
  await owner.close();
  await started;
  expect(waiting.logger.lines.join('\n')).not.toContain('the engine runs in this process');
  await startApp({ directory, rocketmq });
});

it('a guest that may not look at the store says so, and runs', async () => {
  const nameServer = await freeAddress();
  await startApp({ rocketmq: { nameServer, engine: { listen: { listenPort: 0 } } } });
  const directory = temporaryDirectory();
  mkdirSync(join(directory, 'store/lock'), { recursive: true });
  writeFileSync(join(directory, 'store/abort'), '');
  const guest = await startApp({ directory, rocketmq: { nameServer } });
  await guest.logger.logged(
    `will not take over the store ${directory}/store, at which it may not look: ${directory}/store/lock cannot be opened (EISDIR`,
  );
  expect((await guest.template.syncSend('t', 'x')).sendStatus).toBe('SEND_OK');
});

it('a guest whose take-over fails tries again after growing pauses', async () => {
  const { port, close } = await occupy();
  const clock = new VirtualClock();
  let tries = 0;
  const engine = {
    storePathRootDir: '/store',
    isStoreInUse: () => true,
    start() {
      tries++;
      return Promise.reject(new Error('the store is damaged'));
    },
  };
  const nameServer = `127.0.0.1:${port}`;
  const host = new EngineHost({
    target: { nameServer, address: { host: '127.0.0.1', port } },
    createEngine: () => engine as unknown as EmbeddedEngine,
    attach: () => {},
    clock,
    reachNameServer: () => Promise.resolve(),
    onHostChanged: () => {},
  });
  onTestFinished(() => host.close());
  await host.start();
  await close();
  for (let looks = 0; looks < 100; looks++) {
    await eventually(() => clock.hasTimers);
    await clock.advance(200);
  }
  // At once, and after 0.4, 0.8, 1.6, 3.2, 6.4 more seconds.
  expect(tries).toBe(6);
});

it('a guest whose broker port belongs to something else says so when it cannot take over', async () => {
  const { port, close } = await occupy();
  onTestFinished(close);
  const nameServer = await freeAddress();
  const host = await startApp({ rocketmq: { nameServer, engine: { listen: { listenPort: 0 } } } });
  const { directory } = host;
  const clock = new VirtualClock();
  const engine = { listen: { listenPort: port } };
  const guest = await startApp({ directory, clock, rocketmq: { nameServer, engine } });
  const before = clock.now();
  await host.close();
  const text = `cannot run the engine of nameServer ${nameServer}, and keeps trying: Cannot listen on 127.0.0.1:${port} (`;
  await eventually(async () => {
    await clock.advance(200);
    return guest.logger.lines.some((line) => line.includes(text));
  });
  expect(clock.now() - before).toBeGreaterThanOrEqual(10_000);
});

it('a guest with the same store takes over in the same process, too, and keeps its listeners', async () => {
  const nameServer = await freeAddress();
  const rocketmq = { nameServer, engine: { listen: { listenPort: await freePort() } } };
  const host = await startApp({ rocketmq });
  const inbox = new Inbox<string>();
  const providers = [listener<string>({ topic: 't' }, inbox.push)];
  const guest = await startApp({ directory: host.directory, rocketmq, providers });
  await host.template.syncSend('t', 'kept');
  await inbox.take();
  await host.close();
  await guest.logger.logged(`The application that was the host of nameServer ${nameServer} has ended`);
  await expect
    .poll(() => guest.template.syncSend('t', 'new').catch(String))
    .toMatchObject({ sendStatus: 'SEND_OK' });
  expect((await guest.stored('t')).map(({ body }) => body.toString()).toSorted()).toContain('kept');
  await expect.poll(() => inbox.received).toContain('new');
  const { current } = guest.module.get(RocketMQConnections, { strict: false });
  expect(current.filter(({ state }) => state !== 'connected')).toEqual([]);
});
