import { describeWithStack } from '../common/describe.js';
import { Message } from '../common/message.js';
import { checkNames } from '../common/option-rules.js';
import type { Logger } from '../common/logger.js';
import {
  selectMessageQueueByHash,
  type MessageQueueSelector,
  type SendOptions,
  type SendResult,
} from '../client/index.js';
import { MQClientError, PartialBatchError } from '../errors/index.js';
import type { RocketMQSendCallback, RocketMQSendOptions } from '../interfaces/send-options.interface.js';
import { splitBatch } from './batch-splitter.js';
import { parseDestination } from './destination.js';
import { HeaderMapper } from './header-mapper.js';
import { GenericMessage, MessageBuilder } from './message-builder.js';
import { applyOptions, checkTag, SEND_OPTIONS } from './message-options.js';
import type { TemplateProducer } from './intercepted-producer.js';
import { PayloadConverter } from './payload-converter.js';
import { RocketMQHeaders } from './rocketmq-headers.js';

const NO_HEADERS: ReadonlyMap<string, unknown> = new Map();

export interface SendingTemplateSettings {
  /** See {@link RocketMQModuleOptions.compat}. */
  readonly isSpringCompatible: boolean;
  /** Default: none of the application's own. */
  readonly payloads?: PayloadConverter;
  /** The queues of keys. Default: those of Java. */
  readonly queueSelector?: MessageQueueSelector | undefined;
  readonly clockNow: () => number;
  readonly logger: Logger;
}

/** Options, or as in Java the timeout in milliseconds. */
type OptionsOrTimeout = RocketMQSendOptions | number;

/** The sends of a {@link RocketMQTemplate} that are answered as soon as the message is stored. */
export class SendingTemplate {
  protected readonly payloads: PayloadConverter;
  private readonly headerMapper: HeaderMapper;
  private readonly queueSelector: MessageQueueSelector;

  constructor(
    protected readonly producer: TemplateProducer,
    protected readonly settings: SendingTemplateSettings,
  ) {
    this.headerMapper = new HeaderMapper(settings.logger);
    this.payloads = settings.payloads ?? new PayloadConverter(settings.isSpringCompatible);
    this.queueSelector = settings.queueSelector ?? selectMessageQueueByHash;
  }

  /**
   * Sends a payload with headers, and waits until it is stored. An array is one message, with all of it as JSON.
   *
   * @param headers those of a {@link GenericMessage} are kept where these say nothing else.
   * @param postProcessor may change the message, or return another one, before it is sent.
   */
  async convertAndSend(
    destination: string,
    payload: unknown,
    headers: Readonly<Record<string, unknown>> = {},
    postProcessor: (message: Message) => Message = (message) => message,
    options: RocketMQSendOptions = {},
  ): Promise<SendResult> {
    const { payload: content, headers: given } =
      payload instanceof GenericMessage ? payload : new GenericMessage(payload, NO_HEADERS);
    const generic = MessageBuilder.withPayload(content).copyHeaders(given).copyHeaders(headers).build();
    const message = postProcessor(this.toMessage(destination, generic, options));
    return this.producer.send(message, this.producerOptions(options));
  }

  /**
   * Sends a payload or message, or an array of them as one batch, and waits until it is stored. After an error the send
   * is tried again, up to the producer's `retryTimesWhenSendFailed`.
   *
   * A batch goes to one queue, all or nothing; it may be as large as one message, and has no delay.
   */
  syncSend(
    destination: string,
    payload: unknown,
    options?: OptionsOrTimeout,
    delayLevel?: number,
  ): Promise<SendResult> {
    // Not `async`: the promise around that of the producer would cost as much as the rest of this method.
    try {
      const sendOptions = asOptions(options, delayLevel);
      if (Array.isArray(payload)) return this.sendBatch(destination, payload, sendOptions);
      const message = this.toMessage(destination, payload, sendOptions);
      return this.producer.send(message, this.producerOptions(sendOptions));
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  /**
   * Sends any number of payloads or messages, in their order, as batches of at most the producer's `maxMessageSize`, one after the other.
   *
   * @returns the results of the batches.
   * @throws PartialBatchError when some are stored and others are not; as {@link syncSend} when none are.
   */
  async syncSendBatches(
    destination: string,
    payloads: readonly unknown[],
    options: RocketMQSendOptions = {},
  ): Promise<SendResult[]> {
    const messages = payloads.map((payload) => this.toMessage(destination, payload, options));
    const results: SendResult[] = [];
    let stored = 0;
    for (const batch of splitBatch(messages, this.producer.config.maxMessageSize)) {
      try {
        results.push(await this.producer.sendBatch(batch, this.producerOptions(options)));
      } catch (error) {
        throw stored === 0 ? error : new PartialBatchError(stored, messages.length, error);
      }
      stored += batch.length;
    }
    return results;
  }

  /** As {@link syncSend}, with all messages of one `hashKey` in one queue, in order; not tried again. */
  async syncSendOrderly(
    destination: string,
    payload: unknown,
    hashKey: string,
    options?: OptionsOrTimeout,
    delayLevel?: number,
  ): Promise<SendResult> {
    return this.syncSend(destination, payload, {
      ...asOptions(options, delayLevel),
      hashKey: requireKey(hashKey),
    });
  }

  /**
   * Delivers the message so many seconds after the broker has got it, up to three days (`timerMaxDelaySec`). It may be
   * {@link RocketMQTemplate.recall}ed until then. Other units, times and kinds of send: the options `delay` and `deliverAt` of every send.
   *
   * @throws MQClientError when `delayTime` is not an integer above 0.
   */
  async syncSendDelayTimeSeconds(
    destination: string,
    payload: unknown,
    delayTime: number,
  ): Promise<SendResult> {
    return this.sendDelayed(destination, payload, (message) => message.setDelayTimeSec(positive(delayTime)));
  }

  /** As {@link syncSendDelayTimeSeconds}, in milliseconds; the broker delivers at whole seconds. */
  async syncSendDelayTimeMills(
    destination: string,
    payload: unknown,
    delayTime: number,
  ): Promise<SendResult> {
    return this.sendDelayed(destination, payload, (message) => message.setDelayTimeMs(positive(delayTime)));
  }

  /** As {@link syncSendDelayTimeSeconds}, at a time in milliseconds since the epoch; one that is over is no delay. */
  async syncSendDeliverTimeMills(
    destination: string,
    payload: unknown,
    delayTime: number,
  ): Promise<SendResult> {
    return this.sendDelayed(destination, payload, (message) => message.setDeliverTimeMs(positive(delayTime)));
  }

  /**
   * Sends without waiting: the promise, or the callback, tells how it ended. An error that the broker answers is not
   * tried again.
   */
  asyncSend(destination: string, payload: unknown, options?: RocketMQSendOptions): Promise<SendResult>;
  asyncSend(
    destination: string,
    payload: unknown,
    callback: RocketMQSendCallback,
    options?: OptionsOrTimeout,
    delayLevel?: number,
  ): void;
  asyncSend(
    destination: string,
    payload: unknown,
    callbackOrOptions?: RocketMQSendCallback | RocketMQSendOptions,
    options?: OptionsOrTimeout,
    delayLevel?: number,
  ): Promise<SendResult> | void {
    if (!isCallback(callbackOrOptions)) {
      const given = callbackOrOptions ?? asOptions(options, delayLevel);
      return this.startSend(destination, payload, given);
    }
    this.notify(this.startSend(destination, payload, asOptions(options, delayLevel)), callbackOrOptions);
  }

  /** As {@link asyncSend}, with all messages of one `hashKey` in one queue, in order. */
  asyncSendOrderly(
    destination: string,
    payload: unknown,
    hashKey: string,
    options?: RocketMQSendOptions,
  ): Promise<SendResult>;
  asyncSendOrderly(
    destination: string,
    payload: unknown,
    hashKey: string,
    callback: RocketMQSendCallback,
    options?: OptionsOrTimeout,
    delayLevel?: number,
  ): void;
  asyncSendOrderly(
    destination: string,
    payload: unknown,
    hashKey: string,
    callbackOrOptions?: RocketMQSendCallback | RocketMQSendOptions,
    options?: OptionsOrTimeout,
    delayLevel?: number,
  ): Promise<SendResult> | void {
    if (!isCallback(callbackOrOptions)) {
      const given = callbackOrOptions ?? asOptions(options, delayLevel);
      return this.startOrderlySend(destination, payload, hashKey, given);
    }
    const sent = this.startOrderlySend(destination, payload, hashKey, asOptions(options, delayLevel));
    this.notify(sent, callbackOrOptions);
  }

  /** Hands the message over and waits for nothing: nobody learns when the broker refuses or loses it. */
  async sendOneWay(destination: string, payload: unknown, options: RocketMQSendOptions = {}): Promise<void> {
    await this.producer.sendOneway(
      this.toMessage(destination, payload, options),
      this.producerOptions(options),
    );
  }

  /** As {@link sendOneWay}, with all messages of one `hashKey` in one queue, in order. */
  async sendOneWayOrderly(
    destination: string,
    payload: unknown,
    hashKey: string,
    options: RocketMQSendOptions = {},
  ): Promise<void> {
    await this.sendOneWay(destination, payload, { ...options, hashKey: requireKey(hashKey) });
  }

  private sendDelayed(
    destination: string,
    payload: unknown,
    delay: (message: Message) => void,
  ): Promise<SendResult> {
    const message = this.toMessage(destination, payload, {});
    delay(message);
    return this.producer.send(message);
  }

  private async startSend(
    destination: string,
    payload: unknown,
    options: RocketMQSendOptions,
  ): Promise<SendResult> {
    if (Array.isArray(payload)) {
      const messages = payload.map((each) => this.toMessage(destination, each, options));
      return this.producer.sendBatchAsync(messages, this.producerOptions(options));
    }
    return this.producer.sendAsync(
      this.toMessage(destination, payload, options),
      this.producerOptions(options),
    );
  }

  private async startOrderlySend(
    destination: string,
    payload: unknown,
    hashKey: string,
    options: RocketMQSendOptions,
  ): Promise<SendResult> {
    return this.startSend(destination, payload, { ...options, hashKey: requireKey(hashKey) });
  }

  /** An error of the callback itself has nobody else to go to. */
  protected notify<T>(
    sent: Promise<T>,
    callback: { onSuccess(result: T): void; onException(error: Error): void },
  ): void {
    const { logger } = this.settings;
    sent
      .then(
        (result) => callback.onSuccess?.(result),
        (error: Error) => callback.onException?.(error),
      )
      .catch((error) =>
        logger.error(`The callback of an asynchronous send failed: ${describeWithStack(error)}`),
      );
  }

  private sendBatch(
    destination: string,
    payloads: readonly unknown[],
    options: RocketMQSendOptions,
  ): Promise<SendResult> {
    const messages = payloads.map((payload) => this.toMessage(destination, payload, options));
    return this.producer.sendBatch(messages, this.producerOptions(options));
  }

  /** @throws ConfigurationError for a name that is no option: what it was to say would be lost. */
  protected producerOptions(options: RocketMQSendOptions, known: object = SEND_OPTIONS): SendOptions {
    checkNames('options', options, known);
    const { timeout, queueSelector, signal } = options;
    const hashKey = options.hashKey ?? undefined;
    if (timeout !== undefined && !(Number.isInteger(timeout) && timeout > 0)) {
      throw new MQClientError(`timeout is ${timeout}; allowed: milliseconds from 1 up`);
    }
    if (queueSelector !== undefined)
      return { timeout, selector: checkSelector(queueSelector), arg: hashKey, signal };
    return hashKey === undefined
      ? { timeout, signal }
      : { timeout, selector: this.queueSelector, arg: hashKey, signal };
  }

  protected toMessage(destination: string, payload: unknown, options: RocketMQSendOptions): Message {
    const { topic, tag } = parseDestination(destination);
    const generic = payload instanceof GenericMessage;
    const headers: ReadonlyMap<string, unknown> = generic ? payload.headers : NO_HEADERS;
    const content: unknown = generic ? payload.payload : payload;
    if (content === undefined || content === null) {
      throw new MQClientError('`message` and `message.payload` cannot be null');
    }
    const { isSpringCompatible } = this.settings;
    const asked = headers.get(RocketMQHeaders.CONTENT_TYPE);
    const { body, contentType } = this.payloads.toBody(content, asked);
    const message = new Message(topic, body, checkTag(options.tag) ?? tag);
    message.putProperty(RocketMQHeaders.CONTENT_TYPE, contentType);
    if (isSpringCompatible) this.addSpringHeaders(message);
    if (headers.size > 0) {
      this.headerMapper.apply(headers, message);
      // The header is only what was asked for.
      message.putProperty(RocketMQHeaders.CONTENT_TYPE, contentType);
    }
    applyOptions(message, options);
    return message;
  }

  private addSpringHeaders(message: Message): void {
    message.putProperty('id', crypto.randomUUID());
    message.putProperty('timestamp', String(this.settings.clockNow()));
  }
}

function checkSelector(selector: MessageQueueSelector): MessageQueueSelector {
  if (typeof selector === 'function') return selector;
  throw new MQClientError(`queueSelector is ${String(selector)}; allowed: a function`);
}

function asOptions(
  options: OptionsOrTimeout | undefined,
  delayLevel: number | undefined,
): RocketMQSendOptions {
  if (typeof options === 'number') return { timeout: options, delayLevel };
  return delayLevel === undefined ? (options ?? {}) : { ...options, delayLevel };
}

function positive(delayTime: number): number {
  if (Number.isSafeInteger(delayTime) && delayTime > 0) return delayTime;
  throw new MQClientError(`delayTime is ${delayTime}; allowed: integers above 0`);
}

function requireKey(hashKey: string): string {
  if (typeof hashKey === 'string' && hashKey !== '') return hashKey;
  throw new MQClientError(
    `The hashKey of an ordered message is ${JSON.stringify(hashKey)}; a text is needed`,
  );
}

function isCallback(
  value: RocketMQSendCallback | RocketMQSendOptions | null | undefined,
): value is RocketMQSendCallback {
  return typeof value === 'object' && value !== null && ('onSuccess' in value || 'onException' in value);
}
