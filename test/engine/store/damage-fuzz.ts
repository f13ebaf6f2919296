import type { DefaultMessageStore } from '../../../lib/engine/store/default-message-store.js';
import type { MessageStoreConfig } from '../../../lib/engine/store/message-store-config.js';
import { SeededRandom } from '../../support/random.js';
import { SimulatedDisk } from '../../support/simulated-file-system.js';
import { StoreModel, type SentMessage } from '../../support/store-model.js';
import { innerMessage, openStore, put as putMessage, RecordingLogger } from '../../support/test-store.js';
import { VirtualClock } from '../../support/virtual-clock.js';

const DIRECTORY = '/store';
const FILE_SIZE = 16 * 1024;

/** Bytes of the commit log that were changed. */
interface DamagedBytes {
  readonly from: number;
  readonly to: number;
}

/** A store whose files are damaged while it is closed, as a seed says. */
export class DamageFuzz {
  private readonly random: SeededRandom;
  private readonly disk: SimulatedDisk;
  private readonly model = new StoreModel();
  private clock = new VirtualClock();
  private store!: DefaultMessageStore;
  private messageCount = 0;
  logger = new RecordingLogger();
  private readonly damaged: DamagedBytes[] = [];
  readonly history: string[] = [];

  constructor(
    seed: number,
    private readonly config: Partial<MessageStoreConfig>,
    /** Which files are damaged. */
    private readonly target: RegExp,
  ) {
    this.random = new SeededRandom(seed);
    this.disk = new SimulatedDisk({ now: () => this.clock.now() });
  }

  async run(): Promise<void> {
    this.open();
    for (let round = 0; round < 4; round++) {
      await this.put(this.random.integer(0, 60));
      if (this.random.chance(0.5)) await this.clock.advance(11_000);
      await this.put(this.random.integer(0, 20));
      await this.end();
      for (let i = this.random.integer(1, 2); i > 0; i--) this.damage();
      this.model.forget(({ commitLogOffset, size }) => this.isDamaged(commitLogOffset, size));
      this.open();
      await this.check();
    }
    await this.store.close();
    this.open();
    await this.check();
  }

  private check(): Promise<void> {
    const hasChecksum = this.config.enabledAppendPropCRC !== false;
    const isAltered = (commitLogOffset: number, size: number) =>
      !hasChecksum && this.isDamaged(commitLogOffset, size);
    return this.model.check(this.store, { skipIndex: true, isAltered });
  }

  private isDamaged(commitLogOffset: number, size: number): boolean {
    return this.damaged.some(({ from, to }) => commitLogOffset < to && commitLogOffset + size > from);
  }

  private open(): void {
    this.logger = new RecordingLogger();
    this.clock = new VirtualClock(this.clock.now() + 1000);
    this.store = openStore(DIRECTORY, {
      config: {
        mappedFileSizeCommitLog: FILE_SIZE,
        mappedFileSizeConsumeQueue: 25 * 20,
        maxHashSlotNum: 50,
        maxIndexNum: 60,
        maxMessageSize: 8 * 1024,
        tailCacheSize: 1024 * 1024,
        diskSpaceWarningLevelRatio: 100,
        cleanFileForciblyEnable: false,
        ...this.config,
      },
      fileSystem: this.disk.mount(),
      clock: this.clock,
      logger: this.logger,
    });
  }

  private async end(): Promise<void> {
    if (this.random.chance(0.5)) {
      this.history.push('close');
      await this.store.close();
    } else {
      this.history.push('kill');
    }
    this.disk.kill();
  }

  private async put(count: number): Promise<void> {
    const { random } = this;
    for (let i = 0; i < count; i++) {
      const [topic, queueId] = random.pick([
        ['TopicA', 0],
        ['TopicA', 1],
        ['TopicB', 0],
      ] as const);
      const id = `m${this.messageCount++}`;
      const body = Buffer.alloc(random.pick([0, 20, 200, 1000]), `${id};`);
      const message: SentMessage = { id, topic, queueId, body };
      this.model.send(message);
      const outcome = await putMessage(
        this.store,
        innerMessage({ topic, queueId, body, properties: new Map([['UNIQ_KEY', id]]) }),
      );
      if (outcome.status !== 'PUT_OK') throw new Error(outcome.status);
      const { consumeQueueOffset: queueOffset, commitLogOffset, msgSize: size } = outcome.records[0]!;
      this.model.acknowledge({ message, queueOffset, commitLogOffset, size, isDurable: true });
    }
  }

  private damage(): void {
    const { random, disk } = this;
    const paths = [...disk.paths()].filter(
      (path) => this.target.test(path) && disk.node(path) !== 'directory',
    );
    if (paths.length === 0) return;
    const path = random.pick(paths);
    const content = disk.content(path);
    if (content.length === 0) return;
    const { from, to } = this.damageFile(path, content);
    if (!path.includes('commitlog')) return;
    const start = Number(path.slice(-20));
    this.damaged.push({ from: start + from, to: start + to });
  }

  /** Returns the bytes of the file that it hit. */
  private damageFile(path: string, content: Buffer): DamagedBytes {
    const { random, disk } = this;
    const dice = random.integer(0, 9);
    if (dice < 1) {
      this.history.push(`delete ${path}`);
      disk.delete(path);
      return { from: 0, to: FILE_SIZE };
    }
    if (dice < 2) {
      const length = random.integer(0, content.length);
      this.history.push(`cut ${path} to ${length}`);
      disk.cut(path, length);
      return { from: length, to: FILE_SIZE };
    }
    const position = random.chance(0.5) ? random.integer(0, content.length - 1) : this.usedByte(content);
    const bytes = this.damagedBytes(content, position);
    this.history.push(`damage ${path} at ${bytes.position}, ${bytes.content.length} bytes`);
    disk.damage(path, bytes.position, bytes.content);
    return { from: bytes.position, to: bytes.position + bytes.content.length };
  }

  private usedByte(content: Buffer): number {
    const used = content.findLastIndex((byte) => byte !== 0);
    return this.random.integer(0, Math.max(used, 0));
  }

  private damagedBytes(content: Buffer, position: number): { position: number; content: Buffer } {
    const { random } = this;
    const dice = random.integer(0, 9);
    if (dice < 5)
      return { position, content: Buffer.from([content[position]! ^ (1 << random.integer(0, 7))]) };
    const block = random.pick([20, 512, 4096]);
    const start = position - (position % block);
    const length = Math.min(block, content.length - start);
    return { position: start, content: dice < 8 ? Buffer.alloc(length) : random.bytes(length) };
  }
}
