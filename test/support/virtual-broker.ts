import { onTestFinished } from 'vitest';
import type { EngineOptions } from '../../lib/engine/index.js';
import { SimulatedDisk } from './simulated-file-system.js';
import { TestClient } from './test-client.js';
import { TestEngine } from './test-engine.js';
import { VirtualClock } from './virtual-clock.js';

/** A broker in virtual time on a simulated disk. */
export class VirtualBroker {
  clock = new VirtualClock();
  readonly disk = new SimulatedDisk({ now: () => this.clock.now() });
  client!: TestClient;
  private engine!: TestEngine;

  constructor(private options: EngineOptions) {}

  /** Starts it, until the test ends. */
  static async open<B extends VirtualBroker>(
    this: new (options: EngineOptions) => B,
    options: EngineOptions = {},
  ): Promise<B> {
    const broker = new this(options);
    await broker.start();
    onTestFinished(() => broker.close());
    return broker;
  }

  async start(): Promise<void> {
    const engine = { mappedFileSizeTimerLog: 4096, ...this.options };
    const { clock } = this;
    // Where POP chooses by chance, retries come last.
    const random = () => 0.5;
    this.engine = new TestEngine('/store', { clock, random, fileSystem: this.disk.mount(), engine });
    await this.engine.start();
    this.client = await this.anotherClient();
    await this.clock.advance(0);
  }

  anotherClient(): Promise<TestClient> {
    return TestClient.open(this.engine);
  }

  close(): Promise<void> {
    return this.engine.close();
  }

  /** `options`: those that are other ones now. */
  async restart(downtime = 0, options: EngineOptions = {}): Promise<void> {
    await this.close();
    this.options = { ...this.options, ...options };
    this.clock.pass(downtime);
    await this.start();
  }

  /** Power is lost, and with it all that was not flushed. */
  async losePower(): Promise<void> {
    this.disk.crash(() => false);
    await this.kill();
  }

  /** The process is killed, and its timers with it. */
  async kill(downtime = 0): Promise<void> {
    this.disk.kill();
    this.clock = new VirtualClock(this.clock.now() + downtime);
    await this.start();
  }

  get log(): string {
    return this.engine.logger.lines.join('\n');
  }

  async pass(millis: number): Promise<void> {
    await this.clock.advance(millis);
    await this.clock.advance(0);
  }
}
