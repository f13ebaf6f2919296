import type { Type } from '@nestjs/common';
import type { RocketMQMessageListenerOptions } from './message-listener-options.interface.js';

/**
 * Where the decorator of a listener stands.
 *
 * @publicApi
 */
export interface RocketMQListenerTarget {
  readonly type: Type;
  /** `onMessage` where it stands on the class. */
  readonly method: string;
}

/**
 * Gets the options of a decorator, or what the enhancer before it made of them, and returns those that are valid. What it is given is a
 * copy.
 *
 * @publicApi
 */
export type RocketMQListenerEnhancer = (
  options: RocketMQMessageListenerOptions,
  listener: RocketMQListenerTarget,
) => RocketMQMessageListenerOptions;
