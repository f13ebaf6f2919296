import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { eventually } from './eventually.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LIBRARY = new URL('../../dist/lib/index.js', import.meta.url).href;

export interface AppProcessOptions {
  readonly name: string;
  readonly port: number;
  readonly storePathRootDir: string;
}

/** What the process runs when it is told to: a Nest application that listens, and sends under load. */
const SCRIPT = `
  import 'reflect-metadata';
  import { Module } from '@nestjs/common';
  import { NestFactory } from '@nestjs/core';
  import { RocketMQMessageListener, RocketMQModule, RocketMQTemplate } from ${JSON.stringify(LIBRARY)};

  const { name, port, storePathRootDir } = JSON.parse(process.argv[1]);
  const log = (line) => process.send({ log: String(line) });
  const logger = { log, warn: log, error: log };
  class Listener {
    onMessage(id) { process.send({ got: id }); }
  }
  RocketMQMessageListener({ topic: 't', consumerGroup: 'g', consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET' })(Listener);
  class AppModule {}
  const engine = { storePathRootDir, listen: { listenPort: port + 3 } };
  Module({ imports: [RocketMQModule.forRoot({ nameServer: '127.0.0.1:' + port, engine })], providers: [Listener] })(AppModule);

  let number = 0;
  const load = async (rocketMQ) => {
    for (;;) {
      const id = name + '-' + number++;
      try {
        await rocketMQ.syncSend('t', id);
        process.send({ sent: id });
      } catch {}
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  const start = async () => {
    const app = await NestFactory.createApplicationContext(AppModule, { logger, abortOnError: false });
    app.enableShutdownHooks();
    process.send({ started: true });
    for (let i = 0; i < 4; i++) void load(app.get(RocketMQTemplate));
  };
  process.once('message', () => start().catch((error) => {
    process.send({ failed: String(error) });
    process.exit(1);
  }));
  process.send({ log: 'ready' });
`;

interface Report {
  readonly log?: string;
  readonly sent?: string;
  readonly got?: string;
  readonly failed?: string;
  readonly started?: true;
}

/** An application in a process of its own, one of several with the same loopback `nameServer`. */
export class AppProcess {
  readonly log: string[] = [];
  readonly sent = new Set<string>();
  readonly got = new Set<string>();
  failure: string | undefined;
  isStarted = false;

  private constructor(
    private readonly child: ChildProcess,
    readonly name: string,
  ) {
    child.on('message', (report: Report) => {
      if (report.log !== undefined) this.log.push(report.log);
      if (report.sent !== undefined) this.sent.add(report.sent);
      if (report.got !== undefined) this.got.add(report.got);
      if (report.started) this.isStarted = true;
      this.failure ??= report.failed;
    });
  }

  /** A process that has loaded everything, and waits for {@link start}. */
  static async prepare(options: AppProcessOptions): Promise<AppProcess> {
    const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT, JSON.stringify(options)], {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const app = new AppProcess(child, options.name);
    await once(child, 'message');
    return app;
  }

  static async start(options: AppProcessOptions): Promise<AppProcess> {
    const app = await AppProcess.prepare(options);
    await app.start();
    return app;
  }

  async start(): Promise<void> {
    this.child.send('start');
    await eventually(() => this.isStarted || this.failure !== undefined, 30_000);
    if (this.failure !== undefined) throw new Error(this.failure);
  }

  get isHost(): boolean {
    return this.log.some((line) => line.includes('the engine runs in this process'));
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill(signal);
    await exited;
  }
}
