import { onTestFinished } from 'vitest';
import type { EngineOptions } from '../../../../lib/engine/index.js';
import { PopClient } from '../../../support/pop-client.js';
import { SimulatedDisk } from '../../../support/simulated-file-system.js';
import { TestClient } from '../../../support/test-client.js';
import { TestEngine } from '../../../support/test-engine.js';
import { VirtualClock } from '../../../support/virtual-clock.js';

/** A broker in virtual time on a simulated disk, of which the group g pops from the topic t. */
export class PopBroker {
  clock = new VirtualClock();
  readonly disk = new SimulatedDisk({ now: () => this.clock.now() });
  client!: TestClient;
  group!: PopClient;
  private engine!: TestEngine;

  static async open(options: EngineOptions = {}): Promise<PopBroker> {
    const broker = new PopBroker(options);
    await broker.start();
    onTestFinished(() => broker.close());
    return broker;
  }

  private constructor(private readonly options: EngineOptions) {}

  async start(): Promise<void> {
    const engine = { mappedFileSizeTimerLog: 4096, ...this.options };
    const { clock } = this;
    // Retries come last.
    const random = () => 0.5;
    this.engine = new TestEngine('/store', { clock, random, fileSystem: this.disk.mount(), engine });
    await this.engine.start();
    this.client = await TestClient.open(this.engine);
    this.group = this.groupOf('t', 'g');
    await this.clock.advance(0);
  }

  groupOf(topic: string, group: string, client = this.client): PopClient {
    return new PopClient(client, topic, group, () => this.clock.now());
  }

  anotherClient(): Promise<TestClient> {
    return TestClient.open(this.engine);
  }

  close(): Promise<void> {
    return this.engine.close();
  }

  async restart(downtime = 0): Promise<void> {
    await this.close();
    this.clock.set(this.clock.now() + downtime);
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

  async send(...bodies: readonly string[]): Promise<void> {
    for (const body of bodies) {
      const { code } = await this.client.send('t', { body, properties: { UNIQ_KEY: body, TAGS: 'a' } });
      if (code !== 0) throw new Error(`code ${code}`);
    }
  }

  async pass(millis: number): Promise<void> {
    await this.clock.advance(millis);
    await this.clock.advance(0);
  }
}
