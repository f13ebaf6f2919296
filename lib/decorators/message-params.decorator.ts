import { createParamDecorator, type ExecutionContext, type PipeTransform, type Type } from '@nestjs/common';
import { attemptsOf } from '../client/consumer/second-life.js';
import { KEY_SEPARATOR } from '../common/message-const.js';
import type { MessageExt } from '../common/message-ext.js';

type Pipe = Type<PipeTransform> | PipeTransform;

const property = createParamDecorator((name: string, context: ExecutionContext) =>
  read(context, (message) => message.getProperty(name)),
);

const keys = createParamDecorator((_: unknown, context: ExecutionContext) =>
  read(context, (message) => (message.keys ?? '').split(KEY_SEPARATOR).filter((key) => key !== '')),
);

const attempt = createParamDecorator((_: unknown, context: ExecutionContext) =>
  read(context, (message) => attemptsOf(message) + 1),
);

/**
 * A parameter of a listener that gets a property of the message, which is a header to Spring: a text, or `undefined` if there is
 * none, through the pipes; of a batch an array with that of each message. Parameters without a decorator are payload, message and
 * context, by their position.
 *
 * @publicApi
 */
export function RocketMQHeader(name: string, ...pipes: Pipe[]): ParameterDecorator {
  return property(name, ...pipes);
}

/**
 * A parameter that gets the keys of the message, an array of texts; of a batch an array of such arrays.
 *
 * @publicApi
 */
export function RocketMQKeys(...pipes: Pipe[]): ParameterDecorator {
  return keys(...pipes);
}

/**
 * A parameter that gets which attempt this is, from 1; of a batch an array. Calls again by `localRetry` are the same attempt.
 *
 * @publicApi
 */
export function RocketMQAttempt(...pipes: Pipe[]): ParameterDecorator {
  return attempt(...pipes);
}

function read<T>(context: ExecutionContext, of: (message: MessageExt) => T): T | T[] {
  const [, message] = context.getArgs<[unknown, MessageExt | readonly MessageExt[]]>();
  return Array.isArray(message) ? message.map(of) : of(message as MessageExt);
}
