import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import {
  ApplicationConfig,
  ContextIdFactory,
  ExternalContextCreator,
  ModuleRef,
  type ContextId,
  type DiscoveryService,
} from '@nestjs/core';
import { isObservable } from 'rxjs';
import { MessageExt } from '../common/message-ext.js';
import { ConfigurationError } from '../errors/index.js';
import { illegalParameter } from '../rocketmq.messages.js';
import { listenerContextCreator } from './listener-context-creator.js';
import type { ListenerEndpoint } from './listener-endpoint.js';
import type { RocketMQMessageType } from '../interfaces/message-listener-options.interface.js';
import { ROCKETMQ_ARGS_METADATA, ROCKETMQ_CONTEXT_TYPE } from '../rocketmq.constants.js';

/** Nest's own type of it has no import path that versions 11 and 12 have in common. */
export type InstanceWrapper = ReturnType<DiscoveryService['getProviders']>[number];
export type Handler = ListenerEndpoint['invoke'];
/** Puts a method of an instance behind its guards, pipes, interceptors and filters. */
type Wrap = (instance: object, method: Handler, contextId?: ContextId, inquirerId?: string) => Handler;

/** Where Nest looks for pipes of a class or method, and for the types of parameters. */
const PIPES_METADATA = '__pipes__';
const PARAMTYPES_METADATA = 'design:paramtypes';
/** Where it looks for what else stands before a method. */
const ENHANCERS_METADATA = ['__guards__', '__interceptors__', '__exceptionFilters__'];
/** By what Nest 11 tells the handlers of controllers apart. */
const CONTROLLER_ID = 'CONTROLLER_ID';
/** Where parameter decorators note what they decorate, and what is in the keys of those that `createParamDecorator` made. */
const ROUTE_ARGS_METADATA = '__routeArguments__';
const CUSTOM_ROUTE_ARGS_METADATA = '__customRouteArgs__';
/** Kinds of parameters. What Nest takes for a body is what validation pipes look at; they leave unknown kinds alone. */
const PAYLOAD = 3;
const MESSAGE_AS_PAYLOAD = -1;
const MESSAGE = -2;
const CONTEXT = -3;

const paramsFactory = {
  exchangeKeyForValue: (kind: number, _data: unknown, [payload, message, context]: unknown[]) => {
    if (kind === MESSAGE) return message;
    return kind === CONTEXT ? context : payload;
  },
};

/** Turns methods into handlers behind the guards, pipes, interceptors and filters that Nest knows for them. */
@Injectable()
export class ListenerHandlerFactory {
  constructor(
    private readonly contextCreator: ExternalContextCreator,
    private readonly config: ApplicationConfig,
  ) {}

  create(wrapper: InstanceWrapper, prototype: object, method: string, type?: RocketMQMessageType): Handler {
    const handler = (prototype as Record<string, Handler>)[method]!;
    identify(prototype.constructor);
    const decorated = decoratedParameters(prototype, method);
    const hasParams = decorated.length > 0 || this.hasPipes(prototype.constructor, handler);
    if (hasParams) describeParameters(prototype, method, decorated, type);
    const creator = listenerContextCreator(this.contextCreator, wrapper.host!.token);
    const wrap: Wrap = (instance, callback, contextId, inquirerId) =>
      creator.create(
        instance as never,
        callback as never,
        method,
        ROCKETMQ_ARGS_METADATA,
        hasParams ? paramsFactory : undefined,
        contextId,
        inquirerId,
        undefined,
        ROCKETMQ_CONTEXT_TYPE,
      ) as Handler;
    if (!isShared(wrapper)) return scopedHandler(wrapper, handler, wrap);
    const isAlone = !hasParams && !this.isEnhanced(prototype.constructor, handler);
    return sharedHandler(wrapper.instance as object, handler, method, isAlone ? directly(wrap) : wrap);
  }

  /** Parameters cost time for each message, so there are only any where one is decorated, or a pipe wants to see them. */
  private hasPipes(type: object, handler: object): boolean {
    const isGlobal = this.config.getGlobalPipes().length + this.config.getGlobalRequestPipes().length > 0;
    return isGlobal || hasMetadata([PIPES_METADATA], type, handler);
  }

  private isEnhanced(type: object, handler: object): boolean {
    const { config } = this;
    const global = [
      config.getGlobalGuards(),
      config.getGlobalRequestGuards(),
      config.getGlobalInterceptors(),
      config.getGlobalRequestInterceptors(),
      config.getGlobalFilters(),
      config.getGlobalRequestFilters(),
    ];
    return global.some(({ length }) => length > 0) || hasMetadata(ENHANCERS_METADATA, type, handler);
  }
}

function hasMetadata(keys: readonly string[], type: object, handler: object): boolean {
  return keys.some((key) => Reflect.hasMetadata(key, type) || Reflect.hasMetadata(key, handler));
}

/**
 * Nest makes four promises for each call, which takes longer than all else that is done for a message. A method before which nothing
 * stands is called at once. Errors still go through Nest, which logs them, and so do Observables and what has to be awaited.
 */
function directly(wrap: Wrap): Wrap {
  return (instance, method) => {
    const settle = wrap(instance, (result) => result) as (result: unknown) => Promise<unknown>;
    const settled = (result: unknown) => (isObservable(result) ? settle(result) : result);
    const failed = (error: unknown) => settle(Promise.reject(error));
    return (payload, message, context) => {
      try {
        const returned = method.call(instance, payload, message, context);
        if (returned instanceof Promise) return returned.then(settled, failed);
        return isThenable(returned) ? settle(returned) : settled(returned);
      } catch (error) {
        return failed(error);
      }
    };
  };
}

function isThenable(value: unknown): boolean {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}

/** What takes the place of the method of the instance, as spies of tests do at any time, is called instead of it. */
function sharedHandler(instance: object, handler: Handler, method: string, wrap: Wrap): Handler {
  const methods = instance as Readonly<Record<string, Handler>>;
  const original = wrap(instance, handler);
  let replaced: Handler | undefined;
  return (payload, message, context) => {
    if (methods[method] === handler) return original(payload, message, context);
    replaced ??= wrap(instance, lateCall(handler, method));
    return replaced(payload, message, context);
  };
}

/**
 * A new instance for every message, which can inject the message as `REQUEST`; a durable one for all messages for which the strategy
 * of the application says so, with what the strategy gives as `REQUEST`. Other modules may have others under the same token.
 */
function scopedHandler(wrapper: InstanceWrapper, handler: Handler, wrap: Wrap): Handler {
  const moduleRef = wrapper.host!.getProviderByKey<ModuleRef>(ModuleRef).instance;
  return async (payload, message, context) => {
    const contextId = ContextIdFactory.getByRequest(message);
    const request = wrapper.isDependencyTreeDurable() ? contextId.payload : message;
    moduleRef.registerRequestByContextId(request, contextId);
    const instance = await moduleRef.resolve<object>(wrapper.token, contextId, { strict: true });
    return wrap(instance, handler, contextId, wrapper.id)(payload, message, context);
  };
}

/** Nest 11 takes classes of one name, which several modules may have, for one. */
function identify(type: object): void {
  if (!Object.hasOwn(type, CONTROLLER_ID))
    Object.defineProperty(type, CONTROLLER_ID, { value: randomUUID(), configurable: true });
}

/** Looks the method up with each call; guards and others find on it what decorators noted on the handler. */
function lateCall(handler: Handler, method: string): Handler {
  const call = function (this: Record<string, Handler>, ...parameters: Parameters<Handler>) {
    return this[method]!(...parameters);
  };
  for (const key of Reflect.getMetadataKeys(handler) as unknown[])
    Reflect.defineMetadata(key, Reflect.getMetadata(key, handler), call);
  return Object.defineProperty(call, 'name', { value: handler.name });
}

/** Whether all messages go to one instance. */
export function isShared(wrapper: InstanceWrapper): boolean {
  return wrapper.isDependencyTreeStatic() && !wrapper.isTransient;
}

interface Parameter {
  readonly index: number;
  readonly data?: unknown;
}

/** Parameters with a decorator that `createParamDecorator` made, or with `@Body()`: what HTTP calls so is the payload. */
function decoratedParameters(prototype: object, method: string): [string, Parameter][] {
  const metadata = Reflect.getMetadata(ROUTE_ARGS_METADATA, prototype.constructor, method) as
    Readonly<Record<string, Parameter>> | undefined;
  const parameters = Object.entries(metadata ?? {});
  const other = parameters.find(
    ([key, { index, data }]) =>
      !key.includes(CUSTOM_ROUTE_ARGS_METADATA) && (key !== `${PAYLOAD}:${index}` || data !== undefined),
  );
  if (other === undefined) return parameters;
  throw new ConfigurationError(illegalParameter(prototype.constructor.name, method, other[1].index));
}

/**
 * Tells pipes of payload, message and context, which are where no decorator says otherwise. The class is known from the options where the
 * compiler left no types.
 */
function describeParameters(
  prototype: object,
  method: string,
  decorated: readonly [string, Parameter][],
  type: RocketMQMessageType = Object,
): void {
  const payload = type === MessageExt ? MESSAGE_AS_PAYLOAD : PAYLOAD;
  const taken = new Set(decorated.map(([, { index }]) => index));
  const plain = [payload, MESSAGE, CONTEXT]
    .map((kind, index): [string, Parameter] => [`${kind}:${index}`, { index }])
    .filter(([, { index }]) => !taken.has(index));
  const parameters = Object.fromEntries([...plain, ...decorated]);
  Reflect.defineMetadata(ROCKETMQ_ARGS_METADATA, parameters, prototype.constructor, method);
  const known = Reflect.getMetadata(PARAMTYPES_METADATA, prototype, method) as unknown[] | undefined;
  const types = [...(known ?? [type])];
  // Of a type parameter, or an interface.
  if (types[0] === Object && `${PAYLOAD}:0` in parameters) types[0] = type;
  // A pipe that validates parameters of every kind would make a MessageExt of its own.
  for (const [key, { index }] of plain) if (key !== `${PAYLOAD}:0`) types[index] = Object;
  Reflect.defineMetadata(PARAMTYPES_METADATA, types, prototype, method);
}
