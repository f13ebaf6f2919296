import { Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { RocketMQIdempotentOptions } from '../interfaces/idempotency.interface.js';
import type { RocketMQMessageListenerOptions } from '../interfaces/message-listener-options.interface.js';
import { ROCKETMQ_IDEMPOTENT_METADATA, ROCKETMQ_LISTENER_METADATA } from '../rocketmq.constants.js';

/** Reads what {@link RocketMQMessageListener} and {@link Idempotent} wrote. */
@Injectable()
export class ListenerMetadataAccessor {
  constructor(private readonly reflector: Reflector) {}

  // oxlint-disable-next-line typescript/no-unsafe-function-type -- a class or a method, as Reflector takes them
  getListenerOptions(target: Function | undefined): RocketMQMessageListenerOptions | undefined {
    if (typeof target !== 'function') return undefined;
    return this.reflector.get<RocketMQMessageListenerOptions>(ROCKETMQ_LISTENER_METADATA, target);
  }

  // oxlint-disable-next-line typescript/no-unsafe-function-type -- as above
  getIdempotentOptions(target: Function | undefined): RocketMQIdempotentOptions | undefined {
    if (typeof target !== 'function') return undefined;
    return this.reflector.get<RocketMQIdempotentOptions>(ROCKETMQ_IDEMPOTENT_METADATA, target);
  }
}
