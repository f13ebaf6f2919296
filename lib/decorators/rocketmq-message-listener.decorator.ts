import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ENTRY_PROVIDER_WATERMARK } from '@nestjs/common/constants.js';
import { ConfigurationError } from '../errors/index.js';
import type { RocketMQMessageListenerOptions } from '../interfaces/message-listener-options.interface.js';
import { ROCKETMQ_LISTENER_METADATA } from '../rocketmq.constants.js';
import { decoratedTwice } from '../rocketmq.messages.js';
import { ofThisCopy } from './this-copy.js';

/**
 * Makes a class with a method `onMessage`, or a method of any provider, handle the messages of a topic. Listeners of one
 * consumer group share one consumer with all their topics.
 *
 * @throws ConfigurationError when the class, or the method, has a decorator of a listener already.
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
  return applyDecorators(
    refuseSecond(metadata),
    SetMetadata(ROCKETMQ_LISTENER_METADATA, metadata),
    ofThisCopy,
    markAsEntry,
  );
}

/** It would take the place of the first one, and nobody would listen to the topic of that. */
function refuseSecond(second: RocketMQMessageListenerOptions) {
  return (target: object, method?: string | symbol, descriptor?: PropertyDescriptor): void => {
    const decorated = (descriptor?.value ?? target) as object;
    const first = Reflect.getOwnMetadata(ROCKETMQ_LISTENER_METADATA, decorated) as typeof second | undefined;
    if (first === undefined) return;
    const { name } = typeOf(target);
    const listener = method === undefined ? name : `${name}.${String(method)}`;
    throw new ConfigurationError(decoratedTwice(listener, first.topic, second.topic));
  };
}

/** Nest has global guards, pipes and interceptors of request scope for controllers, and for providers with this mark. */
function markAsEntry(target: object): void {
  Reflect.defineMetadata(ENTRY_PROVIDER_WATERMARK, true, typeOf(target));
}

function typeOf(target: object): { readonly name: string } {
  return typeof target === 'function' ? target : target.constructor;
}
