import type { Type } from '@nestjs/common';
import type { ConsumerConfig, RateLimit } from '../client/index.js';
import type { RocketMQMessageConverter } from './message-converter.interface.js';
import type { MessageExt } from '../common/message-ext.js';
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
export interface RocketMQMessageListenerOptions {
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
  /** Whether the members of the group share the messages or each gets all. Default: `CLUSTERING`. */
  messageModel?: 'CLUSTERING' | 'BROADCASTING' | undefined;
  /** Several messages at once, or those of a queue in order. Default: `CONCURRENTLY`. */
  consumeMode?: 'CONCURRENTLY' | 'ORDERLY' | undefined;
  /** Calls that may be under way at once in the group. Default: 20. */
  consumeThreadNumber?: number | undefined;
  /**
   * Whether the listener is registered at all; `listeners` of the module's `consumer` takes precedence. What is off is still checked.
   * Default: true.
   */
  enabled?: boolean | undefined;
  /** Start the group with the application; otherwise `RocketMQListenerRegistry` does. Default: true. */
  autoStart?: boolean | undefined;
  /** Attempts before a message goes to the dead-letter queue. Default: -1, which is 16, and unlimited in order. */
  maxReconsumeTimes?: number | undefined;
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
  /** Milliseconds between attempts in order, 10 to 30,000. Default: 1000. */
  suspendCurrentQueueTimeMillis?: number | undefined;
  /**
   * Minutes that a call may take. Then its `signal` is aborted, its message comes again, and what becomes of the call does not count; in
   * order the queue waits for the call, and it counts. Default: 15.
   */
  consumeTimeout?: number | undefined;
  /** Milliseconds that a shutdown waits for running calls. Default: 1000. */
  awaitTerminationMillisWhenShutdown?: number | undefined;
  /** Where a group begins that has no offset yet. Default: `CONSUME_FROM_LAST_OFFSET`. */
  consumeFromWhere?: ConsumerConfig['consumeFromWhere'] | undefined;
  /**
   * For `CONSUME_FROM_TIMESTAMP`: a `Date`, milliseconds since the epoch, or as in Java `yyyyMMddHHmmss` (local time). Default:
   * half an hour before the start.
   */
  consumeTimestamp?: number | Date | string | undefined;
  /**
   * How queues are divided among the members of the group, which must all have the same strategy: `AVG`, `AVG_BY_CIRCLE`,
   * `CONSISTENT_HASH`, what {@link allocateMessageQueueConsistentHash}, {@link allocateMessageQueueByConfig} or
   * {@link allocateMessageQueueByMachineRoom} return, or one of your own. Default: `AVG`.
   */
  allocateMessageQueueStrategy?: ConsumerConfig['allocateMessageQueueStrategy'] | undefined;
  /**
   * Makes the store in which the consumer of a group keeps how far it has come, in place of a file on this machine (`BROADCASTING`) or the
   * brokers. Called at each start of the consumer. Default: none.
   */
  offsetStore?: ConsumerConfig['offsetStore'] | undefined;
  /** Most messages of one pull. Default: 32. */
  pullBatchSize?: number | undefined;
  /** Milliseconds between pulls of a queue. Default: 0. */
  pullInterval?: number | undefined;
  /** Messages of a queue that may wait for the listener before pulling pauses, 1 to 65,535. Default: 1000. */
  pullThresholdForQueue?: number | undefined;
  /** The same in MiB, 1 to 1024. Default: 100. */
  pullThresholdSizeForQueue?: number | undefined;
  /** Messages of all queues of this member together, in place of {@link pullThresholdForQueue}. Default: -1, no such limit. */
  pullThresholdForTopic?: number | undefined;
  /** The same in MiB, in place of {@link pullThresholdSizeForQueue}. Default: -1, no such limit. */
  pullThresholdSizeForTopic?: number | undefined;
  /** Distance of the first and the last waiting message of a queue before pulling pauses; not in order. Default: 2000. */
  consumeConcurrentlyMaxSpan?: number | undefined;
  /**
   * Whether the members of the group share the queues out themselves. With `false` the broker does, and says for each topic whether
   * to pull or to pop (`RocketMQAdmin.setMessageRequestMode`). Not for `ORDERLY` and `BROADCASTING`. Default: true.
   */
  clientRebalance?: boolean | undefined;
  /** Most messages of one pop, 1 to 32. Default: 32. */
  popBatchNums?: number | undefined;
  /** Milliseconds that a listener has for a popped message, 5000 to 300,000; then it comes again. Default: 60,000. */
  popInvisibleTime?: number | undefined;
  /** Popped messages that are not done before popping pauses, 1 to 65,535. Default: 96. */
  popThresholdForQueue?: number | undefined;
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
  /** Send a record of every delivery to the trace topic, in the background. Default: false. */
  enableMsgTrace?: boolean | undefined;
  /** Topic of these records. Default: `RMQ_SYS_TRACE_TOPIC`. */
  customizedTraceTopic?: string | undefined;
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
