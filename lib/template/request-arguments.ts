import type { RocketMQMessageType } from '../interfaces/message-listener-options.interface.js';
import type {
  RocketMQRequestCallback,
  RocketMQRequestOptions,
  RocketMQRequestPosition,
} from '../interfaces/request-options.interface.js';

/** What `sendAndReceive` takes behind the payload: the type of the reply, options, or a callback. */
export type RequestArgument =
  RocketMQMessageType | RocketMQRequestOptions | RocketMQRequestCallback<never> | undefined;

/** What may follow it. */
export type RequestRest = RocketMQRequestPosition | readonly [options?: RocketMQRequestOptions];

export interface RequestArguments {
  readonly options: RocketMQRequestOptions;
  readonly callback?: RocketMQRequestCallback<never>;
}

/** Options, whether they came as such or by position; `null`, which compiles without `strictNullChecks`, is none. */
export function requestArguments(argument: RequestArgument | null, rest: RequestRest): RequestArguments {
  if (argument === undefined || argument === null) return { options: optionsOf(rest) };
  if (typeof argument === 'function') return { options: { ...optionsOf(rest), type: argument } };
  return isCallback(argument)
    ? { options: optionsOf(rest), callback: argument }
    : { options: argument as RocketMQRequestOptions };
}

function optionsOf(rest: RequestRest): RocketMQRequestOptions {
  const [first] = rest;
  if (typeof first === 'object' && first !== null) return first;
  const [hashKey, timeout, delayLevel] =
    typeof first === 'string' || first === null
      ? (rest as readonly [string | null, number?, number?])
      : [undefined, ...rest];
  return { hashKey: hashKey ?? undefined, timeout, delayLevel } as RocketMQRequestOptions;
}

function isCallback(argument: object): argument is RocketMQRequestCallback<never> {
  return 'onSuccess' in argument || 'onException' in argument;
}
