import type { MessageExt } from '../../lib/common/message-ext.js';
import type { DefaultMessageStore } from '../../lib/engine/store/default-message-store.js';
import { decodeMessages } from '../../lib/common/message-decoder.js';
import { readAll } from './test-store.js';

/** Damage may put a message in a queue far beyond those that are used. */
const MAX_QUEUE_ID = 16;

/** A message that was handed to the store. */
export interface SentMessage {
  readonly id: string;
  readonly topic: string;
  readonly queueId: number;
  readonly body: Buffer;
}

export interface CheckOptions {
  /** The commit log begins here: what lay before has expired. */
  readonly oldestByte?: number;
  /** What was not durable may be gone. */
  readonly afterPowerLoss?: boolean;
  /** Records that were damaged in a way that their checksum does not show. */
  readonly isAltered?: (commitLogOffset: number, size: number) => boolean;
  /** Do not look for the messages in the index. */
  readonly skipIndex?: boolean;
}

export interface Acknowledged {
  readonly message: SentMessage;
  readonly queueOffset: number;
  readonly commitLogOffset: number;
  /** Bytes of its record. */
  readonly size: number;
  /** Whether it must survive a power cut. */
  isDurable: boolean;
  /** Whether a power cut may take it, however many flushes succeed. */
  isDoubtful?: boolean;
}

/** What a store was given and has acknowledged, to compare it with what can be read. */
export class StoreModel {
  private readonly sent = new Map<string, SentMessage>();
  private readonly acknowledged = new Map<string, Acknowledged>();

  send(message: SentMessage): void {
    this.sent.set(message.id, message);
  }

  acknowledge(entry: Acknowledged): void {
    this.acknowledged.set(entry.message.id, entry);
  }

  /** Everything acknowledged so far has reached the disk. */
  markDurable(): void {
    for (const entry of this.acknowledged.values()) entry.isDurable = !entry.isDoubtful;
  }

  /** No later flush will have what is not on the disk yet. */
  markDoubtful(): void {
    for (const entry of this.acknowledged.values()) entry.isDoubtful = !entry.isDurable;
  }

  /** Messages for which `mayBeLost` holds may be missing from now on. */
  forget(mayBeLost: (entry: Acknowledged) => boolean): void {
    for (const [id, entry] of this.acknowledged) if (mayBeLost(entry)) this.acknowledged.delete(id);
  }

  get acknowledgedCount(): number {
    return this.acknowledged.size;
  }

  /** Throws when an acknowledged message is missing, changed or elsewhere, or something else can be read. */
  async check(store: DefaultMessageStore, options: CheckOptions = {}): Promise<void> {
    const readable = await this.readable(store, options);
    const lost: string[] = [];
    for (const [id, entry] of this.acknowledged) {
      const hasExpired = entry.commitLogOffset < (options.oldestByte ?? 0);
      const isExcused = hasExpired || (options.afterPowerLoss && !entry.isDurable);
      if (isExcused && !readable.has(id)) lost.push(id);
      // A power cut may bring an expired file back, of which the index knows nothing any more.
      else if (!hasExpired) this.checkAcknowledged(store, readable.get(id), entry, options);
    }
    for (const id of lost) this.acknowledged.delete(id);
  }

  private checkAcknowledged(
    store: DefaultMessageStore,
    found: MessageExt | undefined,
    entry: Acknowledged,
    options: CheckOptions,
  ): void {
    const { message, queueOffset } = entry;
    const place = `${message.topic}/${message.queueId} at ${queueOffset}`;
    if (found === undefined) throw new Error(`Acknowledged message ${message.id} of ${place} is lost`);
    if (found.queueOffset !== queueOffset) {
      throw new Error(`Acknowledged message ${message.id} of ${place} is now at ${found.queueOffset}`);
    }
    if (options.skipIndex !== true) this.checkIndex(store, message, found);
  }

  private checkIndex(store: DefaultMessageStore, { id, topic }: SentMessage, found: MessageExt): void {
    const records = store
      .queryMessage(topic, id, 64, 0, Number.MAX_SAFE_INTEGER)
      .map((record) => decodeMessages(record)[0]!);
    const offsets = records.filter((record) => record.msgId === id).map((record) => record.commitLogOffset);
    if (!offsets.includes(found.commitLogOffset))
      throw new Error(`Message ${id} of ${topic} is not in the index`);
    if (new Set(offsets).size !== offsets.length)
      throw new Error(`Message ${id} of ${topic} is in the index twice`);
  }

  private async readable(
    store: DefaultMessageStore,
    { isAltered = () => false }: CheckOptions,
  ): Promise<Map<string, MessageExt>> {
    const found = new Map<string, MessageExt>();
    for (const [topic, maxQueueId] of [...store.topics()]) {
      for (let queueId = 0; queueId <= Math.min(maxQueueId, MAX_QUEUE_ID); queueId++) {
        for (const message of await readAll(store, topic, queueId)) {
          const { commitLogOffset, storeSize } = message;
          if (!isAltered(commitLogOffset, storeSize)) this.checkMessage(found, topic, queueId, message);
        }
      }
    }
    return found;
  }

  private checkMessage(
    found: Map<string, MessageExt>,
    topic: string,
    queueId: number,
    message: MessageExt,
  ): void {
    const id = message.msgId;
    const sent = this.sent.get(id);
    const place = `${topic}/${queueId} at ${message.queueOffset}`;
    if (sent === undefined) throw new Error(`A message that was never sent is in ${place}: ${id}`);
    if (sent.topic !== topic || sent.queueId !== queueId) throw new Error(`Message ${id} is in ${place}`);
    if (!sent.body.equals(message.body)) throw new Error(`Message ${id} of ${place} has another body`);
    if (found.has(id)) throw new Error(`Message ${id} of ${place} is there twice`);
    found.set(id, message);
  }
}
