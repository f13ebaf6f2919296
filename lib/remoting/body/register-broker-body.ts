import type { DataVersion } from './data-version.js';
import type { TopicConfig } from './topic-config.js';

/** Most topics of one broker. */
export const MAX_TOPICS = 100_000;

/** A topic as a broker registers it. */
export type RegisteredTopic = Omit<TopicConfig, 'others'>;

/** All topics of a broker, and their version (RegisterBrokerBody, TopicConfigSerializeWrapper). */
export interface RegisterBrokerBody {
  readonly dataVersion: DataVersion;
  readonly topicConfigTable: ReadonlyMap<string, RegisteredTopic>;
}
