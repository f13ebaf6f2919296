import { ConfigurationError } from '../errors/index.js';
import type { RocketMQConsumerOptions } from '../interfaces/consumer-options.interface.js';
import type { RocketMQConsumerSettings } from '../interfaces/push-consumer-lifecycle-listener.interface.js';
import { unusedTimestamp } from '../rocketmq.messages.js';
import type { ListenerGroup } from './listener-group.js';
import { checkConsumerSettings } from './listener-option-rules.js';

/**
 * The group with the options that its listeners set in `prepareStart`.
 *
 * @throws ConfigurationError for an option that is not allowed, cannot be set there, or would mean nothing; what `prepareStart` throws.
 */
export async function prepareStart(
  group: ListenerGroup,
  defaults: RocketMQConsumerOptions,
): Promise<ListenerGroup> {
  const { messageModel, consumeMode, ...settings } = group.options;
  const consumer: RocketMQConsumerSettings = settings;
  // Several listeners of a class have one instance.
  const listeners = new Map(
    group.subscriptions.map(({ endpoint }) => [endpoint.prepareStart, endpoint.className]),
  );
  for (const [prepare, className] of listeners) {
    if (prepare === undefined) continue;
    await prepare(consumer);
    checkConsumerSettings(`${className}.prepareStart`, consumer);
  }
  checkTimestamp(group.group, consumer, defaults);
  return { ...group, options: { ...consumer, messageModel, consumeMode } };
}

/** The timestamp of the module is for those groups that begin there. */
function checkTimestamp(
  group: string,
  { consumeFromWhere, consumeTimestamp }: RocketMQConsumerSettings,
  defaults: RocketMQConsumerOptions,
): void {
  if (consumeTimestamp === undefined || consumeFromWhere === 'CONSUME_FROM_TIMESTAMP') return;
  if (consumeTimestamp !== defaults.consumeTimestamp)
    throw new ConfigurationError(unusedTimestamp(`Consumer group "${group}"`));
}
