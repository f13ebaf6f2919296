import { SetMetadata } from '@nestjs/common';
import type { RocketMQIdempotentOptions } from '../interfaces/idempotency.interface.js';
import { ROCKETMQ_IDEMPOTENT_METADATA } from '../rocketmq.constants.js';

/**
 * Lets a listener, beside whose decorator it stands, handle messages with the same key once: a message whose key was handled counts as
 * consumed, one whose key is being handled comes again later. When the listener throws, or returns `Retry` or `DeadLetter`, the next attempt may
 * handle it; whatever else it returns, and an error that was replied, counts as handled.
 *
 * @publicApi
 */
export function Idempotent(options: RocketMQIdempotentOptions = {}): ClassDecorator & MethodDecorator {
  return SetMetadata(ROCKETMQ_IDEMPOTENT_METADATA, options);
}
