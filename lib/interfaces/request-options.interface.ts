import type { Type } from '@nestjs/common';
import type { RocketMQMessageType } from './message-listener-options.interface.js';
import type { RocketMQSendOptions } from './send-options.interface.js';

/**
 * What a payload of a {@link RocketMQMessageType} is: a text for `String`, an instance for a class, and so on.
 *
 * @publicApi
 */
export type RocketMQPayloadOf<C extends RocketMQMessageType> = C extends typeof String
  ? string
  : C extends typeof Number
    ? number
    : C extends typeof Boolean
      ? boolean
      : C extends typeof Buffer
        ? Buffer
        : C extends typeof Object
          ? unknown
          : C extends typeof Array
            ? unknown[]
            : C extends Type<infer T>
              ? T
              : unknown;

/**
 * Options of `sendAndReceive` of {@link RocketMQTemplate}.
 *
 * @publicApi
 */
export interface RocketMQRequestOptions extends RocketMQSendOptions {
  /** Milliseconds for sending and for the reply together. Default: the producer's `sendMessageTimeout`. */
  timeout?: number | undefined;
  /** What the reply is read as. Default: by its content type, else text. */
  type?: RocketMQMessageType | undefined;
  /** Validate the reply with class-validator; needs a class as {@link type}. Default: false. */
  validate?: boolean | undefined;
}

/**
 * Is told of the reply to a request, or why there is none.
 *
 * @publicApi
 */
export interface RocketMQRequestCallback<T = unknown> {
  onSuccess(reply: T): void;
  onException(error: Error): void;
}

/**
 * Options by position, as in Java.
 *
 * @publicApi
 */
export type RocketMQRequestPosition =
  | readonly [timeout?: number, delayLevel?: number]
  | readonly [hashKey: string, timeout?: number, delayLevel?: number];
