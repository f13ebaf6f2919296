import type { FileCallback } from '../../../common/file-system.js';
import { asInteger, asObject, type FastjsonObject, type FastjsonTable } from '../../../common/fastjson.js';
import type { BrokerConfig } from '../broker-config.js';
import { readEntries } from '../../config-fields.js';
import { ConfigManager, type ConfigManagerOptions } from '../../config-manager.js';
import { DataVersion } from '../../data-version.js';

/** Between topic and group in the keys of tables. */
export const TOPIC_GROUP_SEPARATOR = '@';
/** Commits between two versions of the table (consumerOffsetUpdateVersionStep). */
const VERSION_STEP = 500;

/** How far each group has come in each queue (ConsumerOffsetManager), kept in `config/consumerOffset.json`. */
export class ConsumerOffsetManager extends ConfigManager {
  private readonly dataVersion: DataVersion;
  /** `topic@group` to queue id to the next offset to consume. */
  private readonly table = new Map<string, Map<number, number>>();
  /** Group to the topics in which it has offsets. */
  private readonly groupTopicMap = new Map<string, Set<string>>();
  private commits = 0;
  /** Topic to group to queue id to the next offset to pull; not kept. */
  private readonly pullTable = new Map<string, Map<string, Map<number, number>>>();
  /** Offsets that an administrator set, until the group pulls from them (ConsumerOffsetManager#resetOffsetTable). */
  private readonly resets = new Map<string, Map<number, number>>();

  constructor(options: ConfigManagerOptions, config: BrokerConfig, syncLog?: (done: FileCallback) => void) {
    super(options, 'consumerOffset.json', config.flushConsumerOffsetInterval, syncLog);
    this.dataVersion = new DataVersion(options.clock.now());
  }

  /** While the group has not taken note of a reset, what it commits is ignored. */
  commitOffset(group: string, topic: string, queueId: number, offset: number): void {
    const key = topic + TOPIC_GROUP_SEPARATOR + group;
    if (this.resets.size > 0 && this.resets.get(key)?.has(queueId)) return;
    this.setOffset(key, queueId, offset);
  }

  private setOffset(key: string, queueId: number, offset: number): void {
    let offsets = this.table.get(key);
    if (offsets === undefined) this.add(key, (offsets = new Map()));
    if (offsets.get(queueId) === offset) return;
    offsets.set(queueId, offset);
    if (++this.commits % VERSION_STEP === 0) this.dataVersion.next(this.clock.now());
    this.changed();
  }

  /** The committed offset; undefined when there is none. */
  queryOffset(group: string, topic: string, queueId: number): number | undefined {
    return this.table.get(topic + TOPIC_GROUP_SEPARATOR + group)?.get(queueId);
  }

  commitPullOffset(group: string, topic: string, queueId: number, offset: number): void {
    let groups = this.pullTable.get(topic);
    if (groups === undefined) this.pullTable.set(topic, (groups = new Map()));
    const offsets = groups.get(group);
    if (offsets === undefined) groups.set(group, new Map([[queueId, offset]]));
    else offsets.set(queueId, offset);
  }

  queryPullOffset(group: string, topic: string, queueId: number): number | undefined {
    return this.pullTable.get(topic)?.get(group)?.get(queueId);
  }

  /** Sets an offset, with which the next pull of the queue is answered (#assignResetOffset). */
  assignResetOffset(group: string, topic: string, queueId: number, offset: number): void {
    const key = topic + TOPIC_GROUP_SEPARATOR + group;
    this.setOffset(key, queueId, offset);
    const resets = this.resets.get(key) ?? new Map<number, number>();
    this.resets.set(key, resets.set(queueId, offset));
  }

  /** The offset that was set since the last pull of the queue (#queryThenEraseResetOffset). */
  takeResetOffset(group: string, topic: string, queueId: number): number | undefined {
    if (this.resets.size === 0) return undefined;
    const key = topic + TOPIC_GROUP_SEPARATOR + group;
    const resets = this.resets.get(key);
    const offset = resets?.get(queueId);
    resets?.delete(queueId);
    if (resets?.size === 0) this.resets.delete(key);
    return offset;
  }

  /** Topics in which a group has offsets. */
  whichTopicByConsumer(group: string): string[] {
    return [...(this.groupTopicMap.get(group) ?? [])];
  }

  /** Groups that have offsets in a topic. */
  whichGroupByTopic(topic: string): string[] {
    return [...this.groupTopicMap].filter(([, topics]) => topics.has(topic)).map(([group]) => group);
  }

  /** Gives a group the offsets that another one has in a topic. */
  cloneOffset(srcGroup: string, destGroup: string, topic: string): void {
    const source = this.table.get(topic + TOPIC_GROUP_SEPARATOR + srcGroup) ?? new Map<number, number>();
    for (const [queueId, offset] of source) this.commitOffset(destGroup, topic, queueId, offset);
  }

  removeTopic(topic: string): void {
    this.pullTable.delete(topic);
    this.removeIf((key) => key.startsWith(topic + TOPIC_GROUP_SEPARATOR));
  }

  removeGroup(group: string): void {
    for (const groups of this.pullTable.values()) groups.delete(group);
    this.removeIf((key) => key.split(TOPIC_GROUP_SEPARATOR)[1] === group);
  }

  /** Forgets the offsets of which `isLeftOver` says that they are of a topic that is no more. */
  removeLeftOver(isLeftOver: (topic: string, queueId: number, offset: number) => boolean): void {
    for (const [key, offsets] of this.table) {
      const [topic] = partsOf(key);
      for (const [queueId, offset] of offsets) {
        if (!isLeftOver(topic, queueId, offset)) continue;
        offsets.delete(queueId);
        if (offsets.size === 0) this.remove(key);
        this.changed();
      }
    }
  }

  private removeIf(isRemoved: (key: string) => boolean): void {
    for (const key of this.resets.keys()) if (isRemoved(key)) this.resets.delete(key);
    for (const key of this.table.keys()) if (isRemoved(key)) this.remove(key);
    this.dataVersion.next(this.clock.now());
    this.changed();
  }

  private add(key: string, offsets: Map<number, number>): void {
    this.table.set(key, offsets);
    const [topic, group] = partsOf(key);
    if (group === undefined) return;
    const topics = this.groupTopicMap.get(group);
    if (topics === undefined) this.groupTopicMap.set(group, new Set([topic]));
    else topics.add(topic);
  }

  private remove(key: string): void {
    this.table.delete(key);
    const [topic, group] = partsOf(key);
    if (group === undefined) return;
    const topics = this.groupTopicMap.get(group);
    topics?.delete(topic);
    if (topics?.size === 0) this.groupTopicMap.delete(group);
  }

  protected encode(): FastjsonTable {
    const { groupTopicMap, table: offsetTable } = this;
    return { dataVersion: this.dataVersion.toJson(), groupTopicMap, offsetTable };
  }

  protected decode(table: FastjsonObject): void {
    const loaded = readEntries(table.get('offsetTable'), (key, value): [string, Map<number, number>] => [
      key,
      new Map([...asObject(value)].map(([queueId, offset]) => [asInteger(queueId), asInteger(offset)])),
    ]);
    for (const [key, offsets] of loaded) this.add(key, offsets);
    this.dataVersion.load(table);
  }
}

/** Keys of other form are of broadcasting consumers, and nobody's group. */
function partsOf(key: string): [topic: string, group?: string] {
  const [topic, group, ...others] = key.split(TOPIC_GROUP_SEPARATOR);
  return others.length > 0 ? [topic!] : [topic!, group];
}
