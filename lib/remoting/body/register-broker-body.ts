import type { DataVersion } from './data-version.js';
import type { TopicConfig } from './topic-config.js';

/** A topic as a broker registers it. */
export type RegisteredTopic = Omit<TopicConfig, 'others'>;

/** All topics of a broker, and their version (RegisterBrokerBody, TopicConfigSerializeWrapper). */
export interface RegisterBrokerBody {
  readonly dataVersion: DataVersion;
  readonly topicConfigTable: ReadonlyMap<string, RegisteredTopic>;
}
