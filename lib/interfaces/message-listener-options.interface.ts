import type { Type } from '@nestjs/common';
import type { ConsumerConfig, RateLimit } from '../client/index.js';
import type { RocketMQMessageConverter } from './message-converter.interface.js';
import type { MessageExt } from '../common/message-ext.js';
import type { Given } from '../common/option-rules.js';
import type { RocketMQErrorHandler } from './rocketmq-error-handler.interface.js';

/**
 * What a listener gets: `String`, `Buffer`, the whole message (`MessageExt`), `Object`, `Array`, `Number` or `Boolean`
 * (JSON), or an instance of any other class (JSON, built by class-transformer).
 *
 * @publicApi
 */
export type RocketMQMessageType = Type | typeof String | typeof Buffer;

/** @publicApi */
export interface RocketMQBatchOptions {
  /** Most messages of one call, 1 to 1024. */
  readonly size: number;
  /** Milliseconds that the first message waits for others, 0 to 60,000. Default: 0, those that are there. */
  readonly lingerMs?: number | undefined;
}

/**
 * Delay levels, 1 to 18, with 0 for the one that rises and -1 for the dead-letter queue: one for all attempts, one for each, or a
 * function that says it, at once and not as a promise. When it throws, the level is 0 and its error takes the place of the listener's.
 *
 * @publicApi
 */
export type RocketMQDelayLevels =
  number | readonly number[] | ((message: MessageExt, error: unknown) => number);

/** @publicApi */
export interface RocketMQLocalRetryOptions {
  /** Calls after the first one that failed, 1 to 100. */
  readonly attempts: number;
  /** Milliseconds before each of them, 0 to 60,000. Default: 100. */
  readonly delayMs?: number | undefined;
}

/**
 * One of several topics of a listener. What it leaves out is as for the whole listener.
 *
 * @publicApi
 */
export interface RocketMQTopicSelection {
  readonly topic: string;
  readonly selectorType?: 'TAG' | 'SQL92' | undefined;
  readonly selectorExpression?: string | undefined;
}

/**
 * Options of {@link RocketMQMessageListener}, by the names of rocketmq-spring. What belongs to the consumer of a whole
 * group must not differ between the listeners of a group.
 *
 * @publicApi
 */
export interface RocketMQMessageListenerOptions extends Given<
  Omit<ConsumerConfig, 'consumerGroup' | 'consumeOrderly' | 'consumeTimestamp'>
> {
  /** The topic to listen to, or several, each with a selector of its own if need be. */
  topic: string | readonly (string | RocketMQTopicSelection)[];
  /** Consumer group. Default: the module's `consumer.group`, else the name of the class. */
  consumerGroup?: string | undefined;
  /** Kind of {@link selectorExpression}: tags, or a condition on properties, which the broker evaluates. Default: `TAG`. */
  selectorType?: 'TAG' | 'SQL92' | undefined;
  /**
   * Tags with `||` between them (default: `*`, all messages); or with `SQL92` a condition such as
   * `amount > 100 AND region IN ('EU', 'US')`. A condition that is wrong is an error at start, with its position.
   */
  selectorExpression?: string | undefined;
  /** Several messages at once, or those of a queue in order. Default: `CONCURRENTLY`. */
  consumeMode?: 'CONCURRENTLY' | 'ORDERLY' | undefined;
  /**
   * Whether the listener is registered at all; `listeners` of the module's `consumer` takes precedence. What is off is still checked.
   * Default: true.
   */
  enabled?: boolean | undefined;
  /** Start the group with the application; otherwise `RocketMQListenerRegistry` does. Default: true. */
  autoStart?: boolean | undefined;
  /**
   * Messages that are handed over together; the listener is still called with one at a time, and only those that fail come
   * again. Default: 1; in order always 1.
   */
  consumeMessageBatchMaxSize?: number | undefined;
  /**
   * Call the listener with an array of messages, from several queues, and as second argument an array of `MessageExt`. It may return an
   * array of outcomes, one for each message. Not in order. Default: one at a time.
   */
  batch?: RocketMQBatchOptions | undefined;
  /**
   * At most `max` messages begin within any `durationMs`, those that come again among them, in this member of the group. Pulling waits
   * meanwhile. Default: no limit.
   */
  rateLimit?: RateLimit | undefined;
  /**
   * Delay level of the next attempt: 0 rises with every attempt, -1 is the dead-letter queue. An array has one for each attempt that
   * failed, of which the last counts for those that follow too; a function is asked after each. Default: 0.
   */
  delayLevelWhenNextConsume?: RocketMQDelayLevels | undefined;
  /**
   * Call a listener that failed again at once, before the message comes again from the broker. It keeps its place among the calls of
   * the group meanwhile. Default: not.
   */
  localRetry?: RocketMQLocalRetryOptions | undefined;
  /** Milliseconds that a shutdown waits for running calls. Default: 1000. */
  awaitTerminationMillisWhenShutdown?: number | undefined;
  /**
   * For `CONSUME_FROM_TIMESTAMP`: a `Date`, milliseconds since the epoch, or as in Java `yyyyMMddHHmmss` (local time). Default:
   * half an hour before the start.
   */
  consumeTimestamp?: number | Date | string | undefined;
  /** What the listener gets. Default: by the content type of the message, else text. */
  messageType?: RocketMQMessageType | undefined;
  /** A provider that reads the messages of the listener, and writes its replies. Default: the module's `messageConverter`. */
  messageConverter?: Type<RocketMQMessageConverter> | undefined;
  /** Validate the message with class-validator; needs a class as {@link messageType}. Default: false. */
  validate?: boolean | undefined;
  /** What the method returns is sent to who asked with `sendAndReceive`. Default: false. */
  reply?: boolean | undefined;
  /** Milliseconds that the broker has to take a reply; then it is lost. Default: 3000. */
  replyTimeout?: number | undefined;
  /**
   * Reply name and text of an error, which rejects the `sendAndReceive` of this package with RocketMQRemoteError; the message
   * counts as consumed. Default: false, the message comes again.
   */
  replyErrors?: boolean | undefined;
  /** What becomes of a reply `undefined` or `null`: an error, or JSON `null`. Default: `ERROR`. */
  emptyReply?: 'ERROR' | 'SEND' | undefined;
  /** What becomes of a message whose payload cannot be read, or that {@link validate} refuses. Default: `DEAD_LETTER`, since it will not do later either. */
  badPayload?: 'DEAD_LETTER' | 'RETRY' | undefined;
  /**
   * Which messages the listener gets, asked in this process before the payload is read; those that it returns false for count as
   * consumed. When it throws, the message failed. Brokers filter by tags and properties without sending. Default: all.
   */
  filter?: ((message: MessageExt) => boolean) | undefined;
  /** Errors (classes, with those that extend them) after which a message goes to the dead-letter queue at once. Default: none. */
  noRetryFor?: readonly Type[] | undefined;
  /** Errors (likewise) after which a message comes again; after all others it goes to the dead-letter queue. Default: all. */
  retryFor?: readonly Type[] | undefined;
  /** A provider that decides what becomes of messages that failed, before any other rule. Default: none. */
  errorHandler?: Type<RocketMQErrorHandler> | undefined;
}
