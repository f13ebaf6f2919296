import { Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { RocketMQMessageListenerOptions } from '../interfaces/message-listener-options.interface.js';
import { ROCKETMQ_LISTENER_METADATA } from '../rocketmq.constants.js';

/** Reads what {@link RocketMQMessageListener} wrote. */
@Injectable()
export class ListenerMetadataAccessor {
  constructor(private readonly reflector: Reflector) {}

  // oxlint-disable-next-line typescript/no-unsafe-function-type -- a class or a method, as Reflector takes them
  getListenerOptions(target: Function | undefined): RocketMQMessageListenerOptions | undefined {
    if (typeof target !== 'function') return undefined;
    return this.reflector.get<RocketMQMessageListenerOptions>(ROCKETMQ_LISTENER_METADATA, target);
  }
}
