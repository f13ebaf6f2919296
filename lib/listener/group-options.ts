import { consumerRules, type ConsumerConfig } from '../client/consumer/consumer-config.js';
import type { RocketMQMessageListenerOptions } from '../interfaces/message-listener-options.interface.js';

const { consumerGroup: _consumerGroup, consumeOrderly: _consumeOrderly, ...ofConsumer } = consumerRules;

/** Rules of the options that a listener hands to its consumer as they are. */
export const consumerOptionRules = ofConsumer;

type GroupOption =
  Exclude<keyof ConsumerConfig, 'consumerGroup' | 'consumeOrderly'> | 'consumeMode' | 'autoStart';

/** Options that belong to the consumer, and so to all listeners of a group. */
export const GROUP_OPTIONS = [
  ...Object.keys(ofConsumer),
  'consumeMode',
  'autoStart',
] as readonly GroupOption[];

export type GroupOptions = Partial<Pick<RocketMQMessageListenerOptions, GroupOption>>;
