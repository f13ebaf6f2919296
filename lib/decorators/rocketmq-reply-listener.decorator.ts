import type { MessageExt } from '../common/message-ext.js';
import type { RocketMQMessageListenerOptions } from '../interfaces/message-listener-options.interface.js';
import type { RocketMQListenerContext } from '../interfaces/rocketmq-listener.interface.js';
import type { RocketMQOutcome } from '../listener/outcome.js';
import { RocketMQMessageListener } from './rocketmq-message-listener.decorator.js';

/**
 * Answers the messages of a class with the decorator of this name.
 *
 * @publicApi
 */
export interface RocketMQReplyListener<T = unknown, R = unknown> {
  /**
   * What it returns, or resolves to, is the reply, unless it is a {@link RocketMQOutcome}; when it throws, or rejects, the message
   * comes again.
   */
  onMessage(
    payload: T,
    message: MessageExt,
    context: RocketMQListenerContext,
  ): R | RocketMQOutcome | Promise<R | RocketMQOutcome>;
}

/**
 * Makes a class with a method `onMessage`, or a method of any provider, answer the requests of a topic: what it returns
 * is sent to who asked with `sendAndReceive`. The same as {@link RocketMQMessageListener} with `reply: true`.
 *
 * @publicApi
 */
export function RocketMQReplyListener(
  options: Omit<RocketMQMessageListenerOptions, 'reply'>,
): ClassDecorator & MethodDecorator;
export function RocketMQReplyListener(
  topic: string,
  options?: Omit<RocketMQMessageListenerOptions, 'topic' | 'reply'>,
): ClassDecorator & MethodDecorator;
export function RocketMQReplyListener(
  topicOrOptions: string | Omit<RocketMQMessageListenerOptions, 'reply'>,
  options: Omit<RocketMQMessageListenerOptions, 'topic' | 'reply'> = {},
): ClassDecorator & MethodDecorator {
  const given = typeof topicOrOptions === 'object' ? topicOrOptions : { ...options, topic: topicOrOptions };
  return RocketMQMessageListener({ ...given, reply: true });
}
