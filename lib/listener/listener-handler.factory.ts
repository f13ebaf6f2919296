import { Injectable } from '@nestjs/common';
import {
  ApplicationConfig,
  ContextIdFactory,
  ExternalContextCreator,
  ModuleRef,
  type ContextId,
  type DiscoveryService,
} from '@nestjs/core';
import { MessageExt } from '../common/message-ext.js';
import type { ListenerEndpoint } from './listener-endpoint.js';
import type { RocketMQMessageType } from '../interfaces/message-listener-options.interface.js';
import { ROCKETMQ_ARGS_METADATA, ROCKETMQ_CONTEXT_TYPE } from '../rocketmq.constants.js';

/** Nest's own type of it has no import path that versions 11 and 12 have in common. */
export type InstanceWrapper = ReturnType<DiscoveryService['getProviders']>[number];
export type Handler = ListenerEndpoint['invoke'];

/** Where Nest looks for pipes of a class or method, and for the types of parameters. */
const PIPES_METADATA = '__pipes__';
const PARAMTYPES_METADATA = 'design:paramtypes';
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
    private readonly moduleRef: ModuleRef,
    private readonly config: ApplicationConfig,
  ) {}

  create(wrapper: InstanceWrapper, prototype: object, method: string, type?: RocketMQMessageType): Handler {
    const handler = (prototype as Record<string, Handler>)[method]!;
    const hasPipes = this.hasPipes(prototype.constructor, handler);
    if (hasPipes) describeParameters(prototype, method, type);
    if (isShared(wrapper)) return this.wrap(wrapper.instance as object, handler, method, hasPipes);
    return this.scopedHandler(wrapper, handler, method, hasPipes);
  }

  /** A new instance for every message, which can inject the message as `REQUEST`. */
  private scopedHandler(
    wrapper: InstanceWrapper,
    handler: Handler,
    method: string,
    hasPipes: boolean,
  ): Handler {
    return async (payload, message, context) => {
      const contextId = ContextIdFactory.getByRequest(message);
      this.moduleRef.registerRequestByContextId(message, contextId);
      const instance = await this.moduleRef.resolve<object>(wrapper.token, contextId, { strict: false });
      return this.wrap(instance, handler, method, hasPipes, contextId, wrapper.id)(payload, message, context);
    };
  }

  private wrap(
    instance: object,
    handler: Handler,
    method: string,
    hasPipes: boolean,
    contextId?: ContextId,
    inquirerId?: string,
  ): Handler {
    return this.contextCreator.create(
      instance as never,
      handler as never,
      method,
      ROCKETMQ_ARGS_METADATA,
      hasPipes ? paramsFactory : undefined,
      contextId,
      inquirerId,
      undefined,
      ROCKETMQ_CONTEXT_TYPE,
    ) as Handler;
  }

  /** Parameters cost time for each message, so there are only any where a pipe wants to see them. */
  private hasPipes(type: object, handler: object): boolean {
    const isGlobal = this.config.getGlobalPipes().length + this.config.getGlobalRequestPipes().length > 0;
    return (
      isGlobal || Reflect.hasMetadata(PIPES_METADATA, type) || Reflect.hasMetadata(PIPES_METADATA, handler)
    );
  }
}

/** Whether all messages go to one instance. */
export function isShared(wrapper: InstanceWrapper): boolean {
  return wrapper.isDependencyTreeStatic() && !wrapper.isTransient;
}

/** Tells pipes of payload, message and context. The class is known from the options where the compiler left no types. */
function describeParameters(prototype: object, method: string, type: RocketMQMessageType = Object): void {
  const payload = type === MessageExt ? MESSAGE_AS_PAYLOAD : PAYLOAD;
  const parameters = {
    [`${payload}:0`]: { index: 0 },
    [`${MESSAGE}:1`]: { index: 1 },
    [`${CONTEXT}:2`]: { index: 2 },
  };
  Reflect.defineMetadata(ROCKETMQ_ARGS_METADATA, parameters, prototype.constructor, method);
  if (Reflect.hasMetadata(PARAMTYPES_METADATA, prototype, method)) return;
  Reflect.defineMetadata(PARAMTYPES_METADATA, [type, MessageExt, Object], prototype, method);
}
