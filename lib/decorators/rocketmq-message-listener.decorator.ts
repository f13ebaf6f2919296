import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ENTRY_PROVIDER_WATERMARK } from '@nestjs/common/constants.js';
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
  return applyDecorators(SetMetadata(ROCKETMQ_LISTENER_METADATA, metadata), markAsEntry);
}

/** Nest has global guards, pipes and interceptors of request scope for controllers, and for providers with this mark. */
function markAsEntry(target: object): void {
  const type = typeof target === 'function' ? target : target.constructor;
  Reflect.defineMetadata(ENTRY_PROVIDER_WATERMARK, true, type);
}
