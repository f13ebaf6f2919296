import type { RocketMQListenerEnhancer } from './listener-enhancer.interface.js';
import type { RocketMQMessageListenerOptions } from './message-listener-options.interface.js';

/**
 * Defaults for listeners that do not say otherwise.
 *
 * @publicApi
 */
export interface RocketMQConsumerOptions extends Partial<
  Omit<
    RocketMQMessageListenerOptions,
    | 'topic'
    | 'consumerGroup'
    | 'selectorType'
    | 'selectorExpression'
    | 'messageType'
    | 'messageConverter'
    | 'validate'
    | 'reply'
    | 'batch'
  >
> {
  /** Consumer group of listeners that name none. Default: the name of the listener's class. */
  group?: string | undefined;
  /** Switches listeners off, or on where {@link enabled} is false: group to topic to `false` or `true`. */
  listeners?: Readonly<Record<string, Readonly<Record<string, boolean>>>> | undefined;
  /**
   * Change the options of listeners before they are checked, one after the other (AnnotationEnhancer of rocketmq-spring). Default:
   * none.
   */
  listenerEnhancers?: readonly RocketMQListenerEnhancer[] | undefined;
  /** User that signs the requests of listeners, with {@link secretKey}. Default: the module's. */
  accessKey?: string | undefined;
  /** Key of the signatures. */
  secretKey?: string | undefined;
  /** Of a temporary user of a cloud. */
  securityToken?: string | undefined;
}
