import { isDeepStrictEqual } from 'node:util';
import { dlqTopicOf } from '../common/mix-all.js';
import { groupNameFault, topicNameFault } from '../common/topic-validator.js';
import { ConfigurationError } from '../errors/index.js';
import type { RocketMQConsumerOptions } from '../interfaces/consumer-options.interface.js';
import {
  batchAndSingle,
  batchInOrder,
  batchOfReplies,
  contradiction,
  groupOfMixin,
  idempotentBroadcasting,
  idempotentNamesakes,
  illegalName,
  isPlaceholder,
  listenerWithoutTopic,
  orderlyBroadcasting,
  ownDeadLetters,
} from '../rocketmq.messages.js';
import { GROUP_OPTIONS, type GroupOptions } from './group-options.js';
import type { ListenerEndpoint } from './listener-endpoint.js';
import { checkIdempotentOptions } from './idempotency-stores.js';
import { checkListenerOptions } from './listener-option-rules.js';
import { checkOverlaps, selectionsOf, subscriptionsOf, type Subscription } from './subscription.js';

/** The listeners of one consumer group, which share one consumer. */
export interface ListenerGroup {
  readonly group: string;
  readonly options: GroupOptions;
  readonly subscriptions: readonly Subscription[];
}

/**
 * Puts listeners together by their group.
 *
 * @throws ConfigurationError for an illegal listener, and for two that contradict each other; it names them and says what
 * to change.
 */
export function groupListeners(
  endpoints: readonly ListenerEndpoint[],
  defaults: RocketMQConsumerOptions,
): ListenerGroup[] {
  const byGroup = new Map<string, Subscription[]>();
  for (const endpoint of endpoints) {
    const group = endpoint.options.consumerGroup ?? defaults.group ?? endpoint.className;
    checkListener(endpoint, group);
    const all = subscriptionsOf(endpoint);
    const enabled = all.filter(({ topic }) => isEnabled(endpoint, group, topic, defaults));
    if (enabled.length > 0) byGroup.set(group, [...(byGroup.get(group) ?? []), ...enabled]);
  }
  return [...byGroup].map(([group, subscriptions]) => toGroup(group, subscriptions, defaults));
}

function toGroup(
  group: string,
  subscriptions: readonly Subscription[],
  defaults: RocketMQConsumerOptions,
): ListenerGroup {
  const members = [...new Set(subscriptions.map(({ endpoint }) => endpoint))];
  const options = mergeOptions(group, members, defaults);
  checkOverlaps(group, subscriptions);
  return { group, options, subscriptions };
}

/** What Nest's `mixin` calls a class, anew at every start. */
const MIXIN_NAME = /^[a-z\d]{21}$/;

/** The configuration of the application knows better than the code of a listener. */
function isEnabled(
  { options }: ListenerEndpoint,
  group: string,
  topic: string,
  { listeners = {}, enabled = true }: RocketMQConsumerOptions,
): boolean {
  const topics = Object.hasOwn(listeners, group) ? listeners[group]! : {};
  const isOn = Object.hasOwn(topics, topic) ? topics[topic] : undefined;
  return isOn ?? options.enabled ?? enabled;
}

function checkListener(endpoint: ListenerEndpoint, group: string): void {
  const { name, options } = endpoint;
  const { topic, messageModel, consumeMode } = options;
  if ((topic ?? '').length === 0) throw new ConfigurationError(listenerWithoutTopic(name));
  checkListenerOptions(name, options);
  if (endpoint.idempotent !== undefined) checkIdempotentOptions(name, endpoint.idempotent);
  for (const selection of selectionsOf(options)) checkTopic(name, group, selection.topic);
  if (group === endpoint.className && MIXIN_NAME.test(group))
    throw new ConfigurationError(groupOfMixin(name, group));
  const groupFault = groupNameFault(group);
  if (groupFault !== undefined)
    throw new ConfigurationError(illegalName(name, 'consumer group', group, groupFault));
  if (messageModel === 'BROADCASTING' && consumeMode === 'ORDERLY') {
    throw new ConfigurationError(orderlyBroadcasting(name));
  }
  if (options.batch !== undefined && options.reply === true)
    throw new ConfigurationError(batchOfReplies(name));
}

function checkTopic(listener: string, group: string, topic: string): void {
  if (topic === '') throw new ConfigurationError(listenerWithoutTopic(listener));
  const fault = topicNameFault(topic);
  const hint = topic.includes(':') && !isPlaceholder(topic) ? ' A tag goes into selectorExpression.' : '';
  if (fault !== undefined) throw new ConfigurationError(illegalName(listener, 'topic', topic, fault + hint));
  if (topic === dlqTopicOf(group)) throw new ConfigurationError(ownDeadLetters(listener, group));
}

/** Keys belong to a listener by its name. */
function checkNamesakes(group: string, members: readonly ListenerEndpoint[]): void {
  const idempotent = members.filter((member) => member.idempotent !== undefined);
  for (const member of idempotent) {
    const namesake = idempotent.find((other) => other !== member && other.name === member.name);
    if (namesake === undefined) continue;
    const topics = [member, namesake].map(({ options }) =>
      selectionsOf(options)
        .map(({ topic }) => topic)
        .join(', '),
    );
    throw new ConfigurationError(idempotentNamesakes(group, member.name, topics));
  }
}

/** Batches are gathered from the calls that a group may have under way, of which others would have too many. */
function checkBatches(group: string, members: readonly ListenerEndpoint[], merged: GroupOptions): void {
  const batch = members.find(({ options }) => options.batch !== undefined);
  if (batch === undefined) return;
  const single = members.find(({ options }) => options.batch === undefined);
  if (single !== undefined) throw new ConfigurationError(batchAndSingle(group, batch.name, single.name));
  if (merged.consumeMode === 'ORDERLY') throw new ConfigurationError(batchInOrder(batch.name));
}

function mergeOptions(
  group: string,
  members: readonly ListenerEndpoint[],
  defaults: RocketMQConsumerOptions,
): GroupOptions {
  const merged: Record<string, unknown> = {};
  for (const option of GROUP_OPTIONS) {
    const given = members.filter(({ options }) => options[option] !== undefined);
    const [first, ...others] = given;
    const differing = others.find(
      ({ options }) => !isDeepStrictEqual(options[option], first!.options[option]),
    );
    if (first !== undefined && differing !== undefined) {
      throw new ConfigurationError(
        contradiction(
          group,
          option,
          [first.name, first.options[option]],
          [differing.name, differing.options[option]],
        ),
      );
    }
    merged[option] = first?.options[option] ?? defaults[option];
  }
  if (merged.messageModel === 'BROADCASTING' && merged.consumeMode === 'ORDERLY') {
    throw new ConfigurationError(orderlyBroadcasting(members.map(({ name }) => name).join(', ')));
  }
  const idempotent = members.find((member) => member.idempotent !== undefined);
  if (merged.messageModel === 'BROADCASTING' && idempotent !== undefined)
    throw new ConfigurationError(idempotentBroadcasting(idempotent.name));
  checkNamesakes(group, members);
  checkBatches(group, members, merged);
  return merged;
}
