import type { Timer } from '../../../common/clock.js';
import { decodeMessages } from '../../../common/message-decoder.js';
import type { MessageExt } from '../../../common/message-ext.js';
import { TopicNames } from '../../../common/topic-validator.js';
import type { DispatchRequest } from '../../store/dispatch-request.js';
import type { MessageExtBrokerInner } from '../../store/message-ext-broker-inner.js';
import { isRefusedForGood } from '../../store/put-message-status.js';
import type { BrokerController } from '../broker-controller.js';
import { getMessage, putMessage } from '../store-promises.js';
import { destinationOf } from '../message-copy.js';
import { checkTimesOf, immunityOf, originOf, toDiscarded, toRenewed } from './half-message.js';
import { TransactionCheckSender } from './transaction-check-sender.js';
import type { TransactionalMessageService } from './transactional-message-service.js';

/** Half messages that are looked at together. */
const BATCH = 32;
/** Milliseconds after which a pass ends (MAX_PROCESS_TIME_LIMIT). */
const MAX_PASS_TIME = 60_000;
const HOUR = 3_600_000;

/** What becomes of a half message that has not ended. */
type Verdict = 'WAIT' | 'PASS' | 'RENEW' | 'CHECK' | 'DISCARD';

/**
 * Asks producers how transactions ended of which they did not tell (TransactionalMessageCheckService). A half message that is
 * asked about is stored anew at the end of the half topic, so that the queue moves on.
 */
export class TransactionalMessageCheckService {
  private readonly sender: TransactionCheckSender;
  private timer: Timer | undefined;
  private running = Promise.resolve();
  private isStopped = false;

  constructor(
    private readonly broker: BrokerController,
    private readonly transactions: TransactionalMessageService,
  ) {
    this.sender = new TransactionCheckSender(broker);
  }

  start(): void {
    this.transactions.halves.start();
    this.running = this.transactions.halves.load().catch((error: Error) => this.failed(error));
    this.checkLater();
  }

  /** Begins nothing more, and waits for what is being stored. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.broker.clock.clearTimeout(this.timer);
    await this.running;
  }

  private checkLater(): void {
    this.timer = this.broker.clock.setTimeout(() => {
      this.running = this.running
        .then(() => this.pass())
        .catch((error: Error) => this.failed(error))
        .then(() => (this.isStopped ? undefined : this.checkLater()));
    }, this.broker.config.transactionCheckInterval);
  }

  private failed(error: Error): void {
    this.broker.logger.error(`The check of transactions failed: ${error.stack}`);
  }

  /** TransactionalMessageServiceImpl#check. */
  private async pass(): Promise<void> {
    const { halves } = this.transactions;
    await halves.load();
    const startedAt = this.broker.clock.now();
    // What this pass stores anew is for the next one.
    const end = this.broker.store.getMaxOffsetInQueue(TopicNames.TRANS_HALF, 0);
    for (let goesOn = true; goesOn && !this.isStopped;) {
      halves.skipEnded();
      const read = getMessage(this.broker.store, TopicNames.TRANS_HALF, 0, halves.offset, BATCH);
      const { messages, nextBeginOffset } = await read;
      if (nextBeginOffset <= halves.offset) return;
      goesOn = await this.workOff(decodeMessages(messages), nextBeginOffset, end);
      goesOn &&= this.broker.clock.now() - startedAt < MAX_PASS_TIME;
    }
  }

  /** Returns whether the pass goes on behind these messages. */
  private async workOff(messages: readonly MessageExt[], next: number, end: number): Promise<boolean> {
    const verdicts = messages.map((half) => this.verdictOn(half, end));
    const waiting = verdicts.indexOf('WAIT');
    const decided = waiting < 0 ? messages : messages.slice(0, waiting);
    const work = decided.map((half, i) => this.carryOut(verdicts[i]!, half));
    const failed = (await Promise.all(work)).indexOf(false);
    const stop = failed < 0 ? waiting : failed;
    this.transactions.halves.advanceTo(stop < 0 ? next : messages[stop]!.queueOffset);
    return stop < 0;
  }

  private verdictOn(half: MessageExt, end: number): Verdict {
    const { clock, config, storeConfig } = this.broker;
    if (this.transactions.halves.hasEnded(half.queueOffset)) return 'PASS';
    if (this.transactions.committing.has(originOf(half))) return 'WAIT';
    if (half.queueOffset >= end) return 'WAIT';
    const age = clock.now() - half.bornTimestamp;
    const checkTimes = checkTimesOf(half);
    // An age that a clock which was set ahead made up must not end what nobody was asked about.
    const isOld = checkTimes > 0 && age > storeConfig.fileReservedTime * HOUR;
    if (isOld || checkTimes >= config.transactionCheckMax) return this.endOf(half, 'DISCARD');
    const immunity = immunityOf(half, config.transactionTimeOut);
    if (immunity === undefined && age >= 0 && age < config.transactionTimeOut) return 'WAIT';
    if (immunity !== undefined && age < immunity) return this.endOf(half, 'RENEW');
    // It counts as asked when it is stored: what is not read would use up all attempts.
    return this.endOf(half, this.sender.isHeldUp(half) ? 'RENEW' : 'CHECK');
  }

  /** What was committed before a crash needs no further look. */
  private endOf(half: MessageExt, verdict: Verdict): Verdict {
    if (destinationOf(half, this.broker) === undefined) {
      this.broker.logger.error(`Half message ${half.offsetMsgId} has no real topic and is dropped`);
      return 'PASS';
    }
    return this.transactions.isCommitted(half) ? 'PASS' : verdict;
  }

  /** Resolves to false when it cannot be stored; then the next pass tries again. */
  private async carryOut(verdict: Verdict, half: MessageExt): Promise<boolean> {
    if (verdict === 'PASS') return true;
    if (verdict === 'DISCARD') return this.discard(half, 'stayed open too long');
    const renewed = toRenewed(half, verdict === 'CHECK' ? checkTimesOf(half) + 1 : undefined);
    const { status, record } = await putMessage(this.broker.store, renewed);
    if (isRefusedForGood(status)) return this.discard(half, `cannot be stored for a check (${status})`);
    if (record !== undefined) this.onRenewed(half, renewed, record, verdict);
    return record !== undefined;
  }

  private onRenewed(
    half: MessageExt,
    renewed: MessageExtBrokerInner,
    record: DispatchRequest,
    verdict: Verdict,
  ): void {
    const { halves, committing } = this.transactions;
    halves.move(half.queueOffset, record.consumeQueueOffset);
    const isOpen = !halves.hasEnded(record.consumeQueueOffset) && !committing.has(originOf(half));
    if (verdict === 'CHECK' && isOpen) this.sender.send(renewed, record);
  }

  private async discard(half: MessageExt, reason: string): Promise<boolean> {
    const topic = TopicNames.TRANS_CHECK_MAX_TIME;
    this.broker.topics.findOrCreate(topic, 1);
    const { status, record } = await putMessage(this.broker.store, toDiscarded(half));
    // One message must not keep all behind it from being checked.
    const isDropped = isRefusedForGood(status);
    if (record === undefined && !isDropped) return false;
    const end = isDropped
      ? `cannot be stored in ${topic} either (${status}) and is dropped`
      : `is now in ${topic}`;
    this.broker.logger.warn(
      `Transaction ${half.msgId} of topic ${destinationOf(half, this.broker)!.topic} ${reason}: its half message ${half.offsetMsgId} ${end}`,
    );
    return true;
  }
}
