import { MessageSelector } from '../client/index.js';
import { FilterSyntaxError } from '../common/filter/filter-syntax-error.js';
import { checkSelector } from '../common/filter/selector-parser.js';
import { ConfigurationError } from '../errors/index.js';
import type {
  RocketMQMessageListenerOptions,
  RocketMQTopicSelection,
} from '../interfaces/message-listener-options.interface.js';
import { buildSubscriptionData, SUB_ALL } from '../remoting/filter/filter-api.js';
import { illegalName, isPlaceholder, overlap, severalSelectors } from '../rocketmq.messages.js';
import type { ListenerEndpoint } from './listener-endpoint.js';

/** A listener with one of its subscriptions: all messages of a topic, or those with certain tags. */
export interface Subscription {
  readonly endpoint: ListenerEndpoint;
  readonly topic: string;
  /** Empty: all. */
  readonly tags: ReadonlySet<string>;
  /** A condition in SQL92, which takes the place of tags. */
  readonly sql?: string;
}

/** What selects for all listeners of a topic: one of them, if it is by SQL92. */
export function selectorOf(subscriptions: readonly Subscription[]): MessageSelector {
  const sql = subscriptions[0]?.sql;
  if (sql !== undefined) return MessageSelector.bySql(sql);
  const tags = subscriptions.flatMap((subscription) => [...subscription.tags]);
  return MessageSelector.byTag(tags.length === 0 ? SUB_ALL : tags.join(' || '));
}

/** The topics of a listener, each with what the listener wants of it. */
export function selectionsOf({
  topic,
  selectorType,
  selectorExpression,
}: RocketMQMessageListenerOptions): RocketMQTopicSelection[] {
  const shared = { selectorType, selectorExpression };
  const topics = typeof topic === 'string' ? [topic] : (topic ?? []);
  return topics.map((one) => (typeof one === 'string' ? { ...shared, topic: one } : { ...shared, ...one }));
}

/** @throws ConfigurationError for a condition that is wrong, with its position, and for an expression without a tag. */
export function subscriptionsOf(endpoint: ListenerEndpoint): Subscription[] {
  return selectionsOf(endpoint.options).map((selection) => {
    const { topic, selectorType, selectorExpression = '' } = selection;
    if (selectorType !== 'SQL92') return { endpoint, topic, tags: tagsOf(endpoint.name, selection) };
    checkSql(endpoint.name, selectorExpression);
    return { endpoint, topic, tags: new Set(), sql: selectorExpression };
  });
}

/** @throws ConfigurationError for two listeners that want the same messages. */
export function checkOverlaps(group: string, subscriptions: readonly Subscription[]): void {
  for (const [index, subscription] of subscriptions.entries())
    for (const other of subscriptions.slice(0, index)) checkOverlap(group, other, subscription);
}

function tagsOf(
  listener: string,
  { topic, selectorExpression = SUB_ALL }: RocketMQTopicSelection,
): ReadonlySet<string> {
  const refuse = (fault: string) =>
    new ConfigurationError(illegalName(listener, 'selectorExpression', selectorExpression, fault));
  if (isPlaceholder(selectorExpression)) throw refuse('it is no tag');
  const data = buildSubscriptionData(topic, selectorExpression, 0);
  if (data !== undefined && (data.tagsSet.size > 0 || data.subString === SUB_ALL)) return data.tagsSet;
  throw refuse('it has no tag');
}

function checkSql(listener: string, expression: string): void {
  try {
    checkSelector(expression);
  } catch (error) {
    if (!(error instanceof FilterSyntaxError)) throw error;
    const message = illegalName(listener, 'selectorExpression', expression, error.message);
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
