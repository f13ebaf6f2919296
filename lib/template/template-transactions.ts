import type { SendOptions, TransactionSendResult } from '../client/index.js';
import { MessageConst } from '../common/message-const.js';
import type { Message } from '../common/message.js';
import { MQClientError, TransactionUnknownError } from '../errors/index.js';
import type { RocketMQTransactionResult } from '../interfaces/transaction-listener.interface.js';
import { listenerWithoutExecute } from '../rocketmq.messages.js';
import type { TransactionalProducer } from './intercepted-producer.js';
import type { GenericMessage } from './message-builder.js';
import type { PayloadConverter } from './payload-converter.js';
import { toTransactionMessage } from './transaction-message.js';
import { TRANSACTION_LISTENER_PROPERTY, type TransactionRouter } from './transaction-router.js';

/** How the work of an inline transaction ended. */
type Outcome<T> = { readonly value: T } | { readonly error: unknown };

/** The sends of a template that are parts of transactions. */
export class TemplateTransactions {
  constructor(
    private readonly producer: TransactionalProducer,
    private readonly router: TransactionRouter,
    private readonly payloads: PayloadConverter,
  ) {}

  /** With the local transaction of a listener. */
  send(
    message: Message,
    arg: unknown,
    options: SendOptions,
    listenerName: string | undefined,
  ): Promise<TransactionSendResult> {
    refuseDelay(message);
    const { name, listener } = this.router.select(message.topic, listenerName);
    if (listener.executeLocalTransaction === undefined) throw new MQClientError(listenerWithoutExecute(name));
    message.putProperty(TRANSACTION_LISTENER_PROPERTY, name);
    return this.producer.sendMessageInTransaction(message, arg, options);
  }

  /** With work in place of it. */
  async run<T>(
    message: Message,
    work: (message: GenericMessage) => T | Promise<T>,
    options: SendOptions,
    listenerName: string | undefined,
  ): Promise<RocketMQTransactionResult<T>> {
    refuseDelay(message);
    const { name } = this.router.select(message.topic, listenerName);
    message.putProperty(TRANSACTION_LISTENER_PROPERTY, name);
    let outcome: Outcome<T> | undefined;
    const execute = async () => {
      outcome = await attempt(message, work, this.payloads);
      if ('value' in outcome) return 'COMMIT_MESSAGE';
      return outcome.error instanceof TransactionUnknownError ? 'UNKNOW' : 'ROLLBACK_MESSAGE';
    };
    const sent = await this.producer.runInTransaction(message, execute, options);
    return { ...sent, value: valueOf(outcome, sent) };
  }
}

/** Java's producer takes the level away, and says nothing. */
function refuseDelay({ delayTimeLevel, isTimed }: Message): void {
  if (delayTimeLevel > 0)
    throw new MQClientError(`A message of a transaction can not be delayed (delayLevel ${delayTimeLevel})`);
  if (isTimed)
    throw new MQClientError('A message of a transaction can not have a time of its own (delay, deliverAt)');
}

async function attempt<T>(
  message: Message,
  work: (message: GenericMessage) => T | Promise<T>,
  payloads: PayloadConverter,
): Promise<Outcome<T>> {
  try {
    const transactionId = message.getProperty(MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX);
    return { value: await work(await toTransactionMessage(message, transactionId, payloads)) };
  } catch (error) {
    return { error };
  }
}

function valueOf<T>(outcome: Outcome<T> | undefined, { sendStatus, msgId }: TransactionSendResult): T {
  if (outcome === undefined) {
    const reason = `message ${msgId} was stored less safely than asked (${sendStatus}) and is taken back`;
    throw new MQClientError(`The transaction was not begun: ${reason}`, { retryable: true });
  }
  if ('error' in outcome) throw outcome.error;
  return outcome.value;
}
