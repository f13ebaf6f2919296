import { toFastjson, type FastjsonObject } from '../../../common/fastjson.js';
import type { BrokerConfig } from '../broker-config.js';
import { asInteger, asObject, ConfigManager, type ConfigManagerOptions } from '../config-manager.js';
import { DataVersion } from '../data-version.js';

const TOPIC_GROUP_SEPARATOR = '@';
/** Commits between two versions of the table (consumerOffsetUpdateVersionStep). */
const VERSION_STEP = 500;

/** How far each group has come in each queue (ConsumerOffsetManager), kept in `config/consumerOffset.json`. */
export class ConsumerOffsetManager extends ConfigManager {
  private readonly dataVersion: DataVersion;
  /** `topic@group` to queue id to the next offset to consume. */
  private readonly table = new Map<string, Map<number, number>>();
  private commits = 0;

  constructor(options: ConfigManagerOptions, config: BrokerConfig) {
    super(options, 'consumerOffset.json', config.flushConsumerOffsetInterval);
    this.dataVersion = new DataVersion(options.clock.now());
  }

  commitOffset(group: string, topic: string, queueId: number, offset: number): void {
    const key = topic + TOPIC_GROUP_SEPARATOR + group;
    let offsets = this.table.get(key);
    if (offsets === undefined) this.table.set(key, (offsets = new Map()));
    if (offsets.get(queueId) === offset) return;
    offsets.set(queueId, offset);
    if (++this.commits % VERSION_STEP === 0) this.dataVersion.next(this.clock.now());
    this.changed();
  }

  /** The committed offset; undefined when there is none. */
  queryOffset(group: string, topic: string, queueId: number): number | undefined {
    return this.table.get(topic + TOPIC_GROUP_SEPARATOR + group)?.get(queueId);
  }

  protected encode(): string {
    return toFastjson(
      {
        dataVersion: this.dataVersion.toJson(),
        groupTopicMap: this.groupTopicMap(),
        offsetTable: this.table,
      },
      true,
    );
  }

  protected decode(table: FastjsonObject): void {
    const loaded = [...asObject(table.get('offsetTable'))].map(
      ([key, value]): [string, Map<number, number>] => [
        key,
        new Map([...asObject(value)].map(([queueId, offset]) => [asInteger(queueId), asInteger(offset)])),
      ],
    );
    for (const [key, offsets] of loaded) this.table.set(key, offsets);
    this.dataVersion.load(table);
  }

  /** Derived from the table, for whoever reads the file. */
  private groupTopicMap(): Map<string, Set<string>> {
    const map = new Map<string, Set<string>>();
    for (const key of this.table.keys()) {
      const parts = key.split(TOPIC_GROUP_SEPARATOR);
      const [topic, group] = parts;
      if (parts.length !== 2) continue;
      const topics = map.get(group!) ?? new Set();
      map.set(group!, topics.add(topic!));
    }
    return map;
  }
}
