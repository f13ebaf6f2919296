import type { GroupOptions } from '../listener/group-options.js';

/**
 * Options of the consumer of a group: what its listeners and the module say, to be changed. Of `messageModel` and `consumeMode` decorators and
 * enhancers decide alone.
 *
 * @publicApi
 */
export type RocketMQConsumerSettings = Omit<GroupOptions, 'messageModel' | 'consumeMode'>;

/**
 * A listener that sets options of its consumer when the application starts, with what it injects. It may be asynchronous.
 *
 * @publicApi
 */
export interface RocketMQPushConsumerLifecycleListener {
  /**
   * Called once for each group of its listeners, before the consumer is made. What it sets holds for all listeners of the group; when it
   * throws, or sets what is not allowed, the application does not start. Where the setters of Java are
   * `consumer.setConsumeTimestamp(…)` it is `consumer.consumeTimestamp = …` here.
   */
  prepareStart(consumer: RocketMQConsumerSettings): void | Promise<void>;
}
