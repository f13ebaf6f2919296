import type { SendResult, TransactionSendResult } from '../client/index.js';
import { MQClientError } from '../errors/index.js';
import type { RocketMQMessageType } from '../interfaces/message-listener-options.interface.js';
import type { RocketMQReceiveOptions } from '../interfaces/pull-consumer-options.interface.js';
import type {
  RocketMQPayloadOf,
  RocketMQRequestCallback,
  RocketMQRequestOptions,
  RocketMQRequestPosition,
} from '../interfaces/request-options.interface.js';
import type {
  RocketMQTransactionOptions,
  RocketMQTransactionResult,
} from '../interfaces/transaction-listener.interface.js';
import { createPayloadReader } from './payload-reader.js';
import type { Receiver } from '../receiving/receiver.js';
import { noPullConsumer } from '../rocketmq.messages.js';
import type { GenericMessage } from './message-builder.js';
import { SEND_OPTIONS } from './message-options.js';
import { acceptReplyError, checkReply } from './reply-error.js';
import { requestArguments, type RequestArgument, type RequestRest } from './request-arguments.js';
import type { TemplateProducer } from './intercepted-producer.js';
import { SendingTemplate, type SendingTemplateSettings } from './sending-template.js';
import type { TemplateTransactions } from './template-transactions.js';

const REQUEST_OPTIONS = { ...SEND_OPTIONS, type: true, validate: true };
const TRANSACTION_OPTIONS = { ...SEND_OPTIONS, listener: true };

export interface TemplateSettings extends SendingTemplateSettings {
  readonly receiver?: Receiver;
  /** Undefined: there are none. */
  readonly transactions?: TemplateTransactions;
}

/**
 * Sends messages (RocketMQTemplate of rocketmq-spring).
 *
 * A destination is `topic` or `topic:tag`. A payload is text, bytes (`Buffer`), or anything with a JSON form; a
 * {@link GenericMessage} of {@link MessageBuilder} carries headers with it. JSON is that of `JSON.stringify`: decorators of
 * class-transformer, `@Exclude()` among them, count only when a message is read as its class. Sends reject with MQClientError when
 * the message is illegal, with ConfigurationError for an unknown option, with MessageConversionError when the payload has no JSON form
 * (nothing is stored), with MQBrokerError when the broker refuses it, which after several attempts is an MQClientError with its
 * `responseCode`, and with RemotingTimeoutError when the time is over: then the message may or may not be stored. So it may when the
 * connection is lost before the answer comes, or the client shut down meanwhile: an MQClientError that is `retryable`.
 *
 * @publicApi
 */
export class RocketMQTemplate extends SendingTemplate {
  constructor(
    producer: TemplateProducer,
    protected override readonly settings: TemplateSettings,
  ) {
    super(producer, settings);
  }

  /**
   * Takes back a timed message that is not due yet: `recall(sendResult)`, or `recall(topic, recallHandle)` in another process.
   *
   * @returns the unique id of the message.
   * @throws MQClientError when there is no handle, since the message was not timed or the broker is older than 5.3.2.
   * @throws MQBrokerError code 604 when the message is due already; code 16 when the broker does not allow it
   * (`recallMessageEnable`, which is false by default in Apache's).
   */
  recall(sent: SendResult): Promise<string>;
  recall(topic: string, recallHandle: string): Promise<string>;
  async recall(sent: SendResult | string, recallHandle?: string): Promise<string> {
    const topic = typeof sent === 'string' ? sent : sent.messageQueue.topic;
    const handle = typeof sent === 'string' ? recallHandle : sent.recallHandle;
    if (typeof handle === 'string') return this.producer.recallMessage(topic, handle);
    throw new MQClientError(
      `There is no recall handle for topic ${topic}: the message was sent without a delay or deliverAt, or its broker is older than 5.3.2`,
    );
  }

  /**
   * Sends a request and waits for the reply of a listener with {@link RocketMQReplyListener}, here or elsewhere. Behind the type
   * or the callback may stand what Java passes by position: hash key, timeout, delay level.
   *
   * Rejects with RequestTimeoutError (10006) when no reply comes in time, with RocketMQRemoteError when the listener
   * failed and says so, with MessageConversionError when the reply cannot be read, with MQClientError when the request cannot be
   * sent or the application ends meanwhile.
   */
  sendAndReceive<C extends RocketMQMessageType>(
    destination: string,
    payload: unknown,
    type: C,
    ...position: RocketMQRequestPosition
  ): Promise<RocketMQPayloadOf<C>>;
  sendAndReceive<C extends RocketMQMessageType>(
    destination: string,
    payload: unknown,
    options: RocketMQRequestOptions & { readonly type: C },
  ): Promise<RocketMQPayloadOf<C>>;
  sendAndReceive<T = unknown>(
    destination: string,
    payload: unknown,
    options?: RocketMQRequestOptions & { readonly type?: undefined },
  ): Promise<T>;
  sendAndReceive<T = unknown>(
    destination: string,
    payload: unknown,
    callback: RocketMQRequestCallback<T>,
    ...rest: RequestRest
  ): void;
  sendAndReceive(
    destination: string,
    payload: unknown,
    argument?: RequestArgument,
    ...rest: RequestRest
  ): Promise<unknown> | void {
    const { options, callback } = requestArguments(argument, rest);
    const reply = this.request(destination, payload, options);
    if (callback === undefined) return reply;
    this.notify(reply as Promise<never>, callback);
  }

  /**
   * Waits for messages of the consumer that the module's option `pullConsumer` describes, and returns those that come first: of
   * one queue, none when the time is over. They are committed by a later call, unless `autoCommit` is off.
   *
   * @param options or as in Java the timeout in milliseconds.
   * @throws MessageConversionError when one of them cannot be read as `type`; all come again with the next call.
   * @throws MQClientError without `pullConsumer`.
   */
  async receive<C extends RocketMQMessageType>(
    type: C,
    options: RocketMQReceiveOptions | number = {},
  ): Promise<RocketMQPayloadOf<C>[]> {
    const { receiver } = this.settings;
    if (receiver === undefined) throw new MQClientError(noPullConsumer());
    const received = await receiver.receive(
      type,
      typeof options === 'number' ? { timeout: options } : options,
    );
    return received as RocketMQPayloadOf<C>[];
  }

  private async request(
    destination: string,
    payload: unknown,
    options: RocketMQRequestOptions,
  ): Promise<unknown> {
    const { type, validate } = options;
    const read = await createPayloadReader(
      'sendAndReceive',
      { messageType: type, validate, allowsNull: true },
      this.payloads,
    );
    const message = this.toMessage(destination, payload, options);
    if (!this.settings.isSpringCompatible) acceptReplyError(message);
    const reply = await this.producer.request(message, this.producerOptions(options, REQUEST_OPTIONS));
    checkReply(reply);
    return read(reply);
  }

  /**
   * Stores a message that nobody sees yet, lets the transaction listener of its topic carry out the local transaction with
   * `arg`, and resolves with how it ended: the message is delivered, taken back, or, when the listener failed or does not know,
   * asked about later.
   *
   * @throws MQClientError when it is not clear which listener; as {@link syncSend} when the message could not be stored, and
   * the local transaction was not begun.
   */
  async sendMessageInTransaction(
    destination: string,
    message: unknown,
    arg?: unknown,
    options: RocketMQTransactionOptions = {},
  ): Promise<TransactionSendResult> {
    const prepared = this.toMessage(destination, message, options);
    const sendOptions = this.producerOptions(options, TRANSACTION_OPTIONS);
    return this.transactions().send(prepared, arg, sendOptions, options.listener);
  }

  /**
   * Stores a message that nobody sees yet and calls `work`: when it returns, the message is delivered, when it throws, the
   * message is taken back and the error thrown on. A {@link TransactionUnknownError} leaves it open. What is open, also because
   * this process was killed, is decided by `checkLocalTransaction` of the transaction listener of the topic.
   *
   * @throws as {@link sendMessageInTransaction}, and what `work` throws.
   */
  async transaction<T>(
    destination: string,
    payload: unknown,
    work: (message: GenericMessage) => T | Promise<T>,
    options: RocketMQTransactionOptions = {},
  ): Promise<RocketMQTransactionResult<T>> {
    const prepared = this.toMessage(destination, payload, options);
    const sendOptions = this.producerOptions(options, TRANSACTION_OPTIONS);
    return this.transactions().run(prepared, work, sendOptions, options.listener);
  }

  private transactions(): TemplateTransactions {
    const { transactions } = this.settings;
    if (transactions === undefined) throw new MQClientError('This template has no transactions');
    return transactions;
  }
}
