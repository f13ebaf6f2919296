import { expect } from 'vitest';
import type { MessageExt } from '../../lib/common/message-ext.js';
import { decodeMessages } from '../../lib/common/message-decoder.js';
import type { DefaultMessageStore } from '../../lib/engine/store/default-message-store.js';
import type { DispatchRequest } from '../../lib/engine/store/dispatch-request.js';
import type { GetMessageResult } from '../../lib/engine/store/get-message-result.js';
import type { MessageExtBrokerInner } from '../../lib/engine/store/message-ext-broker-inner.js';
import type { MessageStoreConfig } from '../../lib/engine/store/message-store-config.js';
import { SimulatedDisk, type DiskFault } from './simulated-file-system.js';
import { innerMessage, openStore, put, readAll, RecordingLogger, type PutOutcome } from './test-store.js';
import { settle, VirtualClock } from './virtual-clock.js';

/** So small that a few dozen messages fill several files of each kind. */
export const TINY_FILES: Partial<MessageStoreConfig> = {
  mappedFileSizeCommitLog: 16 * 1024,
  mappedFileSizeConsumeQueue: 25 * 20,
  maxHashSlotNum: 50,
  maxIndexNum: 60,
  maxMessageSize: 8 * 1024,
  tailCacheSize: 1024 * 1024,
  diskSpaceWarningLevelRatio: 100,
  cleanFileForciblyEnable: false,
};

/** An acknowledged message and where it lies. */
export interface StoredMessage {
  readonly id: string;
  readonly topic: string;
  readonly queueId: number;
  readonly queueOffset: number;
  readonly commitLogOffset: number;
  readonly size: number;
}

/** A store on a simulated disk, which can be ended in every way, damaged while it is closed, and opened again. */
export class SimulatedStore {
  readonly directory = '/data/store';
  clock = new VirtualClock();
  readonly disk = new SimulatedDisk({ now: () => this.clock.now() });
  /** What was logged since the store was last opened. */
  logger = new RecordingLogger();
  store!: DefaultMessageStore;
  /** Everything acknowledged so far. */
  readonly stored: StoredMessage[] = [];
  readonly arrived: DispatchRequest[] = [];
  /** What `topics.json` says, which belongs to the broker. */
  savedTopics: ReadonlySet<string> | undefined;
  private messageCount = 0;
  private readonly config: Partial<MessageStoreConfig>;

  constructor(config: Partial<MessageStoreConfig> = {}) {
    this.config = { ...TINY_FILES, ...config };
    this.open();
  }

  /** Opens the store, as a process that has just started. */
  open(config: Partial<MessageStoreConfig> = {}): void {
    // Timers of a process that has ended must not fire any more.
    this.clock = new VirtualClock(this.clock.now() + 1000);
    this.logger = new RecordingLogger();
    this.store = openStore(this.directory, {
      config: { ...this.config, ...config },
      fileSystem: this.disk.mount(),
      clock: this.clock,
      logger: this.logger,
      onArriving: (records) => this.arrived.push(...records),
      savedTopics: () => this.savedTopics,
    });
  }

  async close(): Promise<void> {
    await this.store.close();
    this.disk.kill();
  }

  /** The process ends in whatever it does. */
  kill(): void {
    this.disk.kill();
  }

  /** Power is lost, and with it all that was not flushed. */
  crash(keep: () => boolean = () => false): void {
    this.disk.crash(keep);
  }

  /** Long enough for everything to be written, flushed and noted in the checkpoint. */
  async checkpoint(): Promise<void> {
    await this.clock.advance(11_000);
    await settle(20);
  }

  message(fields: Partial<MessageExtBrokerInner> = {}): MessageExtBrokerInner {
    const id = `m${this.messageCount++}`;
    const properties = new Map([
      ['UNIQ_KEY', id],
      ['KEYS', `key-${id}`],
      ['TAGS', 'TagA'],
    ]);
    return innerMessage({ body: Buffer.alloc(300, `${id};`), properties, ...fields });
  }

  /** Puts a message of its own id. */
  async put(fields: Partial<MessageExtBrokerInner> = {}): Promise<PutOutcome> {
    const message = this.message(fields);
    const outcome = await put(this.store, message);
    if (outcome.status === 'PUT_OK') this.note(message, outcome.records[0]!);
    return outcome;
  }

  /** Puts messages one after the other; fails when one is refused. */
  async send(count: number, fields: Partial<MessageExtBrokerInner> = {}): Promise<StoredMessage[]> {
    const first = this.stored.length;
    for (let i = 0; i < count; i++) {
      const { status } = await this.put(fields);
      if (status !== 'PUT_OK') throw new Error(`${status}: ${this.store.writeRefusal}`);
    }
    return this.stored.slice(first);
  }

  /** Everything that can be read from a queue. */
  read(topic = 'TopicA', queueId = 0): Promise<MessageExt[]> {
    return readAll(this.store, topic, queueId);
  }

  /** The ids of what can be read from a queue. */
  async ids(topic = 'TopicA', queueId = 0): Promise<string[]> {
    return (await this.read(topic, queueId)).map((message) => message.msgId);
  }

  /** Tries to read until what the disk cannot give is given up. */
  async retry<T>(read: () => Promise<T>): Promise<T> {
    for (let tries = 1; tries <= 25; tries++) {
      try {
        return await read();
      } catch {
        await this.clock.advance(3000);
      }
    }
    return read();
  }

  /** Ids of the messages that the index has for a key. */
  idsOfKey(key: string, topic = 'TopicA', begin = 0, end = Number.MAX_SAFE_INTEGER): string[] {
    const records = this.store.queryMessage(topic, key, 64, begin, end);
    return records.map((record) => decodeMessages(record)[0]!.msgId);
  }

  /** How often the log is read from now on. */
  countLogReads(): { count: number } {
    return this.countReads('commitlog');
  }

  /** How often files with a certain part in their paths are read from now on. */
  countReads(part: string): { count: number } {
    const reads = { count: 0 };
    const check = this.disk.check.bind(this.disk);
    this.disk.check = (operation, path, ...pages) => {
      if (operation === 'read' && path.includes(part)) reads.count++;
      check(operation, path, ...pages);
    };
    return reads;
  }

  /** The next operation of a kind fails, unless the fault says how many do. */
  failNext(fault: DiskFault): void {
    this.disk.faults.push({ times: 1, ...fault });
  }

  path(name: string): string {
    return `${this.directory}/${name}`;
  }

  /** Names of the files in a directory of the store, sorted. */
  files(directory: string): string[] {
    const prefix = `${this.path(directory)}/`;
    const inside = [...this.disk.paths()].filter((path) => path.startsWith(prefix));
    return inside.map((path) => path.slice(prefix.length)).sort();
  }

  content(name: string): Buffer {
    return this.disk.content(this.path(name));
  }

  /** The commit-log file with a byte of the log. */
  logFile(commitLogOffset: number): string {
    const start = commitLogOffset - (commitLogOffset % this.config.mappedFileSizeCommitLog!);
    return this.path(`commitlog/${String(start).padStart(20, '0')}`);
  }

  /** Overwrites bytes of the log that lie in one file. */
  damageLog(commitLogOffset: number, bytes: Buffer): void {
    const position = commitLogOffset % this.config.mappedFileSizeCommitLog!;
    this.disk.damage(this.logFile(commitLogOffset), position, bytes);
  }

  /** The bytes of a stored record. */
  record({ commitLogOffset, size }: StoredMessage): Buffer {
    const position = commitLogOffset % this.config.mappedFileSizeCommitLog!;
    return this.disk.content(this.logFile(commitLogOffset)).subarray(position, position + size);
  }

  /** Operations that the disk has carried out, of one kind on paths with a certain part. */
  operations(operation: string, part: string): number {
    return this.disk.journal.filter((line) => line.startsWith(`${operation} `) && line.includes(part)).length;
  }

  private note({ topic, queueId, properties }: MessageExtBrokerInner, record: DispatchRequest): void {
    const { consumeQueueOffset: queueOffset, commitLogOffset, msgSize: size } = record;
    this.stored.push({
      ...{ id: properties.get('UNIQ_KEY')!, topic, queueId, queueOffset, commitLogOffset, size },
    });
  }
}

/** What was acknowledged can be read, also after a power cut and a restart; nothing else can. */
export async function expectAcknowledgedOnly(store: SimulatedStore): Promise<void> {
  expect(await store.ids()).toEqual(idsOf(store.stored));
  store.disk.faults.length = 0;
  store.crash();
  store.open();
  expect(await store.ids()).toEqual(idsOf(store.stored));
}

/** The ids of messages, in their order. */
export function idsOf(messages: readonly { readonly id: string }[]): string[] {
  return messages.map(({ id }) => id);
}

/** The ids of messages that were read. */
export function idsIn({ messages }: Pick<GetMessageResult, 'messages'>): string[] {
  return decodeMessages(messages).map(({ msgId }) => msgId);
}
