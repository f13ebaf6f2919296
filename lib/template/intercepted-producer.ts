import type {
  DefaultMQProducer,
  LocalTransactionState,
  SendOptions,
  SendResult,
  TransactionMQProducer,
  TransactionSendResult,
} from '../client/index.js';
import type { MessageExt } from '../common/message-ext.js';
import type { Message } from '../common/message.js';
import { MQClientError } from '../errors/index.js';
import type {
  RocketMQSendCall,
  RocketMQSendInterceptor,
  RocketMQSendOutcome,
} from '../interfaces/send-interceptor.interface.js';
import { endedBySignal } from '../client/producer/send-permits.js';
import { interceptorWithoutNext } from '../rocketmq.messages.js';

/** What a template needs of its producer. */
export type TemplateProducer = Pick<
  DefaultMQProducer,
  | 'send'
  | 'sendAsync'
  | 'sendOneway'
  | 'sendBatch'
  | 'sendBatchAsync'
  | 'request'
  | 'recallMessage'
  | 'config'
>;

/** What its transactions need of it. */
export type TransactionalProducer = Pick<
  TransactionMQProducer,
  'sendMessageInTransaction' | 'runInTransaction'
>;

/** A producer behind the interceptors of the application; without any there is none of these. */
export class InterceptedProducer implements TemplateProducer, TransactionalProducer {
  private interceptors: readonly RocketMQSendInterceptor[] = [];

  constructor(private readonly producer: TransactionMQProducer) {}

  /** They are known when all providers are made; nothing is sent before. */
  use(interceptors: readonly RocketMQSendInterceptor[]): void {
    this.interceptors = interceptors;
  }

  get config() {
    return this.producer.config;
  }

  send(message: Message, options?: SendOptions): Promise<SendResult> {
    return this.around('SYNC', [message], options, () => this.producer.send(message, options));
  }

  sendAsync(message: Message, options?: SendOptions): Promise<SendResult> {
    return this.around('ASYNC', [message], options, () => this.producer.sendAsync(message, options));
  }

  sendOneway(message: Message, options?: SendOptions): Promise<void> {
    return this.around('ONEWAY', [message], options, () => this.producer.sendOneway(message, options));
  }

  sendBatch(messages: readonly Message[], options?: SendOptions): Promise<SendResult> {
    return this.around('BATCH', messages, options, () => this.producer.sendBatch(messages, options));
  }

  sendBatchAsync(messages: readonly Message[], options?: SendOptions): Promise<SendResult> {
    return this.around('BATCH', messages, options, () => this.producer.sendBatchAsync(messages, options));
  }

  request(message: Message, options?: SendOptions): Promise<MessageExt> {
    return this.around('REQUEST', [message], options, () => this.producer.request(message, options));
  }

  sendMessageInTransaction(
    message: Message,
    arg?: unknown,
    options?: SendOptions,
  ): Promise<TransactionSendResult> {
    const send = () => this.producer.sendMessageInTransaction(message, arg, options);
    return this.around('TRANSACTION', [message], options, send);
  }

  runInTransaction(
    message: Message,
    execute: () => LocalTransactionState | Promise<LocalTransactionState>,
    options?: SendOptions,
  ): Promise<TransactionSendResult> {
    const send = () => this.producer.runInTransaction(message, execute, options);
    return this.around('TRANSACTION', [message], options, send);
  }

  recallMessage(topic: string, recallHandle: string): Promise<string> {
    return this.producer.recallMessage(topic, recallHandle);
  }

  private around<T extends RocketMQSendOutcome | void>(
    kind: RocketMQSendCall['kind'],
    messages: readonly Message[],
    options: SendOptions | undefined,
    send: () => Promise<T>,
  ): Promise<T> {
    if (this.interceptors.length === 0) return send();
    const sent = this.intercept({ kind, messages, hashKey: options?.arg }, send);
    // A local transaction that is under way may commit: only its sender ends then.
    return kind === 'TRANSACTION' ? sent : endedBySignal(sent, options?.signal);
  }

  private async intercept<T extends RocketMQSendOutcome | void>(
    call: RocketMQSendCall,
    send: () => Promise<T>,
  ): Promise<T> {
    const run = async (index: number): Promise<T> => {
      const interceptor = this.interceptors[index];
      if (interceptor === undefined) return send();
      let last: Promise<T> | undefined;
      await interceptor.intercept(call, () => {
        last = run(index + 1);
        // Whoever does not wait for it gets it all the same.
        last.catch(() => {});
        return last as Promise<RocketMQSendOutcome>;
      });
      if (last !== undefined) return last;
      throw new MQClientError(interceptorWithoutNext(interceptor.constructor.name));
    };
    return run(0);
  }
}
