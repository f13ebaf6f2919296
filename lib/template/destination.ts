import { MQClientError } from '../errors/index.js';

/** Where a message goes: `topic`, or `topic:tag`. */
export interface Destination {
  readonly topic: string;
  readonly tag: string | undefined;
}

/**
 * Reads `topic:tag`, split at the first colon; an empty tag is none (RocketMQUtil#getAndWrapMessage).
 *
 * @throws MQClientError when there is no topic.
 */
export function parseDestination(destination: string): Destination {
  if (typeof destination !== 'string' || destination === '' || destination.startsWith(':')) {
    throw new MQClientError(
      `The destination ${JSON.stringify(destination)} has no topic: use "topic" or "topic:tag"`,
    );
  }
  const colon = destination.indexOf(':');
  if (colon < 0) return { topic: destination, tag: undefined };
  return { topic: destination.slice(0, colon), tag: destination.slice(colon + 1) || undefined };
}
