import type { Timer } from '../../../common/clock.js';
import { MessageConst } from '../../../common/message-const.js';
import { TopicNames } from '../../../common/topic-validator.js';
import type { MessageExtBrokerInner } from '../../store/message-ext-broker-inner.js';
import type { BrokerController } from '../broker-controller.js';

/** The tag of all op messages (TransactionalMessageUtil.REMOVE_TAG). */
export const REMOVE_TAG = 'd';
/** Ended transactions that wait to be written; more are forgotten, and their producers asked once more. */
const MAX_PENDING = 100_000;
const NO_BYTES = Buffer.alloc(0);
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
    this.pendingBytes += String(halfOffset).length + 1;
    const { transactionOpMsgMaxSize, transactionOpBatchInterval } = this.broker.config;
    if (this.pendingBytes > transactionOpMsgMaxSize) this.flush();
    else this.timer ??= this.broker.clock.setTimeout(() => this.flush(), transactionOpBatchInterval);
  }

  /** Writes what is pending, and waits for it. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.flush();
    if (this.isPutting) await new Promise<void>((resolve) => (this.onIdle = resolve));
  }

  private flush(): void {
    this.broker.clock.clearTimeout(this.timer);
    this.timer = undefined;
    if (this.isPutting || this.pending.length === 0) return;
    const batch = this.pending;
    this.pending = [];
    this.pendingBytes = 0;
    this.isPutting = true;
    this.broker.store.putMessage(this.opMessage(batch), {
      onPut: (status, records, first) => {
        this.isPutting = false;
        if (status === 'PUT_OK') this.onStored(records[first]!.consumeQueueOffset, batch.reduce(larger));
        this.goOn(status === 'PUT_OK' ? [] : batch);
      },
    });
  }

  /** What came meanwhile, and what could not be written, is written next. */
  private goOn(failed: readonly number[]): void {
    if (this.isStopped && failed.length === 0 && this.pending.length > 0) return this.flush();
    if (this.isStopped) return this.onIdle?.();
    const waiting = [...failed, ...this.pending];
    this.pending = [];
    this.pendingBytes = 0;
    for (const halfOffset of waiting) this.add(halfOffset);
  }

  private opMessage(halfOffsets: readonly number[]): MessageExtBrokerInner {
    const { storeHost } = this.broker;
    return {
      topic: TopicNames.TRANS_OP_HALF,
      queueId: 0,
      flag: 0,
      sysFlag: 0,
      bornTimestamp: this.broker.clock.now(),
      bornHost: storeHost,
      storeHost,
      reconsumeTimes: 0,
      preparedTransactionOffset: 0,
      body: Buffer.from(halfOffsets.map((offset) => `${offset},`).join('')),
      properties: PROPERTIES,
      brokerProperties: NO_BYTES,
    };
  }
}

function larger(a: number, b: number): number {
  return Math.max(a, b);
}
