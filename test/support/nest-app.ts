import { Module, type LoggerService, type ModuleMetadata, type Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { onTestFinished } from 'vitest';
import {
  ROCKETMQ_CLOCK,
  RocketMQMessageListener,
  RocketMQModule,
  RocketMQTemplate,
  type MessageExt,
  type RocketMQListenerContext,
  type RocketMQMessageListenerOptions,
  type RocketMQModuleOptions,
} from '../../lib/index.js';
import type { Clock } from '../../lib/common/clock.js';
import type { EmbeddedEngine, EngineOptions } from '../../lib/engine/index.js';
import { RocketMQConnection } from '../../lib/rocketmq.connection.js';
import { TestClient } from './test-client.js';
import { FAST_STORE } from './test-engine.js';
import { temporaryDirectory } from './test-store.js';
import type { VirtualClock } from './virtual-clock.js';

/** Room for the largest body, and answers without waiting for the disk. */
const ENGINE = { ...FAST_STORE, mappedFileSizeCommitLog: 16 * 1024 * 1024 };

export interface TestAppOptions extends ModuleMetadata {
  readonly rocketmq?: RocketMQModuleOptions & { isGlobal?: boolean | undefined };
  /** A directory of its own by default. */
  readonly directory?: string;
  readonly clock?: Clock;
  /** In place of `RocketMQModule.forRoot`. */
  readonly module?: ModuleMetadata['imports'];
}

/** Keeps what an application logged, each line with its level and context. */
export class RecordingNestLogger implements LoggerService {
  readonly lines: string[] = [];
  private waiting: { readonly text: string; readonly resolve: (line: string) => void }[] = [];
  log = (message: unknown, ...rest: unknown[]) => this.add('LOG', message, rest);
  warn = (message: unknown, ...rest: unknown[]) => this.add('WARN', message, rest);
  error = (message: unknown, ...rest: unknown[]) => this.add('ERROR', message, rest);

  /** The first line with this text, as soon as there is one. */
  async logged(text: string): Promise<string> {
    const present = this.lines.find((line) => line.includes(text));
    return present ?? new Promise((resolve) => this.waiting.push({ text, resolve }));
  }

  private add(level: string, message: unknown, rest: unknown[]): void {
    const line = `${level} [${String(rest.at(-1))}] ${String(message)}`;
    this.lines.push(line);
    for (const { text, resolve } of this.waiting) if (line.includes(text)) resolve(line);
  }
}

/** A Nest application with an engine of its own. */
export class TestApp {
  readonly template: RocketMQTemplate;
  private startError: unknown;
  private closing: Promise<void> | undefined;

  constructor(
    readonly module: TestingModule,
    readonly directory: string,
    readonly logger: RecordingNestLogger,
  ) {
    this.template = module.get(RocketMQTemplate, { strict: false });
  }

  /** Speaks with the broker of the application directly. */
  broker(): Promise<TestClient> {
    const { engine } = this.module.get(RocketMQConnection, { strict: false }) as unknown as {
      engine: EmbeddedEngine;
    };
    return TestClient.open({
      namesrvAddrs: [engine.namesrvAddr],
      connect: () => engine.connect(),
      close: async () => {},
    });
  }

  /** All messages of a topic, by queue; none when there is no such topic. */
  async stored(topic: string): Promise<MessageExt[]> {
    const client = await this.broker();
    const { body } = await client.route(topic);
    const messages: MessageExt[] = [];
    const queues = body?.queueDatas[0]?.readQueueNums ?? 0;
    for (let queueId = 0; queueId < queues; queueId++) messages.push(...(await client.read(topic, queueId)));
    return messages;
  }

  async start(): Promise<void> {
    try {
      await this.module.init();
    } catch (error) {
      this.startError = error;
      throw error;
    }
  }

  /** Once, however often it is asked for. */
  close(): Promise<void> {
    return (this.closing ??= this.module.close().catch((error: unknown) => {
      // What Nest 11 says of an application whose start failed.
      if (error !== this.startError) throw error;
    }));
  }
}

/** An application that is not started yet; it is closed when the test ends. */
export async function createApp(options: TestAppOptions = {}): Promise<TestApp> {
  const { rocketmq, directory = temporaryDirectory(), clock, module, imports = [], ...metadata } = options;
  const engine = {
    ...ENGINE,
    storePathRootDir: `${directory}/store`,
    ...(rocketmq?.engine as EngineOptions),
  };
  const root = module ?? [RocketMQModule.forRoot({ ...rocketmq, engine })];
  const logger = new RecordingNestLogger();
  const builder = Test.createTestingModule({ ...metadata, imports: [...root, ...imports] }).setLogger(logger);
  if (clock !== undefined) builder.overrideProvider(ROCKETMQ_CLOCK).useValue(clock);
  const app = new TestApp(await builder.compile(), directory, logger);
  onTestFinished(() => app.close());
  return app;
}

export async function startApp(options: TestAppOptions = {}): Promise<TestApp> {
  const app = await createApp(options);
  await app.start();
  return app;
}

/** The error with which a start ends that keeps trying for a while. */
export async function failureOf(app: TestApp, clock: VirtualClock): Promise<unknown> {
  let failure: unknown;
  const started = app.start().catch((error: unknown) => (failure = error));
  await clock.advanceUntil(() => failure !== undefined, 60_000, 200);
  await started;
  return failure;
}

/** Values that come one by one, for those who wait for a number of them. */
export class Inbox<T = unknown> {
  readonly received: T[] = [];
  private waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  readonly push = (value: T): void => {
    this.received.push(value);
    const ready = this.waiting.filter(({ count }) => this.received.length >= count);
    this.waiting = this.waiting.filter((waiter) => !ready.includes(waiter));
    for (const { resolve } of ready) resolve();
  };

  /** All values, as soon as there are `count` of them. */
  async take(count = 1): Promise<T[]> {
    if (this.received.length < count) {
      await new Promise<void>((resolve) => this.waiting.push({ count, resolve }));
    }
    return this.received;
  }
}

/** A listener class whose messages go to `handle`. */
export function listener<T>(
  options: RocketMQMessageListenerOptions,
  handle: (payload: T, message: MessageExt, context: RocketMQListenerContext) => unknown,
): Type {
  @RocketMQMessageListener(options)
  class TestListener {
    onMessage(payload: T, message: MessageExt, context: RocketMQListenerContext): unknown {
      return handle(payload, message, context);
    }
  }
  return TestListener;
}

/** A module with these providers, as an application has one for each feature. */
export function featureModule(metadata: ModuleMetadata): Type {
  @Module(metadata)
  class FeatureModule {}
  return FeatureModule;
}

/** A promise with its ends, to hold a handler where it is. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}
