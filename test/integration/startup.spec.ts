import type { Type } from '@nestjs/common';
import { describe, expect, it, onTestFinished } from 'vitest';
import { success } from '../../lib/remoting/remoting-command.js';
import {
  MQClientError,
  RocketMQConnections,
  RocketMQModule,
  type RocketMQConnectionStatus,
  type RocketMQStartup,
} from '../../lib/index.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { createApp, Inbox, listener, startApp, type TestApp } from '../support/nest-app.js';
import { startEngine } from '../support/test-engine.js';
import { startServer } from '../support/tcp-server.js';

/** A name server that knows one master for each name; returns its address. */
async function startNameServer(masters: Readonly<Record<string, string>>): Promise<string> {
  const { handler, address } = await startServer();
  const brokerAddrTable = new Map(
    Object.entries(masters).map(([brokerName, master]) => [
      brokerName,
      { cluster: 'c', brokerName, brokerAddrs: new Map([[0, master]]) },
    ]),
  );
  handler.handle = (_request, context) =>
    context.reply(success(undefined as never, { brokerAddrTable } as never));
  return address;
}

/** An application of a cluster that is not there yet, with one listener. */
async function open(startup: RocketMQStartup, others: { nameServer?: string; providers?: Type[] } = {}) {
  const port = await freePort();
  const nameServer = others.nameServer ?? `127.0.0.1:${port}`;
  const inbox = new Inbox<string>();
  const options = {
    topic: 't',
    consumerGroup: 'g',
    messageType: String,
    consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
  } as const;
  const app = await createApp({
    module: [RocketMQModule.forRoot({ nameServer, engine: false, startup })],
    providers: [...(others.providers ?? []), listener<string>(options, inbox.push)],
  });
  const listen = { nameServerPort: port, listenPort: await freePort() };
  const startServers = (directory?: string) => startEngine({ directory, engine: { listen } });
  return { app, port, nameServer, inbox, startServers };
}

const waits = ({ logger }: TestApp) => logger.lines.filter((line) => line.includes('Waiting for'));

async function works(app: TestApp, inbox: Inbox<string>): Promise<void> {
  await app.template.syncSend('t', 'hello');
  expect(await inbox.take()).toEqual(['hello']);
}

describe("startup 'fail'", () => {
  it('is the default, and says which name server does not answer, and what to try', async () => {
    const nameServer = `127.0.0.1:${await freePort()}`;
    const app = await createApp({ module: [RocketMQModule.forRoot({ nameServer, engine: false })] });
    await expect(app.start()).rejects.toThrow(
      `No name server answers at ${nameServer} (connect to ${nameServer} failed: connect ECONNREFUSED`,
    );
  });

  it('says that there is no broker', async () => {
    const address = await startNameServer({});
    const { app } = await open('fail', { nameServer: address });
    await expect(app.start()).rejects.toThrow(
      `The name server ${address} knows no broker: start one, with this address as its namesrvAddr`,
    );
  });

  it('says at which addresses no broker answers, who gave them, and what to try', async () => {
    const [first, second] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
    const address = await startNameServer({ a: first!, b: second! });
    const { app } = await open('fail', { nameServer: address });
    const error = await app.start().catch((reason: unknown) => reason as MQClientError);
    expect(error).toBeInstanceOf(MQClientError);
    expect(String(error)).toContain(
      `No broker answers at ${first}, ${second}, as name server ${address} gives`,
    );
    expect(String(error)).toContain('set the address that they give out (brokerIP1');
  });

  it('starts when one broker of several answers', async () => {
    const listen = { nameServerPort: 0, listenPort: await freePort() };
    await startEngine({ engine: { listen } });
    const dead = `127.0.0.1:${await freePort()}`;
    const address = await startNameServer({ a: dead, b: `127.0.0.1:${listen.listenPort}` });
    const { app } = await open('fail', { nameServer: address });
    await app.start();
  });
});

describe("startup 'retry'", () => {
  it('waits until the cluster is there, and says so once', async () => {
    const { app, nameServer, inbox, startServers } = await open('retry');
    const starting = app.start();
    await app.logger.logged(`Waiting for the RocketMQ cluster. No name server answers at ${nameServer}`);
    await startServers();
    await starting;
    expect(waits(app)).toHaveLength(1);
    expect(app.logger.lines.join()).toContain(`Using the RocketMQ cluster of nameServer ${nameServer}`);
    await works(app, inbox);
  });

  it.each(['SIGHUP', 'SIGUSR2'] as const)('ends at the signal %s meanwhile', async (signal) => {
    const { app } = await open('retry');
    // As enableShutdownHooks does; its handler would end the process of the tests.
    const handler = () => {};
    process.on(signal, handler);
    onTestFinished(() => void process.off(signal, handler));
    const starting = app.start().catch((reason: unknown) => reason);
    await app.logger.logged('Waiting for the RocketMQ cluster');
    process.emit(signal);
    expect(String(await starting)).toContain('The application was shut down while it waited');
    expect(process.listeners(signal)).toContain(handler);
    expect(process.listenerCount(signal)).toBe(1);
  });
});

describe("startup 'lazy'", () => {
  it('lets sends fail that name the address, and listeners begin when the cluster is there', async () => {
    const { app, nameServer, inbox, startServers } = await open('lazy');
    await app.start();
    const error = await app.template.syncSend('t', 'too early').catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'MQClientError', responseCode: 10_004, retryable: true });
    expect(String(error)).toContain(`No name server of ${nameServer} answers`);
    await app.logger.logged('Waiting for the RocketMQ cluster');
    await startServers();
    await app.logger.logged('TestListener {t:*} group=g');
    await works(app, inbox);
    expect(waits(app)).toHaveLength(1);
  });

  it('names a group that cannot be started, and starts those behind it', async () => {
    const methods = 'load updateOffset memoryOffset readOffset persistAll persist removeOffset'.split(' ');
    const fails = () => Promise.reject(new Error('the database is down'));
    const offsetStore = () => Object.fromEntries(methods.map((name) => [name, fails])) as never;
    const bad = listener({ topic: 't', consumerGroup: 'bad', offsetStore }, () => {});
    const { app, inbox, startServers } = await open('lazy', { providers: [bad] });
    await app.start();
    await startServers();
    await app.logger.logged('Listeners of group bad cannot be started: Error: the database is down');
    await app.logger.logged('TestListener {t:*} group=g');
    await works(app, inbox);
  });

  it('refuses wrong listeners at once', async () => {
    const nameServer = `127.0.0.1:${await freePort()}`;
    const app = await createApp({
      module: [RocketMQModule.forRoot({ nameServer, engine: false, startup: 'lazy' })],
      providers: [listener({ topic: 'no topic' }, () => {})],
    });
    await expect(app.start()).rejects.toThrow('The topic "no topic" of listener TestListener is illegal');
  });

  it('ends at once, though the cluster never came', async () => {
    const { app, inbox } = await open('lazy');
    await app.start();
    await app.close();
    expect(inbox.received).toEqual([]);
  });
});

describe('RocketMQConnections', () => {
  it('shows the connections as they are, and every change with its role and one log line', async () => {
    const { app, nameServer, inbox, startServers } = await open('lazy');
    const connections = app.module.get(RocketMQConnections, { strict: false });
    const seen: RocketMQConnectionStatus[] = [];
    let isComplete = false;
    connections.status.subscribe({
      next: (status) => seen.push(status),
      complete: () => (isComplete = true),
    });
    await app.start();
    await eventually(() => seen.some(({ state }) => state === 'disconnected'));
    const engine = await startServers();
    await app.logger.logged('TestListener {t:*} group=g');
    await works(app, inbox);
    const states = (role: string) => seen.filter((status) => status.role === role).map(({ state }) => state);
    expect(states('nameServer')).toEqual(['disconnected', 'reconnecting', 'connected']);
    expect(seen[0]!.error!.message).toContain(`connect to ${nameServer} failed`);
    expect(states('broker')).toEqual(['connected']);
    expect(connections.current.map(({ role, state }) => `${role} ${state}`)).toEqual([
      'nameServer connected',
      'broker connected',
    ]);
    const late: RocketMQConnectionStatus[] = [];
    connections.status.subscribe((status) => late.push(status));
    expect(late).toEqual(connections.current);
    await engine.close();
    await eventually(() => states('broker').includes('disconnected'));
    expect(late.some(({ role, state }) => role === 'broker' && state === 'disconnected')).toBe(true);
    const lines = app.logger.lines.filter((line) => line.includes('[RocketMQClient] Connected to'));
    expect(lines).toHaveLength(2);
    await app.close();
    expect(isComplete).toBe(true);
  });

  it('is empty when the engine runs in this process', async () => {
    const app = await startApp();
    await app.template.syncSend('t', 'x');
    expect(app.module.get(RocketMQConnections, { strict: false }).current).toEqual([]);
  });

  it('has a consumer go on, by itself, when its broker was restarted', async () => {
    const { app, inbox, startServers } = await open('retry');
    const starting = app.start();
    const first = await startServers();
    await starting;
    await works(app, inbox);
    await first.close();
    await startServers(first.directory);
    await eventually(() =>
      app.template.syncSend('t', 'again').then(
        () => true,
        () => false,
      ),
    );
    expect(await inbox.take(2)).toEqual(['hello', 'again']);
  });
});
