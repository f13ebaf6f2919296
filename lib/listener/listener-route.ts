import type { Type } from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import { DEAD_LETTER_LEVEL } from '../common/delay-level.js';
import { describe } from '../common/describe.js';
import type { MessageExt } from '../common/message-ext.js';
import { MessageConversionError, RocketMQError } from '../errors/index.js';
import type { RocketMQConsumerOptions } from '../interfaces/consumer-options.interface.js';
import type { RocketMQDelayLevels } from '../interfaces/message-listener-options.interface.js';
import type { RocketMQErrorHandler } from '../interfaces/rocketmq-error-handler.interface.js';
import { delayLevelOf } from './delay-level.js';
import type { ListenerCallContext, ListenerEndpoint } from './listener-endpoint.js';
import { LocalRetries } from './local-retries.js';
import { MessageFilter } from './message-filter.js';
import { Ack, RocketMQOutcome } from './outcome.js';
import { createPayloadReader, type PayloadReader } from '../template/payload-reader.js';
import type { Subscription } from './subscription.js';

/** A listener, with what its messages need. */
export interface ListenerRoute extends Subscription {
  readonly filter: MessageFilter | undefined;
  readonly read: PayloadReader;
  readonly delayLevelWhenNextConsume: RocketMQDelayLevels;
  readonly retriesBadPayload: boolean;
  readonly noRetryFor: readonly Type[];
  readonly retryFor: readonly Type[] | undefined;
  readonly errorHandler: RocketMQErrorHandler | undefined;
}

/** @throws ConfigurationError when a package or a provider is missing that the listener needs. */
export async function createRoute(
  subscription: Subscription,
  defaults: RocketMQConsumerOptions,
  providerOf: (type: Type<RocketMQErrorHandler>, listener: string) => RocketMQErrorHandler,
): Promise<ListenerRoute> {
  const { options, name, payloads } = subscription.endpoint;
  const errorHandler = options.errorHandler ?? defaults.errorHandler;
  const filter = options.filter ?? defaults.filter;
  return {
    ...subscription,
    filter: filter && new MessageFilter(name, filter),
    read: await createPayloadReader(`Listener ${name}`, options, payloads),
    delayLevelWhenNextConsume: options.delayLevelWhenNextConsume ?? defaults.delayLevelWhenNextConsume ?? 0,
    retriesBadPayload: (options.badPayload ?? defaults.badPayload) === 'RETRY',
    noRetryFor: options.noRetryFor ?? defaults.noRetryFor ?? [],
    retryFor: options.retryFor ?? defaults.retryFor,
    errorHandler: errorHandler && providerOf(errorHandler, name),
  };
}

/** The endpoint of a route, called again at once when it failed, if its listener is to be. */
export function retryingLocally(
  route: ListenerRoute,
  defaults: RocketMQConsumerOptions,
  clock: Clock,
): ListenerEndpoint {
  const { endpoint } = route;
  const options = endpoint.options.localRetry ?? defaults.localRetry;
  if (options === undefined) return endpoint;
  const mayRetry = (error: unknown, messages: readonly MessageExt[]) =>
    messages.every((message) => isRetried(route, orUnreadable(message, error)));
  const retries = new LocalRetries(endpoint, options, mayRetry, clock);
  return { ...endpoint, invoke: retries.call.bind(retries) };
}

/** Calls the listener, unless its filter keeps the message from it. A message without a route was sent back by a listener that is no more, or had other tags. */
export function handle(
  route: ListenerRoute | undefined,
  message: MessageExt,
  context: ListenerCallContext,
): unknown {
  if (route?.filter?.accepts(message) === false) return Ack;
  const payload = read(route, message);
  if (payload instanceof Promise)
    return payload.then((value) => route!.endpoint.invoke(value, message, context));
  return route!.endpoint.invoke(payload, message, context);
}

/** What becomes of a message whose listener failed. */
export async function outcomeOfError(
  route: ListenerRoute | undefined,
  message: MessageExt,
  thrown: unknown,
): Promise<RocketMQOutcome> {
  // An outcome without an error is one that the listener returned, and not logged as a failure.
  const error = orUnreadable(message, thrown ?? new Error('The listener failed without a reason'));
  if (route?.errorHandler === undefined) return ruleFor(route, message, error);
  try {
    const outcome = await route.errorHandler.handleError(error, message);
    return outcome instanceof RocketMQOutcome ? outcome : ruleFor(route, message, error);
  } catch (other) {
    return ruleFor(route, message, other ?? error);
  }
}

/** Whether a message comes again after an error. What cannot be read now never can be; the listener itself says of what else that is so. */
function isRetried(route: ListenerRoute | undefined, error: unknown): boolean {
  if (error instanceof UnreadableMessageError) return route?.retriesBadPayload === true;
  const { noRetryFor = [], retryFor } = route ?? {};
  const isOneOf = (types: readonly Type[]) => types.some((type) => error instanceof type);
  return !isOneOf(noRetryFor) && (retryFor === undefined || isOneOf(retryFor));
}

function ruleFor(route: ListenerRoute | undefined, message: MessageExt, error: unknown): RocketMQOutcome {
  if (!isRetried(route, error)) return deadAfter(error);
  try {
    const delayLevel = delayLevelOf(route?.delayLevelWhenNextConsume ?? 0, message, error);
    if (delayLevel === DEAD_LETTER_LEVEL) return deadAfter(error);
    return new RocketMQOutcome('RETRY', { delayLevel }, undefined, error);
  } catch (other) {
    return new RocketMQOutcome('RETRY', {}, undefined, other ?? error);
  }
}

function deadAfter(error: unknown): RocketMQOutcome {
  return new RocketMQOutcome('DEAD_LETTER', {}, describe(error), error);
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

/** A body that cannot be decompressed is no more readable where a filter, or the listener itself, was the first to ask for it. */
function orUnreadable(message: MessageExt, error: unknown): unknown {
  const isOfBody = error instanceof RocketMQError && error.code === 'DECOMPRESSION' && !hasBody(message);
  return isOfBody ? new UnreadableMessageError(error.message, error) : error;
}

function hasBody(message: MessageExt): boolean {
  try {
    return message.body !== undefined;
  } catch {
    return false;
  }
}
