import { Inject, Injectable, Logger, Scope, type Type } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { checkCopy } from '../decorators/this-copy.js';
import { ConfigurationError } from '../errors/index.js';
import type { RocketMQMessageListenerOptions } from '../interfaces/message-listener-options.interface.js';
import type { RocketMQModuleOptions } from '../interfaces/rocketmq-module-options.interface.js';
import type { RocketMQPushConsumerLifecycleListener } from '../interfaces/push-consumer-lifecycle-listener.interface.js';
import {
  idempotentWithoutListener,
  listenerWithoutMethod,
  madeScoped,
  scopedPrepareStart,
} from '../rocketmq.messages.js';
import { ROCKETMQ_MODULE_OPTIONS } from '../rocketmq.module-definition.js';
import { enhance } from './enhance.js';
import type { FoundListener } from './listener-endpoint.js';
import { isShared, ListenerHandlerFactory, type InstanceWrapper } from './listener-handler.factory.js';
import { ListenerMetadataAccessor } from './listener-metadata.accessor.js';

const ON_MESSAGE = 'onMessage';

type Decorated = Parameters<ListenerMetadataAccessor['getListenerOptions']>[0];
type Methods = Readonly<Record<string, Decorated>>;

/** Finds the listeners of an application, in every module. */
@Injectable()
export class ListenerExplorer {
  private readonly logger = new Logger('RocketMQListener');

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly accessor: ListenerMetadataAccessor,
    private readonly handlers: ListenerHandlerFactory,
    @Inject(ROCKETMQ_MODULE_OPTIONS) private readonly module: RocketMQModuleOptions,
  ) {}

  /** @throws ConfigurationError for a decorated class without `onMessage`. */
  explore(): FoundListener[] {
    const wrappers = [...this.discovery.getProviders(), ...this.discovery.getControllers()];
    const seen = new Set<unknown>();
    return wrappers.flatMap((wrapper) => {
      // Several tokens may stand for one instance; an alias of a scoped provider has none to tell.
      const instance: unknown = isShared(wrapper) ? wrapper.instance : wrapper;
      if (wrapper.isAlias || seen.has(instance)) return [];
      seen.add(instance);
      return this.endpointsOf(wrapper);
    });
  }

  private endpointsOf(wrapper: InstanceWrapper): FoundListener[] {
    // Of a provider with a factory only the instance knows its class; of a request-scoped one only the wrapper does.
    const type = (isShared(wrapper) ? wrapper.instance?.constructor : wrapper.metatype) as Type | undefined;
    if (typeof type !== 'function') return [];
    const prototype = type.prototype as Methods | undefined;
    if (prototype === undefined || prototype === Object.prototype) return [];
    const ofClass = this.endpointAt(type, wrapper, type, ON_MESSAGE);
    const ofMethods = this.scanner
      .getAllMethodNames(prototype)
      .flatMap((method) => this.endpointAt(prototype[method]!, wrapper, type, method));
    if (ofClass.length + ofMethods.length === 0) return [];
    if (ofClass.length === 0 && isMadeScoped(wrapper)) this.logger.warn(madeScoped(type.name));
    const prepareStart = prepareStartOf(wrapper, prototype);
    return [...ofClass, ...ofMethods].map((endpoint) => ({ ...endpoint, prepareStart }));
  }

  /** The listener that a class or a method is by its decorators, if it is one. */
  private endpointAt(
    decorated: Decorated,
    wrapper: InstanceWrapper,
    type: Type,
    method: string,
  ): FoundListener[] {
    const options = this.accessor.getListenerOptions(decorated);
    const idempotent = this.accessor.getIdempotentOptions(decorated);
    const name = decorated === type ? type.name : `${type.name}.${method}`;
    if (options !== undefined) {
      checkCopy(decorated!, name);
      return [{ ...this.endpoint(wrapper, type, method, options), idempotent }];
    }
    if (idempotent === undefined) return [];
    throw new ConfigurationError(idempotentWithoutListener(name));
  }

  private endpoint(
    wrapper: InstanceWrapper,
    type: Type,
    method: string,
    given: RocketMQMessageListenerOptions,
  ): FoundListener {
    const prototype = type.prototype as Methods;
    if (typeof prototype[method] !== 'function')
      throw new ConfigurationError(listenerWithoutMethod(type.name));
    const name = method === ON_MESSAGE ? type.name : `${type.name}.${method}`;
    const { listenerEnhancers = [] } = this.module.consumer ?? {};
    const options = enhance(given, { type, method }, listenerEnhancers);
    const payloadType = options.batch === undefined ? options.messageType : Array;
    const invoke = this.handlers.create(wrapper, prototype, method, payloadType);
    return { name, className: type.name, options, invoke };
  }
}

/** Whether a class of the default scope is of request scope because of its guards and the like, which may be global ones. */
function isMadeScoped(wrapper: InstanceWrapper): boolean {
  const enhancers = wrapper.getEnhancersMetadata() as InstanceWrapper[] | undefined;
  return (
    wrapper.scope !== Scope.REQUEST &&
    enhancers?.some((enhancer) => !enhancer.isDependencyTreeStatic()) === true
  );
}

/** @throws ConfigurationError where there is no instance yet to call it on. */
function prepareStartOf(wrapper: InstanceWrapper, prototype: object): FoundListener['prepareStart'] {
  const { prepareStart } = prototype as Partial<RocketMQPushConsumerLifecycleListener>;
  if (typeof prepareStart !== 'function') return undefined;
  if (!isShared(wrapper)) throw new ConfigurationError(scopedPrepareStart(prototype.constructor.name));
  return prepareStart.bind(wrapper.instance);
}
