import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { eventually } from '../support/eventually.js';
import { temporaryDirectory } from '../support/test-store.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LIBRARY = new URL('../../dist/lib/index.js', import.meta.url).href;

/** An application that says which messages its listener was asked about and handled, and dies in the handling of `deadly`. */
const SCRIPT = `
  import 'reflect-metadata';
  import { Module } from '@nestjs/common';
  import { NestFactory } from '@nestjs/core';
  import { Idempotent, RocketMQAdmin, RocketMQMessageListener, RocketMQModule, RocketMQTemplate } from ${JSON.stringify(LIBRARY)};

  const [storePathRootDir, isLast] = process.argv.slice(1);
  class Listener {
    onMessage(text) {
      process.send({ handled: text });
      if (text === 'deadly' && isLast === 'false') return new Promise(() => {});
    }
  }
  const key = (text) => {
    process.send({ asked: text });
    return text;
  };
  Idempotent({ key, lease: '2s' })(Listener);
  RocketMQMessageListener({ topic: 't', consumerGroup: 'g', messageType: String, delayLevelWhenNextConsume: 1 })(Listener);
  class AppModule {}
  Module({ imports: [RocketMQModule.forRoot({ engine: { storePathRootDir } })], providers: [Listener] })(AppModule);

  const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
  const [rocketMQ, admin] = [app.get(RocketMQTemplate), app.get(RocketMQAdmin)];
  process.on('message', ({ send }) => rocketMQ.syncSendOrderly('t', send, 'one queue'));
  process.send({ started: true });
  for (;;) {
    const done = [];
    try {
      for await (const { tags } of admin.browse('NEST_IDEMPOTENCY')) if (tags === 'DONE') done.push(tags);
    } catch {}
    process.send({ done: done.length });
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
`;

interface Report {
  readonly asked?: string;
  readonly handled?: string;
  readonly done?: number;
  readonly started?: true;
}

class Application {
  readonly asked: string[] = [];
  readonly handled: string[] = [];
  done = 0;
  private isStarted = false;
  private readonly child: ChildProcess;

  constructor(store: string, isLast: boolean) {
    const parameters = ['--input-type=module', '-e', SCRIPT, store, String(isLast)];
    this.child = spawn(process.execPath, parameters, {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    onTestFinished(() => void this.child.kill('SIGKILL'));
    this.child.on('message', ({ asked, handled, done, started }: Report) => {
      if (asked !== undefined) this.asked.push(asked);
      if (handled !== undefined) this.handled.push(handled);
      this.done = done ?? this.done;
      this.isStarted ||= started === true;
    });
  }

  async send(...texts: string[]): Promise<void> {
    await eventually(() => this.isStarted, 30_000);
    for (const send of texts) this.child.send({ send });
  }

  async kill(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }
}

it(
  'handles once what was handled before the process was killed, and again what was not',
  { timeout: 60_000 },
  async () => {
    const store = `${temporaryDirectory()}/store`;
    const first = new Application(store, false);
    await first.send('a', 'b', 'deadly');
    await eventually(() => first.handled.includes('deadly') && first.done === 2, 20_000);
    await first.kill();

    const second = new Application(store, true);
    await second.send('c');
    await eventually(() => second.handled.includes('deadly') && second.handled.includes('c'), 30_000);
    expect(first.handled.toSorted()).toEqual(['a', 'b', 'deadly']);
    // Its offsets were not kept yet, so everything came again.
    expect(second.asked).toEqual(expect.arrayContaining(['a', 'b', 'deadly']));
    expect(second.handled.toSorted()).toEqual(['c', 'deadly']);
    await second.kill();
  },
);
