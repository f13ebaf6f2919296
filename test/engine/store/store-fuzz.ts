import type { DefaultMessageStore } from '../../../lib/engine/store/default-message-store.js';
import type { MessageStoreConfig } from '../../../lib/engine/store/message-store-config.js';
import { SeededRandom } from '../../support/random.js';
import { SimulatedDisk, type DiskFault } from '../../support/simulated-file-system.js';
import { StoreModel, type SentMessage } from '../../support/store-model.js';
import { get, innerMessage, openStore, RecordingLogger } from '../../support/test-store.js';
import { settle, VirtualClock } from '../../support/virtual-clock.js';

const DIRECTORY = '/data/store';
const QUEUES = [
  ['TopicA', 0],
  ['TopicA', 1],
  ['TopicA', 2],
  ['TopicB', 0],
  ['%RETRY%group', 0],
] as const;

export interface FuzzOptions {
  readonly flushDiskType: MessageStoreConfig['flushDiskType'];
  readonly steps: number;
  /** Power may be lost. */
  readonly powerLoss?: boolean;
  /** Operations of the disk may fail, and it may fill up. */
  readonly faults?: boolean;
  /** Files expire. */
  readonly expiry?: boolean;
}

/** A store on a simulated disk, to which everything happens that a seed says. */
export class StoreFuzz {
  private readonly random: SeededRandom;
  private readonly disk: SimulatedDisk;
  private readonly model = new StoreModel();
  private readonly config: Partial<MessageStoreConfig>;
  private clock = new VirtualClock();
  private store!: DefaultMessageStore;
  private session = 0;
  private messageCount = 0;
  /** Where the log began when that was furthest. */
  private expiredUpTo = 0;
  private isDead = false;
  /** Whether power was lost since the last check. */
  private mayHaveLost = false;
  private death: Promise<void> = new Promise(() => {});
  /** What happened, for whoever has to find out why it failed. */
  readonly history: string[] = [];

  constructor(
    seed: number,
    private readonly options: FuzzOptions,
  ) {
    this.random = new SeededRandom(seed);
    this.disk = new SimulatedDisk({ now: () => this.clock.now(), random: this.random.next });
    const isLarge = this.random.chance(0.2);
    this.config = {
      flushDiskType: options.flushDiskType,
      mappedFileSizeCommitLog: isLarge ? 1024 * 1024 : 16 * 1024,
      mappedFileSizeConsumeQueue: 25 * 20,
      maxHashSlotNum: 50,
      maxIndexNum: 60,
      maxMessageSize: isLarge ? 64 * 1024 : 8 * 1024,
      tailCacheSize: 1024 * 1024,
      accessMessageInMemoryMaxRatio: this.random.pick([0, 40]),
      diskSpaceWarningLevelRatio: 100,
      cleanFileForciblyEnable: false,
      fileReservedTime: 1,
      deleteWhen: options.expiry ? Array.from({ length: 24 }, (_, hour) => hour).join(';') : '04',
    };
  }

  async run(): Promise<void> {
    await this.open();
    for (let step = 0; step < this.options.steps; step++) {
      await this.step();
      while (this.isDead) await this.reopen(this.wayToEnd());
    }
    await this.reopen('close');
    while (this.isDead) await this.reopen('kill');
    this.disk.kill();
  }

  private wayToEnd(): 'kill' | 'crash' {
    return this.options.powerLoss && this.random.chance(0.5) ? 'crash' : 'kill';
  }

  private async step(): Promise<void> {
    const { random, options } = this;
    const dice = random.integer(0, 99);
    if (dice < 55) for (let i = random.integer(1, 8); i > 0; i--) this.put();
    else if (dice < 60) await this.read();
    else if (dice < 73) await settle(random.integer(1, 6));
    else if (dice < 83) await this.advance(random.pick([1, 100, 1500, 11_000]));
    else if (dice < 85) this.disk.holdsSyncs = true;
    else if (dice < 88) this.addFault();
    else if (dice < 91) await this.reopen('close');
    else if (dice < 93) await this.reopen('kill');
    else if (dice < 96) this.killSoon();
    else if (dice < 98 && options.powerLoss) await this.reopen('crash');
    else if (options.expiry) await this.advance(random.integer(10, 90) * 60_000);
  }

  private async advance(millis: number): Promise<void> {
    this.history.push(`advance ${millis}`);
    await this.clock.advance(millis);
  }

  private put(): void {
    const { random, session } = this;
    const [topic, queueId] = random.pick(QUEUES);
    const count = random.chance(0.1) ? random.integer(2, 5) : 1;
    const messages = Array.from({ length: count }, () => this.newMessage(topic, queueId));
    const inner = messages.map(({ id, body }) =>
      innerMessage({ topic, queueId, body, properties: new Map([['UNIQ_KEY', id]]) }),
    );
    this.store.putMessages(inner, {
      onPut: (status, records, first, stored) => {
        if (session !== this.session || this.isDead) return;
        this.history.push(`${messages.map(({ id }) => id).join()} ${status}`);
        if (status !== 'PUT_OK') return;
        if (stored !== count) throw new Error(`${stored} of ${count} messages were acknowledged`);
        const isDurable = this.options.flushDiskType === 'SYNC_FLUSH';
        messages.forEach((message, i) => {
          const { consumeQueueOffset: queueOffset, commitLogOffset, msgSize: size } = records[first + i]!;
          this.model.acknowledge({ message, queueOffset, commitLogOffset, size, isDurable });
        });
      },
    });
  }

  private newMessage(topic: string, queueId: number): SentMessage {
    const { random } = this;
    const size = random.pick([0, 20, 200, 1000, random.integer(0, this.config.maxMessageSize!)]);
    const id = `m${this.messageCount++}`;
    const message = { id, topic, queueId, body: Buffer.alloc(size, `${id}-${random.integer(0, 1e9)};`) };
    this.model.send(message);
    return message;
  }

  /** Reads somewhere, as a consumer would: nothing may come of it but an answer. */
  private async read(): Promise<void> {
    const [topic, queueId] = this.random.pick(QUEUES);
    const offset = this.random.integer(0, this.store.getMaxOffsetInQueue(topic, queueId));
    await Promise.race([get(this.store, topic, queueId, offset), settle(100)]);
  }

  private addFault(): void {
    if (!this.options.faults) return;
    const { random, disk } = this;
    if (random.chance(0.4)) {
      disk.capacity = disk.used + random.integer(0, 5) * 4096;
      this.history.push(`capacity ${disk.capacity}`);
      return;
    }
    const fault: DiskFault = {
      operation: random.pick([
        'write',
        'sync',
        'create',
        'rename',
        'remove',
        'syncDirectory',
        'read',
        'open',
      ]),
      path: random.pick([/commitlog/, /consumequeue/, /index/, /checkpoint/, /config/, /abort/, /./]),
      code: 'EIO',
      times: random.integer(1, 3),
    };
    this.history.push(`fault ${fault.operation} ${String(fault.path)}`);
    disk.faults.push(fault);
  }

  /** The process will end in the middle of what it does then, be it opening or closing. */
  private killSoon(): void {
    this.history.push('kill soon');
    this.death = this.disk.killAfter(this.random.integer(0, 80)).then(() => {
      this.history.push('dead');
      this.isDead = true;
    });
  }

  private async reopen(how: 'close' | 'kill' | 'crash'): Promise<void> {
    const { disk } = this;
    this.history.push(how);
    if (how === 'close') {
      disk.releaseSyncs();
      await this.untilDeath(this.store.close());
      if (this.isDead) return;
      if (disk.node(`${DIRECTORY}/abort`) === undefined) this.model.markDurable();
    }
    this.end(how);
    await this.open();
    await this.untilDeath(this.check());
  }

  private async check(): Promise<void> {
    // What cannot be read for once is no loss.
    const { faults } = this.disk;
    faults.splice(
      0,
      faults.length,
      ...faults.filter(({ operation }) => operation !== 'read' && operation !== 'open'),
    );
    await this.model.check(this.store, { oldestByte: this.oldestByte(), afterPowerLoss: this.mayHaveLost });
    this.mayHaveLost = false;
  }

  /** What a dying process reads says nothing. */
  private async untilDeath(work: Promise<void>): Promise<void> {
    await Promise.race([work.catch((error: unknown) => this.failUnlessDead(error)), this.death]);
  }

  private async failUnlessDead(error: unknown): Promise<void> {
    await settle(1);
    if (!this.isDead) throw error;
  }

  private end(how: 'close' | 'kill' | 'crash'): void {
    this.oldestByte();
    const { disk } = this;
    // A flush that fails, and a process that is killed before it has written all of it again, are one fault too many.
    if (how !== 'close' && disk.failedSyncs > 0) this.model.markDoubtful();
    disk.failedSyncs = 0;
    disk.faults.length = 0;
    disk.capacity = Infinity;
    disk.holdsSyncs = false;
    this.session++;
    disk.kill();
    if (how === 'crash') {
      disk.crash(() => this.random.chance(0.5));
      this.mayHaveLost = true;
    }
    this.isDead = false;
    this.death = new Promise(() => {});
  }

  /** Opening is where a second misfortune hits hardest. */
  private async open(): Promise<void> {
    if (this.random.chance(0.1)) this.killSoon();
    if (this.random.chance(0.1)) this.addFault();
    this.clock = new VirtualClock(this.clock.now() + this.random.integer(0, 5000));
    // Some writes seem slow, some flushes quick.
    let passed = 0;
    this.clock.monotonicNow = () => (passed += this.random.pick([0, 0.1, 0.1, 3]));
    for (;;) {
      try {
        return this.openNow();
      } catch (error) {
        await settle(1);
        const isExpected = this.isDead || ['EIO', 'ENOSPC'].includes(codeOf(error)!);
        if (!isExpected) throw error;
        this.history.push(`open fails: ${String(error)}`);
        this.end(this.wayToEnd());
      }
    }
  }

  private openNow(): void {
    this.store = openStore(DIRECTORY, {
      config: this.config,
      fileSystem: this.disk.mount(),
      clock: this.clock,
      logger: new RecordingLogger(),
    });
  }

  private oldestByte(): number {
    const files = [...this.disk.paths()].filter((path) => path.startsWith(`${DIRECTORY}/commitlog/`));
    const oldest = files.length === 0 ? 0 : Math.min(...files.map((path) => Number(path.slice(-20))));
    return (this.expiredUpTo = Math.max(this.expiredUpTo, oldest));
  }
}

/** What the disk said. */
function codeOf(error: unknown): string | undefined {
  const { code, cause } = error as NodeJS.ErrnoException;
  return cause === undefined ? code : codeOf(cause);
}
