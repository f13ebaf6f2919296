import {
  asObject,
  type FastjsonInput,
  type FastjsonObject,
  type FastjsonTable,
} from '../../../common/fastjson.js';
import { LimitedLogger } from '../../../common/limited-logger.js';
import { isRetryTopic, replyTopicOf, REVIVE_QUEUES, reviveTopicOf } from '../../../common/mix-all.js';
import { isInherited, PermName } from '../../../common/perm-name.js';
import { isSystemTopic, NAME_PATTERN, TIMER_TOPIC, TopicNames } from '../../../common/topic-validator.js';
import type { TopicConfig, TopicConfigTable } from '../../../remoting/body/topic-config.js';
import type { BrokerConfig } from '../broker-config.js';
import { readEntries } from '../../config-fields.js';
import { ConfigManager, type ConfigManagerOptions } from '../../config-manager.js';
import { DataVersion } from '../../data-version.js';
import { createTopicConfig, decodeTopicConfig, encodeTopicConfig } from './topic-config.js';

/** With so many topics none are created by sends any more. */
export const MAX_TOPICS = 100_000;
const READ_WRITE = PermName.READ | PermName.WRITE;

/** The topics of a broker (TopicConfigManager), kept in `config/topics.json`. */
export class TopicConfigManager extends ConfigManager {
  readonly dataVersion: DataVersion;
  private readonly table = new Map<string, TopicConfig>();
  private orderTopics: ReadonlyMap<string, string> = new Map();
  private readonly limited: LimitedLogger;

  constructor(
    options: ConfigManagerOptions,
    private readonly config: BrokerConfig,
    delayLevelCount: number,
    /** Called when a topic is new or changed. */
    private readonly onChange: (config: TopicConfig) => void,
  ) {
    super(options, 'topics.json', 0);
    this.dataVersion = new DataVersion(options.clock.now());
    this.limited = new LimitedLogger(this.logger, options.clock);
    this.addBuiltInTopics(delayLevelCount);
  }

  all(): IterableIterator<TopicConfig> {
    return this.table.values();
  }

  names(): IterableIterator<string> {
    return this.table.keys();
  }

  selectTopicConfig(topic: string): TopicConfig | undefined {
    return this.table.get(topic);
  }

  /**
   * The topic of a message, created after the pattern of `defaultTopic` if need be
   * (TopicConfigManager#createTopicInSendMessageMethod).
   */
  findOrCreateForSend(topic: string, defaultTopic: string, queueNums: number): TopicConfig | undefined {
    const existing = this.table.get(topic);
    if (existing !== undefined) return existing;
    if (this.isFull) return this.noteFull(topic);
    if (isRetryTopic(topic)) return this.findOrCreate(topic, 1);
    const pattern = this.table.get(defaultTopic);
    if (pattern === undefined || !isInherited(pattern.perm)) return undefined;
    const count = Math.max(0, Math.min(queueNums, pattern.writeQueueNums));
    const created = createTopicConfig(topic, count, pattern.perm & ~PermName.INHERIT);
    return this.update({ ...created, topicFilterType: pattern.topicFilterType });
  }

  /** Whether only administrators, and the broker for itself, create more topics. */
  get isFull(): boolean {
    return this.table.size >= MAX_TOPICS;
  }

  private noteFull(topic: string): undefined {
    this.limited.warn(
      `Topic ${topic} is not created: there are ${this.table.size} topics, and from ${MAX_TOPICS} on only administrators create more`,
    );
  }

  /** A topic that the broker needs itself (TopicConfigManager#createTopicInSendMessageBackMethod). */
  findOrCreate(topic: string, queueNums: number): TopicConfig {
    return this.table.get(topic) ?? this.update(createTopicConfig(topic, queueNums, READ_WRITE));
  }

  update(change: TopicConfig): TopicConfig {
    const config = this.orderTopics.has(change.topicName) ? { ...change, order: true } : change;
    this.table.set(config.topicName, config);
    this.dataVersion.next(this.clock.now());
    this.changed();
    this.onChange(config);
    return config;
  }

  /** Takes over which topics a name server calls order topics; others can be, too (#updateOrderTopicConfig). */
  updateOrderTopicConfig(orderTopics: ReadonlyMap<string, string>): void {
    this.orderTopics = orderTopics;
    for (const topic of orderTopics.keys()) {
      const config = this.table.get(topic);
      if (config?.order === false) this.update(config);
    }
  }

  /** Forgets a topic; its messages are not touched. */
  delete(topic: string): void {
    if (!this.table.delete(topic)) return;
    this.dataVersion.next(this.clock.now());
    this.changed();
  }

  toTable(): TopicConfigTable {
    return { topicConfigTable: this.table, dataVersion: this.dataVersion.toJson() };
  }

  /** Whether the broker itself needs the topic, which then is not for administrators (TopicValidator#isSystemTopic). */
  isSystemTopic(topic: string): boolean {
    return isSystemTopic(topic) || this.ownTopics().includes(topic);
  }

  /** As the broker answers it: those that are reserved, and its own. */
  systemTopics(): string[] {
    const reserved = [...this.table.keys()].filter(isSystemTopic);
    return [...new Set([...Object.values(TopicNames), ...reserved, ...this.ownTopics()])];
  }

  private ownTopics(): string[] {
    const { brokerClusterName, brokerName } = this.config;
    return [brokerClusterName, brokerName, replyTopicOf(brokerClusterName)];
  }

  /** Topics that have messages but are not in the table, which a crash can leave behind. */
  restoreMissing(topics: Iterable<[topic: string, maxQueueId: number]>): void {
    for (const [topic, maxQueueId] of topics) {
      if (this.table.has(topic) || isSystemTopic(topic)) continue;
      this.logger.warn(
        `Topic ${topic} has messages but was not in topics.json: restored with ${maxQueueId + 1} queues`,
      );
      this.findOrCreate(topic, maxQueueId + 1);
    }
  }

  protected encode(): FastjsonTable {
    return { dataVersion: this.dataVersion.toJson(), topicConfigTable: entriesOf([...this.table.values()]) };
  }

  protected decode(table: FastjsonObject): void {
    const loaded = readEntries(table.get('topicConfigTable'), (topic, object) => {
      // The retry and dead-letter topics of a group with a long name are longer than topics may be.
      if (!NAME_PATTERN.test(topic))
        throw new TypeError(`topic ${JSON.stringify(topic)} has illegal characters`);
      return decodeTopicConfig(topic, asObject(object));
    });
    for (const config of loaded) if (!isPattern(config)) this.table.set(config.topicName, config);
    this.dataVersion.load(table);
  }

  private addBuiltInTopics(delayLevelCount: number): void {
    const { brokerClusterName, brokerName, autoCreateTopicEnable, defaultTopicQueueNums } = this.config;
    this.add(TopicNames.SELF_TEST, 1);
    if (autoCreateTopicEnable) {
      this.add(TopicNames.AUTO_CREATE_TOPIC_KEY, defaultTopicQueueNums, READ_WRITE | PermName.INHERIT);
    }
    this.add(TopicNames.BENCHMARK, 1024);
    this.add(brokerClusterName, 16, READ_WRITE | PermName.INHERIT);
    this.add(brokerName, 1, READ_WRITE | PermName.INHERIT);
    this.add(TopicNames.OFFSET_MOVED_EVENT, 1);
    this.add(TopicNames.SCHEDULE, delayLevelCount);
    if (this.config.traceTopicEnable) this.add(TopicNames.TRACE, 1);
    this.add(replyTopicOf(brokerClusterName), 1);
    this.add(reviveTopicOf(brokerClusterName), REVIVE_QUEUES);
    this.add(`rmq_sys_SYNC_BROKER_MEMBER_${brokerName}`, 1, PermName.INHERIT);
    this.add(TopicNames.TRANS_HALF, 1);
    this.add(TopicNames.TRANS_OP_HALF, 1);
    this.add(TIMER_TOPIC, 1);
  }

  private add(topic: string, queueNums: number, perm: number = READ_WRITE): void {
    this.table.set(topic, createTopicConfig(topic, queueNums, perm));
  }
}

/** The pattern of new topics, which is as the options of this start say. */
function isPattern({ topicName }: TopicConfig): boolean {
  return topicName === TopicNames.AUTO_CREATE_TOPIC_KEY;
}

function* entriesOf(configs: readonly TopicConfig[]): Generator<[string, FastjsonInput]> {
  for (const config of configs) yield [config.topicName, encodeTopicConfig(config)];
}
