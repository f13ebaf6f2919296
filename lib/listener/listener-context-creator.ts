import type { ExternalContextCreator } from '@nestjs/core';
import { isObservable, lastValueFrom, map, tap } from 'rxjs';
import { RocketMQOutcome, saysOutcome } from './outcome.js';

type Intercept = (
  interceptors: readonly unknown[],
  args: unknown,
  instance: unknown,
  callback: unknown,
  next: () => Promise<unknown>,
  type: unknown,
) => Promise<unknown>;

interface ExceptionsHandler {
  /** The filter for the error. Without one, and when the filter returns nothing at once, `catch`. */
  next(error: unknown, host: unknown): unknown;
  /** Logs the error, and throws it. */
  catch(error: unknown, host: unknown): unknown;
}
type CreateProxy = (target: unknown, handler: ExceptionsHandler, type: unknown) => unknown;

/** What Nest's creator of handlers is made of. It is private there, and the same in versions 11 and 12. */
interface CreatorParts {
  readonly interceptorsConsumer: { readonly intercept: Intercept };
  readonly externalErrorProxy: { readonly createProxy: CreateProxy };
  /** The module in which guards and the like that are named by a class are looked for. */
  getContextModuleKey(type: unknown): string;
}

/**
 * Nest's creator, made for handlers whose results decide what becomes of a message. It knows of providers in which module they are,
 * and leaves out for others, as controllers are, what is named by a class.
 */
export function listenerContextCreator(
  creator: ExternalContextCreator,
  moduleKey: string,
): ExternalContextCreator {
  const { interceptorsConsumer, externalErrorProxy } = creator as unknown as CreatorParts;
  const parts: CreatorParts = {
    interceptorsConsumer: {
      intercept: keepingOutcomes(interceptorsConsumer.intercept.bind(interceptorsConsumer)),
    },
    externalErrorProxy: {
      createProxy: awaitingFilters(externalErrorProxy.createProxy.bind(externalErrorProxy)),
    },
    getContextModuleKey: () => moduleKey,
  };
  return Object.assign(Object.create(creator) as ExternalContextCreator, parts);
}

/**
 * Interceptors that make something else of every result, as those do that serialize or wrap it, know nothing of outcomes: without
 * this a message would be consumed that was to come again. One that returns an outcome has the last word.
 */
function keepingOutcomes(intercept: Intercept): Intercept {
  return async (interceptors, args, instance, callback, next, type) => {
    if (interceptors.length === 0) return next();
    let said: unknown;
    const note = (value: unknown) => (said = value);
    const noting = async () => {
      note(undefined);
      const returned = await next();
      return isObservable(returned) ? returned.pipe(tap(note)) : note(returned);
    };
    const result = await intercept(interceptors, args, instance, callback, noting, type);
    const isBatch = Array.isArray((args as readonly unknown[])[1]);
    const says = (value: unknown) => (isBatch ? saysOutcome(value) : value instanceof RocketMQOutcome);
    const judge = (value: unknown) => (says(said) && !says(value) ? said : value);
    return isObservable(result) ? result.pipe(map(judge)) : judge(result);
  };
}

/** For Nest, what an asynchronous filter promises is a result, also when it comes to nothing, or to an error; one that is returned is thrown, as in GraphQL. */
function awaitingFilters(createProxy: CreateProxy): CreateProxy {
  return (target, handler, type) => {
    const next: ExceptionsHandler['next'] = async (error, host) => {
      const caught = await handler.next(error, host);
      const result = isObservable(caught) ? await lastValueFrom(caught, { defaultValue: undefined }) : caught;
      if (result instanceof Error) throw result;
      return result === undefined ? handler.catch.call(handler, error, host) : result;
    };
    return createProxy(target, Object.assign(Object.create(handler) as ExceptionsHandler, { next }), type);
  };
}
