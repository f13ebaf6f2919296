import type { Type } from '@nestjs/common';
import type { MessageExt } from '../common/message-ext.js';
import { MessageConversionError } from '../errors/index.js';
import type { RocketMQConsumerOptions } from '../interfaces/consumer-options.interface.js';
import type { RocketMQErrorHandler } from '../interfaces/rocketmq-error-handler.interface.js';
import type { ListenerCallContext } from './listener-endpoint.js';
import type { Subscription } from './listener-group.js';
import { RocketMQOutcome } from './outcome.js';
import { createPayloadReader, type PayloadReader } from './payload-reader.js';

const DEAD_LETTER = -1;

/** A listener, with what its messages need. */
export interface ListenerRoute extends Subscription {
  readonly read: PayloadReader;
  readonly delayLevelWhenNextConsume: number;
  readonly retriesBadPayload: boolean;
  readonly noRetryFor: readonly Type[];
  readonly errorHandler: RocketMQErrorHandler | undefined;
}

/** @throws ConfigurationError when a package or a provider is missing that the listener needs. */
export async function createRoute(
  subscription: Subscription,
  defaults: RocketMQConsumerOptions,
  providerOf: (type: Type<RocketMQErrorHandler>, listener: string) => RocketMQErrorHandler,
): Promise<ListenerRoute> {
  const { options, name } = subscription.endpoint;
  const errorHandler = options.errorHandler ?? defaults.errorHandler;
  return {
    ...subscription,
    read: await createPayloadReader(subscription.endpoint),
    delayLevelWhenNextConsume: options.delayLevelWhenNextConsume ?? defaults.delayLevelWhenNextConsume ?? 0,
    retriesBadPayload: (options.badPayload ?? defaults.badPayload) === 'RETRY',
    noRetryFor: options.noRetryFor ?? defaults.noRetryFor ?? [],
    errorHandler: errorHandler && providerOf(errorHandler, name),
  };
}

/** Calls the listener. A message without a route was sent back by a listener that is no more, or had other tags. */
export function handle(
  route: ListenerRoute | undefined,
  message: MessageExt,
  context: ListenerCallContext,
): unknown {
  const payload = read(route, message);
  if (payload instanceof Promise)
    return payload.then((value) => route!.endpoint.invoke(value, message, context));
  return route!.endpoint.invoke(payload, message, context);
}

/** What becomes of a message whose listener failed. */
export async function outcomeOfError(
  route: ListenerRoute | undefined,
  message: MessageExt,
  error: unknown,
): Promise<RocketMQOutcome> {
  if (route?.errorHandler === undefined) return ruleFor(route, error);
  try {
    const outcome = await route.errorHandler.handleError(error, message);
    return outcome instanceof RocketMQOutcome ? outcome : ruleFor(route, error);
  } catch (other) {
    return ruleFor(route, other);
  }
}

function ruleFor(route: ListenerRoute | undefined, error: unknown): RocketMQOutcome {
  const delayLevel = route?.delayLevelWhenNextConsume ?? 0;
  if (delayLevel !== DEAD_LETTER && !isDead(route, error))
    return new RocketMQOutcome('RETRY', { delayLevel }, undefined, error);
  return new RocketMQOutcome('DEAD_LETTER', {}, String(error), error);
}

/** What cannot be read now never can be; the listener itself says of what else that is so. */
function isDead(route: ListenerRoute | undefined, error: unknown): boolean {
  if (error instanceof UnreadableMessageError) return route?.retriesBadPayload !== true;
  return route?.noRetryFor.some((type) => error instanceof type) === true;
}

/** The reader of a message failed; from a listener the same error would say nothing about its message. */
class UnreadableMessageError extends MessageConversionError {}

function read(route: ListenerRoute | undefined, message: MessageExt): unknown {
  if (route === undefined) {
    throw new UnreadableMessageError(
      `Message ${message.msgId} of topic ${message.topic} has no listener in its group any more`,
    );
  }
  try {
    const payload = route.read(message);
    return payload instanceof Promise ? payload.catch(unreadable) : payload;
  } catch (error) {
    return unreadable(error);
  }
}

function unreadable(error: unknown): never {
  throw error instanceof MessageConversionError ? new UnreadableMessageError(error.message, error) : error;
}
