import { Injectable } from '@nestjs/common';
import { DiscoveryService, Reflector } from '@nestjs/core';
import { topicNameFault } from '../common/topic-validator.js';
import { checkCopy } from '../decorators/this-copy.js';
import { ConfigurationError } from '../errors/index.js';
import type {
  RocketMQLocalTransactionListener,
  RocketMQTransactionListenerOptions,
} from '../interfaces/transaction-listener.interface.js';
import { ROCKETMQ_TRANSACTION_LISTENER_METADATA } from '../rocketmq.constants.js';
import {
  illegalTransactionListener,
  illegalTransactionOption,
  twoTransactionListeners,
} from '../rocketmq.messages.js';
import { RocketMQTemplate } from '../template/rocketmq-template.js';
import type { NamedTransactionListener } from '../template/transaction-router.js';
import { isShared, type InstanceWrapper } from './listener-handler.factory.js';

const NAME_PATTERN = /^[\w.-]{1,127}$/;
const OPTIONS: ReadonlySet<string> = new Set(['name', 'topics', 'template']);

/** Finds the transaction listeners of an application, in every module. */
@Injectable()
export class TransactionListenerExplorer {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly reflector: Reflector,
  ) {}

  /** @throws ConfigurationError for listeners that are illegal or contradict each other. */
  explore(): NamedTransactionListener[] {
    const found = new Map<unknown, NamedTransactionListener>();
    for (const wrapper of [...this.discovery.getProviders(), ...this.discovery.getControllers()]) {
      const options = this.optionsOf(wrapper);
      if (options === undefined || wrapper.isAlias || found.has(wrapper.instance)) continue;
      found.set(wrapper.instance, toListener(wrapper, options));
    }
    const listeners = [...found.values()];
    checkUnique(listeners);
    return listeners;
  }

  private optionsOf(wrapper: InstanceWrapper): RocketMQTransactionListenerOptions | undefined {
    const type = isShared(wrapper) ? (wrapper.instance as object | undefined)?.constructor : wrapper.metatype;
    if (typeof type !== 'function') return undefined;
    return this.reflector.get<RocketMQTransactionListenerOptions>(
      ROCKETMQ_TRANSACTION_LISTENER_METADATA,
      type,
    );
  }
}

function toListener(
  wrapper: InstanceWrapper,
  options: RocketMQTransactionListenerOptions,
): NamedTransactionListener {
  const className = isShared(wrapper) ? (wrapper.instance as object).constructor.name : String(wrapper.name);
  if (wrapper.metatype !== null) checkCopy(wrapper.metatype, className);
  const listener = wrapper.instance as RocketMQLocalTransactionListener;
  if (!isShared(wrapper) || typeof listener.checkLocalTransaction !== 'function')
    throw new ConfigurationError(illegalTransactionListener(className));
  checkOptions(className, options);
  const { name = className, topics } = options;
  return { name, topics: topics && new Set(topics), listener };
}

function checkOptions(className: string, options: RocketMQTransactionListenerOptions): void {
  const refuse = (option: string, value: unknown, allowed: string) => {
    throw new ConfigurationError(illegalTransactionOption(className, option, value, allowed));
  };
  const { name = className, topics, template = RocketMQTemplate } = options;
  for (const option of Object.keys(options)) {
    if (!OPTIONS.has(option)) refuse(option, options[option as never], `only ${[...OPTIONS].join(', ')}`);
  }
  if (typeof name !== 'string' || !NAME_PATTERN.test(name))
    refuse('name', name, 'letters, digits, "_", "." and "-", at most 127');
  const areTopics = Array.isArray(topics) && topics.length > 0;
  if (topics !== undefined && !(areTopics && topics.every((topic) => topicNameFault(topic) === undefined)))
    refuse('topics', topics, 'an array of topic names');
  if (template !== RocketMQTemplate) refuse('template', String(template), 'RocketMQTemplate');
}

/** A name must say which listener, and so must a topic. */
function checkUnique(listeners: readonly NamedTransactionListener[]): void {
  const seen = new Map<string, string>();
  for (const { name, topics = [] } of listeners) {
    for (const key of [`name "${name}"`, ...Array.from(topics, (topic) => `topic "${topic}"`)]) {
      const other = seen.get(key);
      if (other !== undefined) throw new ConfigurationError(twoTransactionListeners(other, name, key));
      seen.set(key, name);
    }
  }
}
