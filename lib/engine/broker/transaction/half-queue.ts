import { decodeMessages } from '../../../common/message-decoder.js';
import { CID_SYS_RMQ_TRANS } from '../../../common/mix-all.js';
import { TopicNames } from '../../../common/topic-validator.js';
import type { BrokerController } from '../broker-controller.js';
import { getMessage } from '../store-promises.js';
import { REMOVE_TAG, TransactionalOpBatchService } from './transactional-op-batch-service.js';

/** Op messages that are read at once. */
const OP_BATCH = 32;
/** Ended half messages behind an open one that are kept in mind; those beyond are checked once more. */
const MAX_ENDED = 1_000_000;
/** Renewed half messages of which the old place is kept in mind, for producers that name it. */
const MAX_MOVED = 100_000;

interface OpMessage {
  readonly offset: number;
  readonly newestHalfOffset: number;
}

/** The half topic: how far it is worked off, and which of the messages behind that have ended. */
export class HalfQueue {
  /** The first half message that has not ended. */
  offset = 0;
  private readonly ended = new Set<number>();
  private readonly moved = new Map<number, number>();
  private readonly ops: TransactionalOpBatchService;
  /** Op messages that are still of use, by their offset. */
  private opMessages: OpMessage[] = [];
  private nextOpOffset = 0;
  /** Op messages that the last run left: the next one to read, and behind the last one. */
  private loadOffset = 0;
  private loadEnd = 0;
  private isLoaded = false;

  constructor(private readonly broker: BrokerController) {
    this.ops = new TransactionalOpBatchService(broker, (offset, newestHalfOffset) =>
      this.onOpStored({ offset, newestHalfOffset }),
    );
  }

  /** Takes up where the last run ended. */
  start(): void {
    this.offset = this.startOf(TopicNames.TRANS_HALF);
    this.loadOffset = this.startOf(TopicNames.TRANS_OP_HALF);
    this.loadEnd = this.broker.store.getMaxOffsetInQueue(TopicNames.TRANS_OP_HALF, 0);
  }

  /** Reads the op messages that the last run left; when it fails, the next call goes on there. */
  async load(): Promise<void> {
    if (this.isLoaded) return;
    while (this.loadOffset < this.loadEnd)
      this.loadOffset = Math.max(await this.loadOps(this.loadOffset), this.loadOffset + 1);
    this.nextOpOffset = Math.max(this.nextOpOffset, this.loadEnd);
    this.opMessages.sort((a, b) => a.offset - b.offset);
    this.isLoaded = true;
  }

  /** Writes which messages have ended. */
  stop(): Promise<void> {
    return this.ops.stop();
  }

  hasEnded(halfOffset: number): boolean {
    return halfOffset < this.offset || this.ended.has(halfOffset);
  }

  /** A half message was committed or rolled back; it may be known under an old place. */
  end(halfOffset: number): void {
    for (let next: number | undefined = halfOffset; next !== undefined; next = this.moved.get(next)) {
      this.markEnded(next);
    }
  }

  /** Where a half message that was stored again is now. */
  newestOf(halfOffset: number): number {
    let newest = halfOffset;
    for (let next: number | undefined = newest; next !== undefined; next = this.moved.get(next))
      newest = next;
    return newest;
  }

  /** A half message was stored again at the end of the queue. */
  move(from: number, to: number): void {
    if (this.hasEnded(from)) return this.markEnded(to);
    this.moved.set(from, to);
    if (this.moved.size > MAX_MOVED) this.moved.delete(this.moved.keys().next().value!);
    this.markEnded(from);
  }

  /** Passes over what has ended. */
  skipEnded(): void {
    let next = this.offset;
    while (this.ended.has(next)) next++;
    if (next > this.offset) this.advanceTo(next);
  }

  /** Everything before `offset` has ended. */
  advanceTo(offset: number): void {
    for (let passed = this.offset; passed < offset; passed++) this.ended.delete(passed);
    this.offset = offset;
    const { offsets } = this.broker;
    offsets.commitOffset(CID_SYS_RMQ_TRANS, TopicNames.TRANS_HALF, 0, offset);
    if (!this.isLoaded) return;
    const needed = this.opMessages.findIndex(({ newestHalfOffset }) => newestHalfOffset >= offset);
    this.opMessages = needed < 0 ? [] : this.opMessages.slice(needed);
    const opOffset = this.opMessages[0]?.offset ?? this.nextOpOffset;
    offsets.commitOffset(CID_SYS_RMQ_TRANS, TopicNames.TRANS_OP_HALF, 0, opOffset);
  }

  private markEnded(halfOffset: number): void {
    if (this.hasEnded(halfOffset)) return;
    if (this.ended.size < MAX_ENDED) this.ended.add(halfOffset);
    this.ops.add(halfOffset);
  }

  private onOpStored(op: OpMessage): void {
    this.opMessages.push(op);
    this.nextOpOffset = op.offset + 1;
    this.skipEnded();
  }

  /** A store that lost its end has less than the group had seen. */
  private startOf(topic: string): number {
    const { store, offsets } = this.broker;
    const min = store.getMinOffsetInQueue(topic, 0);
    const committed = offsets.queryOffset(CID_SYS_RMQ_TRANS, topic, 0) ?? min;
    return Math.min(Math.max(committed, min), store.getMaxOffsetInQueue(topic, 0));
  }

  private async loadOps(from: number): Promise<number> {
    const result = await getMessage(this.broker.store, TopicNames.TRANS_OP_HALF, 0, from, OP_BATCH);
    for (const { queueOffset, tags, storedBody } of decodeMessages(result.messages)) {
      if (tags === REMOVE_TAG) this.loadOp(queueOffset, storedBody.toString('latin1'));
    }
    return result.nextBeginOffset;
  }

  private loadOp(offset: number, body: string): void {
    let newestHalfOffset = -1;
    for (const text of body.split(',')) {
      const halfOffset = /^\d{1,15}$/.test(text) ? Number(text) : -1;
      newestHalfOffset = Math.max(newestHalfOffset, halfOffset);
      if (halfOffset >= this.offset && this.ended.size < MAX_ENDED) this.ended.add(halfOffset);
    }
    this.opMessages.push({ offset, newestHalfOffset });
  }
}
