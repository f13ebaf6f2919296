import { describeWithStack } from '../../common/describe.js';
import { LimitedLogger } from '../../common/limited-logger.js';
import { MessageConst } from '../../common/message-const.js';
import { decodeMessageId } from '../../common/message-id.js';
import { MessageSysFlag } from '../../common/message-sys-flag.js';
import type { Message } from '../../common/message.js';
import type { MessageExt } from '../../common/message-ext.js';
import type {
  CheckTransactionStateRequestHeader,
  EndTransactionRequestHeader,
} from '../../remoting/header/transaction-request-header.js';
import { RequestCode } from '../../remoting/request-code.js';
import { ConsumeExecutor } from '../consumer/consume-executor.js';
import type { MQClientInstance } from '../mq-client-instance.js';
import { DefaultMQProducer, type SendOptions } from './default-mq-producer.js';
import type { ProducerConfig } from './producer-config.js';
import type { SendResult } from './send-result.js';
import type {
  LocalTransactionState,
  TransactionListener,
  TransactionSendResult,
} from './transaction-listener.js';

type LocalTransaction = () => LocalTransactionState | Promise<LocalTransactionState>;

const TRANSACTION_TYPES: Readonly<Record<LocalTransactionState, number>> = {
  COMMIT_MESSAGE: MessageSysFlag.TRANSACTION_COMMIT_TYPE,
  ROLLBACK_MESSAGE: MessageSysFlag.TRANSACTION_ROLLBACK_TYPE,
  UNKNOW: MessageSysFlag.TRANSACTION_NOT_TYPE,
};

/** The part of the end of a transaction that says which one is meant. */
type TransactionPlace = Omit<
  EndTransactionRequestHeader,
  'producerGroup' | 'commitOrRollback' | 'fromTransactionCheck'
>;

/** A producer whose messages can be parts of transactions (TransactionMQProducer). */
export class TransactionMQProducer extends DefaultMQProducer {
  private readonly checks: ConsumeExecutor;
  private waitingChecks = 0;
  private readonly limited: LimitedLogger;
  /** Unique ids of the messages whose local transactions are under way here. */
  private readonly running = new Set<string>();

  constructor(
    instance: MQClientInstance,
    config: Partial<ProducerConfig>,
    private readonly listener: TransactionListener,
  ) {
    super(instance, config);
    this.limited = new LimitedLogger(instance.logger, instance.clock);
    this.checks = new ConsumeExecutor(instance, this.config.checkThreadPoolMaxSize);
  }

  override shutdown(): void {
    super.shutdown();
    this.checks.stop();
  }

  /**
   * Stores a message that consumers do not see, lets the listener carry out the local transaction, and tells the broker how
   * it ended: with `COMMIT_MESSAGE` consumers get the message, with `ROLLBACK_MESSAGE` they do not, and with `UNKNOW`, or
   * when the listener fails, the broker asks a producer of the group later. A delay level is taken away.
   *
   * @throws as {@link send}, in which case the local transaction was not begun.
   */
  sendMessageInTransaction(
    message: Message,
    arg?: unknown,
    options: SendOptions = {},
  ): Promise<TransactionSendResult> {
    return this.runInTransaction(message, () => this.listener.executeLocalTransaction(message, arg), options);
  }

  /** As {@link sendMessageInTransaction}, with another local transaction than the listener's. */
  runInTransaction(
    message: Message,
    execute: LocalTransaction,
    options: SendOptions = {},
  ): Promise<TransactionSendResult> {
    return this.environment.underWay.during(this.sendAndRun(message, execute, options));
  }

  private async sendAndRun(
    message: Message,
    execute: LocalTransaction,
    options: SendOptions,
  ): Promise<TransactionSendResult> {
    message.properties.delete(MessageConst.DELAY_TIME_LEVEL);
    message.putProperty(MessageConst.TRANSACTION_PREPARED, 'true');
    message.putProperty(MessageConst.PRODUCER_GROUP, this.group);
    const sent = await this.send(message, options);
    if (sent.transactionId !== undefined)
      message.putProperty(MessageConst.TRANSACTION_ID, sent.transactionId);
    const localTransactionState = await this.execute(sent, execute);
    this.endSent(message, sent, localTransactionState);
    return { ...sent, localTransactionState };
  }

  /** A broker asks how a transaction ended; `address` is where it gets the answer. */
  checkTransactionState(
    address: string,
    message: MessageExt,
    header: CheckTransactionStateRequestHeader,
  ): void {
    const { checkRequestHoldMax } = this.config;
    if (this.waitingChecks >= checkRequestHoldMax) {
      this.limited.warn(
        `${checkRequestHoldMax} checks of transactions wait already: that of ${message.msgId} comes again later`,
      );
      return;
    }
    this.waitingChecks++;
    this.checks.execute({
      run: async () => {
        this.waitingChecks--;
        const state = await this.askListener(message);
        const { topic, tranStateTableOffset, commitLogOffset, transactionId, brokerName } = header;
        const place = { topic, tranStateTableOffset, commitLogOffset, transactionId, brokerName };
        this.endTransaction(address, { ...place, msgId: message.msgId }, message, state, true);
      },
    });
  }

  /** A message that is stored less safely than asked is rolled back (DefaultMQProducerImpl#sendMessageInTransaction). */
  private async execute(
    { sendStatus, msgId }: SendResult,
    execute: LocalTransaction,
  ): Promise<LocalTransactionState> {
    if (sendStatus !== 'SEND_OK') return 'ROLLBACK_MESSAGE';
    this.running.add(msgId);
    try {
      return this.known(await execute(), msgId);
    } catch (error) {
      this.instance.logger.error(
        `The local transaction of message ${msgId} failed, it is checked later: ${describeWithStack(error)}`,
      );
      return 'UNKNOW';
    } finally {
      this.running.delete(msgId);
    }
  }

  /** What is not over yet is not looked for: it would not be found. */
  private async askListener(message: MessageExt): Promise<LocalTransactionState> {
    const { msgId } = message;
    if (this.running.has(msgId)) return 'UNKNOW';
    try {
      return this.known(await this.listener.checkLocalTransaction(message), msgId);
    } catch (error) {
      this.instance.logger.error(
        `The check of the transaction of message ${msgId} failed, it comes again later: ${describeWithStack(error)}`,
      );
      return 'UNKNOW';
    }
  }

  private known(state: LocalTransactionState, msgId: string): LocalTransactionState {
    if (Object.hasOwn(TRANSACTION_TYPES, state)) return state;
    const allowed = Object.keys(TRANSACTION_TYPES).join(', ');
    this.instance.logger.error(
      `The state of the transaction of message ${msgId} is ${JSON.stringify(state)}; allowed: ${allowed}. It is checked later.`,
    );
    return 'UNKNOW';
  }

  private endSent(message: Message, sent: SendResult, state: LocalTransactionState): void {
    const { brokerName } = sent.messageQueue;
    const address = this.instance.findBrokerAddressInPublish(brokerName);
    if (address === undefined) {
      const { logger } = this.instance;
      logger.warn(
        `Broker ${brokerName} cannot be told that transaction ${sent.msgId} ended with ${state}: it checks it later`,
      );
      return;
    }
    const place: TransactionPlace = {
      topic: this.instance.withNamespace(message.topic),
      tranStateTableOffset: sent.queueOffset,
      commitLogOffset: decodeMessageId(sent.offsetMsgId).commitLogOffset,
      msgId: sent.msgId,
      transactionId: sent.transactionId,
      brokerName,
    };
    this.endTransaction(address, place, message, state, false);
  }

  private endTransaction(
    address: string,
    place: TransactionPlace,
    message: Message,
    state: LocalTransactionState,
    fromTransactionCheck: boolean,
  ): void {
    const commitOrRollback = TRANSACTION_TYPES[state];
    const header = { ...place, producerGroup: this.group, commitOrRollback, fromTransactionCheck };
    const request = { code: RequestCode.END_TRANSACTION, header, body: undefined };
    this.instance.transport.invokeOneway(address, request);
    const { msgId, transactionId = msgId } = place;
    this.trace?.onEnded(message, { msgId, transactionId, storeHost: address, state, fromTransactionCheck });
  }
}
