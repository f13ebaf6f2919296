import { existsSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { Injectable, Module, type DynamicModule, type ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  ConfigurationError,
  MQClientError,
  ROCKETMQ_MODULE_OPTIONS,
  RocketMQModule,
  RocketMQTemplate,
  type RocketMQModuleOptions,
  type RocketMQOptionsFactory,
} from '../../lib/index.js';
import { EmbeddedEngine } from '../../lib/engine/index.js';
import { RocketMQConnection } from '../../lib/rocketmq.connection.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { createApp, featureModule, RecordingNestLogger, startApp } from '../support/nest-app.js';
import { FAST_STORE } from '../support/test-engine.js';
import { temporaryDirectory } from '../support/test-store.js';
import { VirtualClock } from '../support/virtual-clock.js';

const engineIn = (directory: string) => ({ ...FAST_STORE, storePathRootDir: `${directory}/store` });

/** A server that listens as a name server would, on a port that was free. */
async function listen(): Promise<{ port: number; close: () => Promise<void> }> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { port, close: () => new Promise((resolve) => server.close(() => resolve())) };
}

describe('forRoot', () => {
  it('runs the engine in this process, and says where its store is', async () => {
    const app = await startApp();
    await app.template.syncSend('t', 'x');
    expect(existsSync(`${app.directory}/store/commitlog`)).toBe(true);
    expect(app.logger.lines).toContain(
      `LOG [RocketMQ] No nameServer is given: the engine runs in this process, its store is ${app.directory}/store`,
    );
  });

  it.each(['127.0.0.1', 'localhost', '127.8.9.10'])(
    'runs it too for a nameServer on %s where nothing listens, says so in one line, and lets others in',
    async (host) => {
      const nameServer = `${host}:${await freePort()}`;
      const app = await startApp({ rocketmq: { nameServer, engine: { listen: { listenPort: 0 } } } });
      const lines = app.logger.lines.filter((line) => line.includes(nameServer));
      expect(lines).toEqual([
        expect.stringContaining(`Nothing listens on nameServer ${nameServer}: the engine runs`),
      ]);
      const guest = await startApp({ rocketmq: { nameServer } });
      expect((await guest.template.syncSend('t', 'from the guest')).sendStatus).toBe('SEND_OK');
      const [stored] = await app.stored('t');
      expect(stored!.body.toString()).toBe('from the guest');
      expect(existsSync(`${guest.directory}/store`)).toBe(false);
    },
  );

  it('says that what listens at nameServer is none', async () => {
    const { port, close } = await listen();
    onTestFinished(close);
    const app = await createApp({ module: [RocketMQModule.forRoot(`127.0.0.1:${port}`)] });
    const error = await app.start().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MQClientError);
    expect(String(error)).toContain(`No name server answers at 127.0.0.1:${port} (`);
    expect(String(error)).toContain('start it, or correct nameServer. Without nameServer the engine runs');
  });

  it.each<[RocketMQModuleOptions]>([
    [{ nameServer: '127.0.0.1:1;127.0.0.1:2' }],
    [{ nameServer: ['127.0.0.1:1', '127.0.0.1:2'] }],
    [{ nameServer: ['127.0.0.1:1'], engine: false }],
  ])('starts no engine with %j, and says that nobody answers', async (rocketmq) => {
    const app = await createApp({ module: [RocketMQModule.forRoot(rocketmq)] });
    await expect(app.start()).rejects.toThrow('No name server answers at 127.0.0.1:1');
    expect(existsSync(`${app.directory}/store`)).toBe(false);
  });

  it.each(['127.0.0.1', '127.0.0.1:99999', '127.0.0.1:0', '', 'a b:1', 'http://127.0.0.1:9876'])(
    'refuses nameServer %j',
    async (nameServer) => {
      await expect(createApp({ rocketmq: { nameServer } })).rejects.toThrow(
        `nameServer "${nameServer}" is no address: write host:port, several with ";" between them.`,
      );
    },
  );

  it.each([{ nameServer: [] }, { nameServer: ';' }, { nameServer: '127.0.0.1:1;;127.0.0.1:2' }])(
    'refuses %j, with which no name server is meant',
    async (rocketmq) => {
      await expect(createApp({ rocketmq })).rejects.toThrow(ConfigurationError);
    },
  );

  it('takes no notice of what ends an address, as Java does', async () => {
    const app = await createApp({ rocketmq: { nameServer: '127.0.0.1:1;127.0.0.1:2; ' } });
    await expect(app.start()).rejects.toThrow('No name server answers at 127.0.0.1:1;127.0.0.1:2 (');
  });

  it('takes nameServer from the environment when neither it nor engine is given', async () => {
    process.env['NAMESRV_ADDR'] = '127.0.0.1:1;127.0.0.1:2';
    onTestFinished(() => void delete process.env['NAMESRV_ADDR']);
    const app = await createApp({ module: [RocketMQModule.forRoot()] });
    await expect(app.start()).rejects.toThrow(
      /No name server answers at 127.0.0.1:1;127.0.0.1:2 .*correct NAMESRV_ADDR. Without NAMESRV_ADDR the engine runs/,
    );
    await startApp();
  });

  it.each(['', ' '])('takes NAMESRV_ADDR %j for none', async (address) => {
    process.env['NAMESRV_ADDR'] = address;
    onTestFinished(() => void delete process.env['NAMESRV_ADDR']);
    const module = await Test.createTestingModule({ imports: [RocketMQModule.forRoot()] }).compile();
    expect(module.get(RocketMQConnection).engine).toBeDefined();
  });

  it('names the variable of the environment that is no address', async () => {
    process.env['NAMESRV_ADDR'] = 'broker';
    onTestFinished(() => void delete process.env['NAMESRV_ADDR']);
    const app = createApp({ module: [RocketMQModule.forRoot()] });
    await expect(app).rejects.toThrow('NAMESRV_ADDR "broker" is no address: write host:port');
  });

  it.each([
    [{ host: '127.0.0.2' }, 'engine.listen.host is 127.0.0.2: leave out one of them'],
    [{ nameServerPort: 9877 }, 'engine.listen.nameServerPort is 9877: leave out one of them'],
  ])('listens at a loopback nameServer and not at %j', async (listen, text) => {
    const app = createApp({ rocketmq: { nameServer: 'localhost:9876', engine: { listen } } });
    await expect(app).rejects.toThrow(ConfigurationError);
    await expect(app).rejects.toThrow(`nameServer is localhost:9876, where`);
    await expect(app).rejects.toThrow(text);
    const same = { host: '127.0.0.1', nameServerPort: 9876 };
    await createApp({ rocketmq: { nameServer: 'localhost:9876', engine: { listen: same } } });
  });

  it('with engine: false needs a nameServer', () => {
    const imports = [RocketMQModule.forRoot({ engine: false })];
    return expect(Test.createTestingModule({ imports }).compile()).rejects.toThrow(
      'engine is false, so no engine may run in this process, and there is no nameServer: give one of the two',
    );
  });

  it.each([
    [{ listen: 1 }, 'engine.listen is 1; allowed: true, false or an object'],
    [{ listen: { port: 1 } }, 'engine.listen.port is not an option; there are: host, nameServerPort'],
    [{ listen: { host: 'here' } }, 'engine.listen.host is "here"; allowed: an IPv4 or IPv6 address'],
    [{ listen: { host: '0.0.0.0' } }, 'use a loopback address, or set allowInsecure: true if'],
  ])('refuses engine %j', async (engine, text) => {
    await expect(createApp({ rocketmq: { engine: engine as never } })).rejects.toThrow(text);
  });

  it.each<[object, string]>([
    [
      { namesrv: 'x' },
      'RocketMQModule.namesrv is not an option; there are: nameServer, engine, producer, consumer, compat',
    ],
    [
      { nameServer: 9876 },
      'RocketMQModule.nameServer is 9876; allowed: a text host:port, or an array of them',
    ],
    [{ engine: true }, 'RocketMQModule.engine is true; allowed: an object, or false'],
    [{ producer: 'shop' }, 'RocketMQModule.producer is "shop"; allowed: an object'],
    [{ compat: 'java' }, 'RocketMQModule.compat is "java"; allowed: spring'],
    [{ producer: { timeout: 1 } }, 'producer.timeout is not an option; there are: group, sendMessageTimeout'],
    [{ producer: { sendMsgTimeout: 1 } }, 'producer.sendMsgTimeout is not an option'],
    [
      { producer: { sendMessageTimeout: 0 } },
      'producer.sendMessageTimeout is 0; allowed: an integer from 1 up',
    ],
    [{ producer: { group: 'a.b' } }, 'producer.group is "a.b"; allowed: letters, digits'],
    [{ producer: { retryNextServer: 1 } }, 'producer.retryNextServer is 1; allowed: true or false'],
    [
      { consumer: { threads: 1 } },
      'consumer.threads is not an option; there are: group, listeners, messageModel',
    ],
    [
      { consumer: { consumeThreadNumber: 0 } },
      'consumer.consumeThreadNumber is 0; allowed: an integer from 1 to 1000',
    ],
    [{ consumer: { consumeMode: 'FIFO' } }, 'consumer.consumeMode is "FIFO"; allowed: CONCURRENTLY, ORDERLY'],
    [
      { consumer: { listeners: { g: false } } },
      'consumer.listeners is [object Object]; allowed: group to topic to',
    ],
    [{ engine: { port: 1 } }, 'engine.port is not an option'],
    [
      { pullConsumer: { topic: 't' } },
      'pullConsumer.group is undefined; allowed: letters, digits, "_", "-", "%" and "|", at most 255',
    ],
    [{ pullConsumer: { group: 'g' } }, 'pullConsumer has no topic'],
    [
      { pullConsumer: { group: 'g', topic: 't', max: 1 } },
      'pullConsumer.max is not an option; there are: group, nameServer, topic, selectorExpression, messageModel, ' +
        'consumeFromWhere, consumeTimestamp, allocateMessageQueueStrategy, pullThresholdForQueue, ' +
        'pullThresholdSizeForQueue, pullBatchSize, pullThresholdForAll, consumeMaxSpan, autoCommit, ' +
        'autoCommitIntervalMillis, pollTimeoutMillis',
    ],
    [
      { engine: { flushDiskType: 'NEVER' } },
      'engine.flushDiskType is "NEVER"; allowed: SYNC_FLUSH, ASYNC_FLUSH',
    ],
  ])('refuses %j, and says what is allowed', async (options, text) => {
    const create = () => createApp({ module: [RocketMQModule.forRoot(options)] });
    await expect(create()).rejects.toThrow(ConfigurationError);
    await expect(create()).rejects.toThrow(text);
  });

  it('gives the store free when the producer cannot start', async () => {
    const directory = temporaryDirectory();
    const app = await createApp({ directory, rocketmq: { producer: { group: 'DEFAULT_PRODUCER' } } });
    await expect(app.start()).rejects.toThrow('the group can not be DEFAULT_PRODUCER, which is reserved');
    await startApp({ directory });
  });
});

describe('RocketMQModule that is imported twice', () => {
  const create = () => RocketMQModule.forRoot({ engine: engineIn(temporaryDirectory()) });

  it.each<[string, () => ModuleMetadata['imports']]>([
    ['with other options', () => [create(), create()]],
    ['in other modules', () => [create(), featureModule({ imports: [create()] })]],
    ['and once without forRoot', () => [create(), featureModule({ imports: [RocketMQModule] })]],
  ])('%s is refused, as each would start all listeners', async (_, module) => {
    const app = createApp({ module: module() });
    await expect(app).rejects.toThrow(ConfigurationError);
    await expect(app).rejects.toThrow('RocketMQModule is imported 2 times');
  });

  it('as one object, as modules do that share what is not global, is there once', async () => {
    const shared = RocketMQModule.forRoot({ engine: engineIn(temporaryDirectory()), isGlobal: false });
    const app = await startApp({ module: [shared, featureModule({ imports: [shared] })] });
    await app.template.syncSend('t', 'x');
  });
});

describe('isGlobal', () => {
  @Injectable()
  class Sender {
    constructor(readonly template: RocketMQTemplate) {}
  }
  const feature = () => featureModule({ providers: [Sender] });

  it.each([{}, { isGlobal: undefined }])('%o: every module can inject the template', async (rocketmq) => {
    const app = await startApp({ rocketmq, imports: [feature()] });
    await app.module.get(Sender, { strict: false }).template.syncSend('t', 'x');
  });

  it('false: only modules that import it can', async () => {
    await expect(createApp({ rocketmq: { isGlobal: false }, imports: [feature()] })).rejects.toThrow(
      "Nest can't resolve dependencies of the Sender",
    );
    const app = await startApp({ rocketmq: { isGlobal: false }, providers: [Sender] });
    await app.module.get(Sender).template.syncSend('t', 'x');
  });
});

it.each(['false', 0])('isGlobal cannot be %j', (isGlobal) => {
  const text = 'RocketMQModule.isGlobal is ';
  expect(() => RocketMQModule.forRoot({ isGlobal: isGlobal as never })).toThrow(text);
  const useFactory = () => ({});
  expect(() => RocketMQModule.forRootAsync({ isGlobal: isGlobal as never, useFactory })).toThrow(text);
});

describe('forRootAsync', () => {
  const directories = { provide: 'DIRECTORY', useFactory: () => temporaryDirectory() };
  const configModule = featureModule({ providers: [directories], exports: ['DIRECTORY'] });

  @Injectable()
  class Config implements RocketMQOptionsFactory {
    readonly directory = temporaryDirectory();
    async createRocketMQOptions(): Promise<RocketMQModuleOptions> {
      return { engine: engineIn(this.directory), compat: 'spring' };
    }
  }

  it.each<[string, () => DynamicModule[]]>([
    [
      'useFactory',
      () => [
        RocketMQModule.forRootAsync({
          imports: [configModule],
          inject: ['DIRECTORY'],
          useFactory: async (directory: string) => ({
            engine: engineIn(directory),
            compat: 'spring' as const,
          }),
        }),
      ],
    ],
    ['useClass', () => [RocketMQModule.forRootAsync({ useClass: Config })]],
    [
      'useExisting',
      () => [
        RocketMQModule.forRootAsync({
          imports: [featureModule({ providers: [Config], exports: [Config] })],
          useExisting: Config,
        }),
      ],
    ],
  ])('takes its options by %s', async (_name, module) => {
    const app = await startApp({ module: module() });
    await app.template.syncSend('t', 'x');
    const [message] = await app.stored('t');
    expect(message!.getProperty('timestamp')).toBeDefined();
  });

  it('can be kept to the modules that import it', async () => {
    const isolated = RocketMQModule.forRootAsync({
      isGlobal: false,
      useFactory: () => ({ engine: engineIn(temporaryDirectory()) }),
    });
    const outsider = featureModule({
      providers: [{ provide: 'X', inject: [RocketMQTemplate], useFactory: () => 1 }],
    });
    await expect(createApp({ module: [isolated], imports: [outsider] })).rejects.toThrow(
      "can't resolve dependencies",
    );
    await (await startApp({ module: [isolated] })).template.syncSend('t', 'x');
  });

  it.each([undefined, null, '127.0.0.1:9876', []])('refuses %j from a factory', async (options) => {
    const module = [RocketMQModule.forRootAsync({ useFactory: () => options as never })];
    await expect(createApp({ module })).rejects.toThrow(
      `The options of RocketMQModule are ${JSON.stringify(options)}; allowed: an object.`,
    );
  });
});

describe('several applications in one process', () => {
  it('have stores, topics and listeners of their own', async () => {
    const [first, second] = [await startApp(), await startApp()];
    await first.template.syncSend('t', 'first');
    await second.template.syncSend('t', 'second');
    expect((await first.stored('t')).map(({ body }) => body.toString())).toEqual(['first']);
    expect((await second.stored('t')).map(({ body }) => body.toString())).toEqual(['second']);
    await first.close();
    await second.template.syncSend('t', 'still there');
  });

  it('cannot share a store: the second is refused with the path and the owner, and does no harm', async () => {
    const first = await startApp();
    const second = await createApp({ directory: first.directory });
    const begin = performance.now();
    await expect(second.start()).rejects.toThrow(
      `The store ${first.directory}/store is in use by another engine of this process. Stop it, or give this engine a ` +
        'directory of its own (engine.storePathRootDir).',
    );
    expect(performance.now() - begin).toBeGreaterThan(2900);
    await second.close();
    const third = new EmbeddedEngine({ storePathRootDir: `${first.directory}/store` });
    await expect(third.start()).rejects.toThrow('is in use by another engine of this process');
    await first.template.syncSend('t', 'x');
    await first.close();
    expect(await (await startApp({ directory: first.directory })).stored('t')).toHaveLength(1);
  });

  it.each([
    ['whose application ends while it starts', false],
    ['that looks free, but is not yet', true],
  ])('takes a store over %s, whatever clock it has', async (_, looksFree) => {
    const first = await startApp();
    await first.template.syncSend('t', 'x');
    if (looksFree) rmSync(`${first.directory}/store/abort`);
    const second = await createApp({ directory: first.directory, clock: new VirtualClock() });
    const started = second.start();
    const waits = () => second.logger.lines.some((line) => /WARN.*is in use: for 3 s/.test(line));
    await eventually(waits);
    await first.close();
    await started;
    expect(await second.stored('t')).toHaveLength(1);
  });
});

it('tests put other options in the place of those of an application', async () => {
  const directory = temporaryDirectory();
  @Module({
    imports: [RocketMQModule.forRoot({ nameServer: 'mq.invalid:9876', producer: { group: 'shop' } })],
  })
  class AppModule {}
  const options: RocketMQModuleOptions = { engine: engineIn(directory) };
  const builder = Test.createTestingModule({ imports: [AppModule] }).setLogger(new RecordingNestLogger());
  const module = await builder.overrideProvider(ROCKETMQ_MODULE_OPTIONS).useValue(options).compile();
  onTestFinished(() => module.close());
  await module.init();
  await module.get(RocketMQTemplate, { strict: false }).syncSend('t', 'x');
  expect(existsSync(`${directory}/store/commitlog`)).toBe(true);
});

it('a standalone application context works as an application with a server does', async () => {
  const module = RocketMQModule.forRoot({ engine: engineIn(temporaryDirectory()) });
  @Module({ imports: [module] })
  class AppModule {}
  const app = await NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false });
  onTestFinished(() => app.close());
  expect(await app.get(RocketMQTemplate).syncSend('t', 'x')).toMatchObject({ sendStatus: 'SEND_OK' });
});
