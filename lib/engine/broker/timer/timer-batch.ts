import { nextTurn } from '../../../common/clock.js';
import { decodeMessages } from '../../../common/message-decoder.js';
import type { MessageExt } from '../../../common/message-ext.js';
import { TIMER_TOPIC } from '../../../common/topic-validator.js';
import type { BrokerController } from '../broker-controller.js';
import { getMessage } from '../store-promises.js';
import type { TimedMessage } from './timer-message.js';

/** Messages that are taken up before others are delivered, which may wait for a slow flush. */
const TAKE_BATCH = 1024;
/** Bytes of bodies, of those that are late, after which no more are taken up with them. */
const LATE_BYTES = 1024 * 1024;
/** Messages that are read together, and how often in a turn of the event loop. */
const READ_BATCH = 32;
const READS_OF_A_TURN = 8;

/** Messages of the timer topic that are taken up together. */
export class TimerBatch {
  /** Those whose slots are over. */
  readonly late: TimedMessage[] = [];
  private lateBytes = 0;
  private readonly endOffset: number;

  constructor(
    private readonly broker: BrokerController,
    /** The next message of the topic to take up. */
    public nextOffset: number,
  ) {
    this.endOffset = nextOffset + TAKE_BATCH;
  }

  /** Those before `nextOffset` are taken up also when this rejects. */
  async takeUp(takeUpOne: (message: MessageExt) => TimedMessage | undefined): Promise<void> {
    for (let reads = 1; await this.takeUpSome(takeUpOne); reads++)
      if (reads % READS_OF_A_TURN === 0) await nextTurn(this.broker.clock);
  }

  /** False when there are no more. */
  private async takeUpSome(takeUpOne: (message: MessageExt) => TimedMessage | undefined): Promise<boolean> {
    const { store } = this.broker;
    const from = this.nextOffset;
    const { messages, nextBeginOffset } = await getMessage(store, TIMER_TOPIC, 0, from, READ_BATCH);
    for (const message of decodeMessages(messages)) {
      const late = takeUpOne(message);
      if (late !== undefined) this.addLate(late);
      this.nextOffset = message.queueOffset + 1;
    }
    this.nextOffset = Math.max(this.nextOffset, nextBeginOffset);
    const isFull = this.nextOffset >= this.endOffset || this.lateBytes >= LATE_BYTES;
    return !isFull && this.nextOffset > from && this.nextOffset < store.getMaxOffsetInQueue(TIMER_TOPIC, 0);
  }

  private addLate(timed: TimedMessage): void {
    this.late.push(timed);
    this.lateBytes += timed.message.body.length;
  }
}
