import { decodeMessage } from '../../../common/message-decoder.js';
import { MessageConst } from '../../../common/message-const.js';
import type { MessageExt } from '../../../common/message-ext.js';
import { transactionValue, MessageSysFlag } from '../../../common/message-sys-flag.js';
import { TopicNames } from '../../../common/topic-validator.js';
import type { BrokerController } from '../broker-controller.js';
import { originOf } from './half-message.js';
import { HalfQueue } from './half-queue.js';
import { TransactionalMessageCheckService } from './transactional-message-check-service.js';

/** Records with the same unique id that are looked at. */
const MAX_FOUND = 64;
/** Milliseconds by which times in the index may be off: they are kept in seconds. */
const INDEX_PRECISION = 2000;

/** The transactions of a broker (TransactionalMessageService). */
export class TransactionalMessageService {
  readonly halves: HalfQueue;
  /** Transactions, by the first place of their half message, whose message is being stored. */
  readonly committing = new Set<number>();
  private readonly checks: TransactionalMessageCheckService;

  constructor(private readonly broker: BrokerController) {
    this.halves = new HalfQueue(broker);
    this.checks = new TransactionalMessageCheckService(broker, this);
  }

  start(): void {
    this.checks.start();
  }

  async stop(): Promise<void> {
    await this.checks.stop();
    await this.halves.stop();
  }

  /**
   * Whether consumers have the message already. A process that is killed may have stored it without noting that
   * its transaction has ended; the record itself tells. Apache's broker delivers such a message twice.
   */
  isCommitted(half: MessageExt): boolean {
    const uniqKey = half.getProperty(MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX);
    const realTopic = half.getProperty(MessageConst.REAL_TOPIC);
    if (uniqKey === undefined || realTopic === undefined) return false;
    const isDelayed = half.properties.has(MessageConst.DELAY_TIME_LEVEL);
    const topics = isDelayed ? [realTopic, TopicNames.SCHEDULE] : [realTopic];
    return topics.some((topic) => this.hasCommitted(topic, uniqKey, half));
  }

  private hasCommitted(topic: string, uniqKey: string, half: MessageExt): boolean {
    const { store, clock } = this.broker;
    const origin = originOf(half);
    // What was committed before this record was made was committed by an earlier one of the transaction, if the clock was right.
    const isFirst = origin === half.queueOffset && half.storeTimestamp <= clock.now();
    const begin = isFirst ? half.storeTimestamp - INDEX_PRECISION : 0;
    const found = store.queryMessage(topic, uniqKey, MAX_FOUND, begin, Number.MAX_SAFE_INTEGER);
    return found.some((record) => {
      const message = decodeMessage(record);
      if (message?.getProperty(MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX) !== uniqKey) return false;
      return (
        transactionValue(message.sysFlag) === MessageSysFlag.TRANSACTION_COMMIT_TYPE &&
        this.committedOrigin(message) === origin
      );
    });
  }

  /** The first place of the half message from which a message was made. */
  private committedOrigin(message: MessageExt): number | undefined {
    if (message.properties.has(MessageConst.TRANSACTION_PREPARED_QUEUE_OFFSET)) return originOf(message);
    const record = this.broker.store.lookMessageByOffset(message.preparedTransactionOffset);
    const half = record && decodeMessage(record);
    // A delayed message has no such offset when it is delivered; its record in the schedule topic has.
    return half?.topic === TopicNames.TRANS_HALF && half.msgId === message.msgId
      ? half.queueOffset
      : undefined;
  }
}
