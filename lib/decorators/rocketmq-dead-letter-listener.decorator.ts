import { dlqTopicOf } from '../common/mix-all.js';
import type { RocketMQMessageListenerOptions } from '../interfaces/message-listener-options.interface.js';
import { RocketMQMessageListener } from './rocketmq-message-listener.decorator.js';

/**
 * Makes a class with a method `onMessage`, or a method of any provider, handle the dead messages of a consumer group: those of topic
 * `%DLQ%group`, all that there are; those that died since they cannot be read only with `messageType: MessageExt`. It is a listener like any other, of a group of its own: `group-dead-letters` unless `consumerGroup` says
 * otherwise.
 *
 * @param group whose listeners gave the messages up.
 * @publicApi
 */
export function RocketMQDeadLetterListener(
  group: string,
  options: Omit<RocketMQMessageListenerOptions, 'topic' | 'reply' | 'clientRebalance'> = {},
): ClassDecorator & MethodDecorator {
  return RocketMQMessageListener({
    ...options,
    consumerGroup: options.consumerGroup ?? `${group}-dead-letters`,
    consumeFromWhere: options.consumeFromWhere ?? 'CONSUME_FROM_FIRST_OFFSET',
    topic: dlqTopicOf(group),
    // A consumer that pops would take the attempts of the other group for its own.
    clientRebalance: true,
  });
}
