import { isDeepStrictEqual } from 'node:util';
import { MessageSelector } from '../client/index.js';
import { dlqTopicOf } from '../common/mix-all.js';
import { FilterSyntaxError } from '../common/filter/filter-syntax-error.js';
import { checkSelector } from '../common/filter/selector-parser.js';
import { groupNameFault, topicNameFault } from '../common/topic-validator.js';
import { ConfigurationError } from '../errors/index.js';
import type { RocketMQConsumerOptions } from '../interfaces/consumer-options.interface.js';
import type { RocketMQMessageListenerOptions } from '../interfaces/message-listener-options.interface.js';
import { buildSubscriptionData, SUB_ALL } from '../remoting/filter/filter-api.js';
import {
  batchAndSingle,
  batchInOrder,
  batchOfReplies,
  contradiction,
  idempotentBroadcasting,
  illegalName,
  listenerWithoutTopic,
  orderlyBroadcasting,
  overlap,
  ownDeadLetters,
  severalSelectors,
} from '../rocketmq.messages.js';
import type { ListenerEndpoint } from './listener-endpoint.js';
import { checkIdempotentOptions } from '../idempotency/idempotency-stores.js';
import { checkListenerOptions } from './listener-option-rules.js';

/** Options that belong to the consumer, and so to all listeners of a group. */
const GROUP_OPTIONS = [
  'messageModel',
  'consumeMode',
  'consumeThreadNumber',
  'autoStart',
  'maxReconsumeTimes',
  'consumeMessageBatchMaxSize',
  'rateLimit',
  'suspendCurrentQueueTimeMillis',
  'consumeTimeout',
  'awaitTerminationMillisWhenShutdown',
  'consumeFromWhere',
  'consumeTimestamp',
  'allocateMessageQueueStrategy',
  'pullBatchSize',
  'pullInterval',
  'enableMsgTrace',
  'customizedTraceTopic',
  'pullThresholdForQueue',
  'pullThresholdSizeForQueue',
  'pullThresholdForTopic',
  'pullThresholdSizeForTopic',
  'consumeConcurrentlyMaxSpan',
  'clientRebalance',
  'popBatchNums',
  'popInvisibleTime',
  'popThresholdForQueue',
] as const satisfies readonly (keyof RocketMQMessageListenerOptions)[];

export type GroupOptions = Partial<Pick<RocketMQMessageListenerOptions, (typeof GROUP_OPTIONS)[number]>>;

/** A listener with its subscription: all messages of a topic, or those with certain tags. */
export interface Subscription {
  readonly endpoint: ListenerEndpoint;
  readonly topic: string;
  /** Empty: all. */
  readonly tags: ReadonlySet<string>;
  /** A condition in SQL92, which takes the place of tags. */
  readonly sql?: string;
}

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
  const byGroup = new Map<string, ListenerEndpoint[]>();
  for (const endpoint of endpoints) {
    const group = endpoint.options.consumerGroup ?? defaults.group ?? endpoint.className;
    checkListener(endpoint, group);
    if (defaults.listeners?.[group]?.[endpoint.options.topic] === false) continue;
    byGroup.set(group, [...(byGroup.get(group) ?? []), endpoint]);
  }
  return [...byGroup].map(([group, members]) => ({
    group,
    options: mergeOptions(group, members, defaults),
    subscriptions: subscriptionsOf(group, members),
  }));
}

/** What selects for all listeners of a topic: one of them, if it is by SQL92. */
export function selectorOf(subscriptions: readonly Subscription[]): MessageSelector {
  const sql = subscriptions[0]?.sql;
  if (sql !== undefined) return MessageSelector.bySql(sql);
  const tags = subscriptions.flatMap((subscription) => [...subscription.tags]);
  return MessageSelector.byTag(tags.length === 0 ? SUB_ALL : tags.join(' || '));
}

function checkListener(endpoint: ListenerEndpoint, group: string): void {
  const { name, options } = endpoint;
  const { topic, messageModel, consumeMode } = options;
  if (topic === undefined || topic === '') throw new ConfigurationError(listenerWithoutTopic(name));
  checkListenerOptions(name, options);
  if (endpoint.idempotent !== undefined) checkIdempotentOptions(name, endpoint.idempotent);
  const topicFault = topicNameFault(topic);
  if (topicFault !== undefined) throw new ConfigurationError(illegalName(name, 'topic', topic, topicFault));
  const groupFault = groupNameFault(group);
  if (groupFault !== undefined)
    throw new ConfigurationError(illegalName(name, 'consumer group', group, groupFault));
  if (topic === dlqTopicOf(group)) throw new ConfigurationError(ownDeadLetters(name, group));
  if (options.selectorType === 'SQL92') checkSql(endpoint);
  if (messageModel === 'BROADCASTING' && consumeMode === 'ORDERLY') {
    throw new ConfigurationError(orderlyBroadcasting(name));
  }
  if (options.batch !== undefined && options.reply === true)
    throw new ConfigurationError(batchOfReplies(name));
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
  checkBatches(group, members, merged);
  return merged;
}

function subscriptionsOf(group: string, members: readonly ListenerEndpoint[]): Subscription[] {
  const subscriptions: Subscription[] = [];
  for (const endpoint of members) {
    const subscription = subscriptionOf(endpoint);
    for (const other of subscriptions) checkOverlap(group, other, subscription);
    subscriptions.push(subscription);
  }
  return subscriptions;
}

function subscriptionOf(endpoint: ListenerEndpoint): Subscription {
  const { topic, selectorType, selectorExpression } = endpoint.options;
  return selectorType === 'SQL92'
    ? { endpoint, topic, tags: new Set(), sql: selectorExpression }
    : { endpoint, topic, tags: tagsOf(endpoint) };
}

function tagsOf({ name, options }: ListenerEndpoint): ReadonlySet<string> {
  const { topic, selectorExpression = SUB_ALL } = options;
  const data = buildSubscriptionData(topic, selectorExpression, 0);
  if (data !== undefined && (data.tagsSet.size > 0 || data.subString === SUB_ALL)) return data.tagsSet;
  throw new ConfigurationError(illegalName(name, 'selectorExpression', selectorExpression, 'it has no tag'));
}

function checkSql({ name, options: { selectorExpression = '' } }: ListenerEndpoint): void {
  try {
    checkSelector(selectorExpression);
  } catch (error) {
    if (!(error instanceof FilterSyntaxError)) throw error;
    const message = illegalName(name, 'selectorExpression', selectorExpression, error.message);
    throw new ConfigurationError(message, error);
  }
}

function checkOverlap(group: string, a: Subscription, b: Subscription): void {
  if (a.topic !== b.topic) return;
  if (a.sql !== undefined || b.sql !== undefined)
    throw new ConfigurationError(severalSelectors(group, a.topic, a.endpoint.name, b.endpoint.name));
  const common = [...a.tags].filter((tag) => b.tags.has(tag));
  if (a.tags.size > 0 && b.tags.size > 0 && common.length === 0) return;
  const tags = common.length > 0 ? `tag ${common.join(', ')}` : 'messages';
  throw new ConfigurationError(overlap(group, a.topic, a.endpoint.name, b.endpoint.name, tags));
}
