import type { MessageExt } from '../common/message-ext.js';
import type { RocketMQListenerContext } from '../interfaces/rocketmq-listener.interface.js';
import type { RocketMQIdempotentOptions } from '../interfaces/idempotency.interface.js';
import type { RocketMQPushConsumerLifecycleListener } from '../interfaces/push-consumer-lifecycle-listener.interface.js';
import type { RocketMQMessageListenerOptions } from '../interfaces/message-listener-options.interface.js';
import type { PayloadConverter } from '../template/payload-converter.js';

/** With a cheap question for those who only want to know. */
export interface ListenerCallContext extends RocketMQListenerContext {
  readonly isAborted: boolean;
}

/** A method that handles messages, as it was found in the application. */
export interface FoundListener {
  /** Name of the class, and of the method where that is not `onMessage`; for log and error texts. */
  readonly name: string;
  /** Name of the class alone. */
  readonly className: string;
  readonly options: RocketMQMessageListenerOptions;
  /** Set when the method is to handle messages with the same key once. */
  readonly idempotent?: RocketMQIdempotentOptions | undefined;
  /** Sets options of the consumer; the same function for all listeners of an instance. */
  readonly prepareStart?: RocketMQPushConsumerLifecycleListener['prepareStart'] | undefined;
  /** Calls the method with the converted message, in its own request scope if it has one; a batch listener with arrays. */
  readonly invoke: (
    payload: unknown,
    message: MessageExt | readonly MessageExt[],
    context: ListenerCallContext,
  ) => unknown;
}

/** The same, ready to be called. */
export interface ListenerEndpoint extends FoundListener {
  /** Reads its messages, and writes its replies. */
  readonly payloads: PayloadConverter;
}
