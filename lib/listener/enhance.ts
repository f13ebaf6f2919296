import { ConfigurationError } from '../errors/index.js';
import type {
  RocketMQListenerEnhancer,
  RocketMQListenerTarget,
} from '../interfaces/listener-enhancer.interface.js';
import type { RocketMQMessageListenerOptions } from '../interfaces/message-listener-options.interface.js';
import { enhancerWithoutOptions } from '../rocketmq.messages.js';

/**
 * The options of a listener, as the enhancers of the module want them.
 *
 * @throws ConfigurationError when one of them returns no options.
 */
export function enhance(
  options: RocketMQMessageListenerOptions,
  listener: RocketMQListenerTarget,
  enhancers: readonly RocketMQListenerEnhancer[],
): RocketMQMessageListenerOptions {
  return enhancers.reduce((before, enhancer) => {
    const returned: unknown = enhancer({ ...before }, listener);
    if (isOptions(returned)) return returned;
    throw new ConfigurationError(
      enhancerWithoutOptions(listener.type.name, listener.method, String(returned)),
    );
  }, options);
}

function isOptions(value: unknown): value is RocketMQMessageListenerOptions {
  return typeof value === 'object' && value !== null && !(value instanceof Promise);
}
