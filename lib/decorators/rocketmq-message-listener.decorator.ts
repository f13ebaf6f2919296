import { SetMetadata } from '@nestjs/common';
import type { RocketMQMessageListenerOptions } from '../interfaces/message-listener-options.interface.js';
import { ROCKETMQ_LISTENER_METADATA } from '../rocketmq.constants.js';

/**
 * Makes a class with a method `onMessage`, or a method of any provider, handle the messages of a topic. Listeners of one
 * consumer group share one consumer with all their topics.
 *
 * @publicApi
 */
export function RocketMQMessageListener(
  options: RocketMQMessageListenerOptions,
): ClassDecorator & MethodDecorator;
export function RocketMQMessageListener(
  topic: string,
  options?: Omit<RocketMQMessageListenerOptions, 'topic'>,
): ClassDecorator & MethodDecorator;
export function RocketMQMessageListener(
  topicOrOptions: string | RocketMQMessageListenerOptions,
  options: Omit<RocketMQMessageListenerOptions, 'topic'> = {},
): ClassDecorator & MethodDecorator {
  const metadata =
    typeof topicOrOptions === 'object' ? topicOrOptions : { ...options, topic: topicOrOptions };
  return SetMetadata(ROCKETMQ_LISTENER_METADATA, metadata);
}
