import type { Timer } from '../../../common/clock.js';
import { MessageConst } from '../../../common/message-const.js';
import { TopicNames } from '../../../common/topic-validator.js';
import type { MessageExtBrokerInner } from '../../store/message-ext-broker-inner.js';
import { isStored } from '../../store/put-message-status.js';
import type { BrokerController } from '../broker-controller.js';
import { ownMessage } from '../own-message.js';

/** The tag of all op messages (TransactionalMessageUtil.REMOVE_TAG). */
export const REMOVE_TAG = 'd';
/** Ended transactions that wait to be written; more are forgotten, and their producers asked once more. */
const MAX_PENDING = 100_000;
const PROPERTIES: ReadonlyMap<string, string> = new Map([
  [MessageConst.WAIT_STORE_MSG_OK, 'true'],
  [MessageConst.TAGS, REMOVE_TAG],
]);

/** Writes which half messages have ended, many with one message (TransactionalOpBatchService). */
export class TransactionalOpBatchService {
  private pending: number[] = [];
  private pendingBytes = 0;
  private timer: Timer | undefined;
  private isPutting = false;
  /** The store refused the last message: the next one waits for the interval, however much is pending. */
  private isRefused = false;
  private isStopped = false;
  private onIdle: (() => void) | undefined;

  constructor(
    private readonly broker: BrokerController,
    /** Called for each op message that is stored, with the newest half offset in it. */
    private readonly onStored: (opOffset: number, newestHalfOffset: number) => void,
  ) {}

  add(halfOffset: number): void {
    if (this.pending.length >= MAX_PENDING) return;
    this.pending.push(halfOffset);
    this.pendingBytes += bytesOf(halfOffset);
    this.flushWhenDue();
  }

  /** Writes what is pending, and waits for it. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.flush();
    if (this.isPutting) await new Promise<void>((resolve) => (this.onIdle = resolve));
  }

  private flushWhenDue(): void {
    const { transactionOpMsgMaxSize, transactionOpBatchInterval } = this.broker.config;
    if (this.pendingBytes > transactionOpMsgMaxSize && !this.isRefused) this.flush();
    else this.timer ??= this.broker.clock.setTimeout(() => this.flush(), transactionOpBatchInterval);
  }

  private flush(): void {
    this.broker.clock.clearTimeout(this.timer);
    this.timer = undefined;
    if (this.isPutting || this.pending.length === 0) return;
    const batch = this.takeBatch();
    this.isPutting = true;
    if (this.broker.storeConfig.flushDiskType !== 'SYNC_FLUSH') return this.put(batch);
    // What was stored with FLUSH_DISK_TIMEOUT is not on the disk yet; power may be lost when only what says that it is stored is there.
    this.broker.store.syncLog((error) => (error === null ? this.put(batch) : this.refused(batch)));
  }

  private put(batch: readonly number[]): void {
    this.broker.store.putMessage(this.opMessage(batch), {
      onPut: (status, records, first) => {
        if (!isStored(status)) return this.refused(batch);
        this.isPutting = this.isRefused = false;
        this.onStored(records[first]!.consumeQueueOffset, batch.reduce(larger));
        this.goOn();
      },
    });
  }

  private refused(batch: readonly number[]): void {
    this.isPutting = false;
    this.isRefused = true;
    this.takeBack(batch);
  }

  /** As much as one message is to have: more is pending when the store has refused for a while. */
  private takeBatch(): number[] {
    const { transactionOpMsgMaxSize } = this.broker.config;
    let bytes = 0;
    const last = this.pending.findIndex(
      (halfOffset) => (bytes += bytesOf(halfOffset)) > transactionOpMsgMaxSize,
    );
    this.pendingBytes -= bytes;
    return this.pending.splice(0, last < 0 ? this.pending.length : last + 1);
  }

  /** The store may refuse at once, and again: what it refused waits. */
  private takeBack(batch: readonly number[]): void {
    if (this.isStopped) return this.onIdle?.();
    this.pending = [...batch, ...this.pending];
    for (const halfOffset of batch) this.pendingBytes += bytesOf(halfOffset);
    this.flushWhenDue();
  }

  /** What came meanwhile is written next. */
  private goOn(): void {
    if (this.pending.length === 0) return this.isStopped ? this.onIdle?.() : undefined;
    if (this.isStopped) this.flush();
    else this.flushWhenDue();
  }

  private opMessage(halfOffsets: readonly number[]): MessageExtBrokerInner {
    const body = Buffer.from(halfOffsets.map((offset) => `${offset},`).join(''));
    return ownMessage(this.broker, TopicNames.TRANS_OP_HALF, 0, body, PROPERTIES);
  }
}

/** In the body of an op message. */
function bytesOf(halfOffset: number): number {
  return String(halfOffset).length + 1;
}

function larger(a: number, b: number): number {
  return Math.max(a, b);
}
