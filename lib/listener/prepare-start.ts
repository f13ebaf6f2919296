import type { RocketMQConsumerSettings } from '../interfaces/push-consumer-lifecycle-listener.interface.js';
import type { ListenerGroup } from './listener-group.js';
import { checkConsumerSettings } from './listener-option-rules.js';

/**
 * The group with the options that its listeners set in `prepareStart`.
 *
 * @throws ConfigurationError for an option that is not allowed, or cannot be set there; what `prepareStart` throws.
 */
export async function prepareStart(group: ListenerGroup): Promise<ListenerGroup> {
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
  return { ...group, options: { ...consumer, messageModel, consumeMode } };
}
