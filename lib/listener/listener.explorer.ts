import { Injectable } from '@nestjs/common';
import {
  ContextIdFactory,
  DiscoveryService,
  ExternalContextCreator,
  MetadataScanner,
  ModuleRef,
} from '@nestjs/core';
import type { MessageExt } from '../common/message-ext.js';
import { ConfigurationError } from '../errors/index.js';
import type { RocketMQMessageListenerOptions } from '../interfaces/message-listener-options.interface.js';
import { ROCKETMQ_CONTEXT_TYPE } from '../rocketmq.constants.js';
import { listenerWithoutMethod } from '../rocketmq.messages.js';
import type { ListenerEndpoint } from './listener-endpoint.js';
import { ListenerMetadataAccessor } from './listener-metadata.accessor.js';

const ON_MESSAGE = 'onMessage';

/** Nest's own type of it has no import path that versions 11 and 12 have in common. */
type InstanceWrapper = ReturnType<DiscoveryService['getProviders']>[number];
type Handler = (payload: unknown, message: MessageExt) => unknown;

/** Finds the listeners of an application, in every module. */
@Injectable()
export class ListenerExplorer {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly accessor: ListenerMetadataAccessor,
    private readonly contextCreator: ExternalContextCreator,
    private readonly moduleRef: ModuleRef,
  ) {}

  /** @throws ConfigurationError for a decorated class without `onMessage`. */
  explore(): ListenerEndpoint[] {
    const wrappers = [...this.discovery.getProviders(), ...this.discovery.getControllers()];
    return wrappers.flatMap((wrapper) => this.endpointsOf(wrapper));
  }

  private endpointsOf(wrapper: InstanceWrapper): ListenerEndpoint[] {
    // Of a provider with a factory only the instance knows its class; of a request-scoped one only the wrapper does.
    const type = wrapper.isDependencyTreeStatic() ? wrapper.instance?.constructor : wrapper.metatype;
    const prototype = typeof type === 'function' ? (type.prototype as object | undefined) : undefined;
    if (prototype === undefined || prototype === Object.prototype) return [];
    const endpoints: ListenerEndpoint[] = [];
    const classOptions = this.accessor.getListenerOptions(type as never);
    if (classOptions !== undefined)
      endpoints.push(this.classEndpoint(wrapper, type as never, prototype, classOptions));
    for (const method of this.scanner.getAllMethodNames(prototype)) {
      const options = this.accessor.getListenerOptions((prototype as Record<string, never>)[method]);
      if (options !== undefined)
        endpoints.push(this.endpoint(wrapper, type as never, prototype, method, options));
    }
    return endpoints;
  }

  private classEndpoint(
    wrapper: InstanceWrapper,
    type: { readonly name: string },
    prototype: object,
    options: RocketMQMessageListenerOptions,
  ): ListenerEndpoint {
    if (typeof (prototype as Record<string, unknown>)[ON_MESSAGE] !== 'function') {
      throw new ConfigurationError(listenerWithoutMethod(type.name));
    }
    return this.endpoint(wrapper, type, prototype, ON_MESSAGE, options);
  }

  private endpoint(
    wrapper: InstanceWrapper,
    type: { readonly name: string },
    prototype: object,
    method: string,
    options: RocketMQMessageListenerOptions,
  ): ListenerEndpoint {
    const name = method === ON_MESSAGE ? type.name : `${type.name}.${method}`;
    const handler = (prototype as Record<string, Handler>)[method]!;
    const invoke = wrapper.isDependencyTreeStatic()
      ? this.handlerOf(wrapper.instance as object, handler, method)
      : this.scopedHandlerOf(wrapper, handler, method);
    return { name, className: type.name, options, invoke };
  }

  /** The method behind the guards, pipes, interceptors and filters that Nest knows for it. */
  private handlerOf(instance: object, handler: Handler, method: string): Handler {
    return this.contextCreator.create(
      instance as never,
      handler as never,
      method,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      ROCKETMQ_CONTEXT_TYPE,
    ) as Handler;
  }

  /** A new instance for every message, which can inject the message as `REQUEST`. */
  private scopedHandlerOf(wrapper: InstanceWrapper, handler: Handler, method: string): Handler {
    return async (payload, message) => {
      const contextId = ContextIdFactory.getByRequest(message);
      this.moduleRef.registerRequestByContextId(message, contextId);
      const instance = await this.moduleRef.resolve<object>(wrapper.token, contextId, { strict: false });
      return this.contextCreator.create(
        instance as never,
        handler as never,
        method,
        undefined,
        undefined,
        contextId,
        wrapper.id,
        undefined,
        ROCKETMQ_CONTEXT_TYPE,
      )(payload, message);
    };
  }
}
