import {
  asObject,
  type FastjsonInput,
  type FastjsonObject,
  type FastjsonTable,
  type FastjsonValue,
} from '../../../common/fastjson.js';
import { LimitedLogger } from '../../../common/limited-logger.js';
import { CID_RMQ_SYS_PREFIX, CID_SYS_RMQ_TRANS, TOOLS_CONSUMER_GROUP } from '../../../common/mix-all.js';
import { groupNameFault } from '../../../common/topic-validator.js';
import type {
  SubscriptionGroupConfig,
  SubscriptionGroupTable,
} from '../../../remoting/body/subscription-group-config.js';
import type { BrokerConfig } from '../broker-config.js';
import { readEntries, readFields, readOthers } from '../../config-fields.js';
import { ConfigManager, type ConfigManagerOptions } from '../../config-manager.js';
import { DataVersion } from '../../data-version.js';

const DEFAULTS = {
  groupName: '',
  consumeEnable: true,
  consumeBroadcastEnable: true,
  retryQueueNums: 1,
  retryMaxTimes: 16,
  notifyConsumerIdsChangedEnable: true,
};
/** What a new group has besides, in the table that Apache's broker reads. */
const OTHER_DEFAULTS: ReadonlyMap<string, FastjsonValue> = new Map<string, FastjsonValue>([
  ['attributes', new Map()],
  ['brokerId', 0],
  ['consumeFromMinEnable', true],
  ['consumeMessageOrderly', false],
  ['consumeTimeoutMinute', 15],
  ['groupRetryPolicy', new Map([['type', 'CUSTOMIZED']])],
  ['groupSysFlag', 0],
  ['whichBrokerWhenConsumeSlowly', 1],
]);
const FORBIDDEN_READ = 4;
/** With so many groups no more are created but by administrators. */
export const MAX_GROUPS = 10_000;
const BUILT_IN_GROUPS = [
  TOOLS_CONSUMER_GROUP,
  'FILTERSRV_CONSUMER',
  'SELF_TEST_C_GROUP',
  'CID_ONS-HTTP-PROXY',
  'CID_ONSAPI_PULL',
  'CID_ONSAPI_PERMISSION',
  'CID_ONSAPI_OWNER',
  CID_SYS_RMQ_TRANS,
];

/** The consumer groups of a broker (SubscriptionGroupManager), kept in `config/subscriptionGroup.json`. */
export class SubscriptionGroupManager extends ConfigManager {
  private readonly dataVersion: DataVersion;
  private readonly table = new Map<string, SubscriptionGroupConfig>();
  private forbiddenTable: FastjsonObject = new Map();
  private readonly limited: LimitedLogger;

  constructor(
    options: ConfigManagerOptions,
    private readonly config: BrokerConfig,
  ) {
    super(options, 'subscriptionGroup.json', 0);
    this.dataVersion = new DataVersion(options.clock.now());
    this.limited = new LimitedLogger(this.logger, options.clock);
    for (const group of BUILT_IN_GROUPS) this.table.set(group, newGroup(group));
  }

  /** The group, created if that is allowed and its name is legal. */
  findSubscriptionGroupConfig(group: string): SubscriptionGroupConfig | undefined {
    const existing = this.table.get(group);
    if (existing !== undefined) return existing;
    const mayCreate = this.config.autoCreateSubscriptionGroup || group.startsWith(CID_RMQ_SYS_PREFIX);
    if (!mayCreate || groupNameFault(group) !== undefined) return undefined;
    if (this.table.size >= MAX_GROUPS) return this.noteFull(group);
    const created = newGroup(group);
    this.table.set(group, created);
    this.dataVersion.next(this.clock.now());
    this.changed();
    return created;
  }

  /** Creates a group or replaces what is known of it. */
  update(config: SubscriptionGroupConfig): void {
    const others = new Map([...OTHER_DEFAULTS, ...config.others]);
    this.table.set(config.groupName, { ...config, others });
    this.dataVersion.next(this.clock.now());
    this.changed();
  }

  delete(group: string): void {
    const isForbidden = this.forbiddenTable.delete(group);
    if (!this.table.delete(group) && !isForbidden) return;
    this.dataVersion.next(this.clock.now());
    this.changed();
  }

  all(): IterableIterator<SubscriptionGroupConfig> {
    return this.table.values();
  }

  toTable(): SubscriptionGroupTable {
    const { table: subscriptionGroupTable, forbiddenTable } = this;
    return { subscriptionGroupTable, forbiddenTable, dataVersion: this.dataVersion.toJson() };
  }

  /** Whether there is a group of this name; unlike {@link findSubscriptionGroupConfig} this creates none. */
  containsSubscriptionGroup(group: string): boolean {
    return this.table.has(group);
  }

  /** Whether an administrator has forbidden the group to read the topic (bit 2 of `forbiddenTable`). */
  isReadForbidden(group: string, topic: string): boolean {
    const topics = this.forbiddenTable.get(group);
    const bits = topics instanceof Map ? topics.get(topic) : 0;
    return typeof bits === 'number' && (bits & FORBIDDEN_READ) !== 0;
  }

  private noteFull(group: string): undefined {
    this.limited.warn(
      `Group ${group} is not created: there are ${this.table.size} groups, and from ${MAX_GROUPS} on only administrators create more`,
    );
  }

  protected encode(): FastjsonTable {
    const { forbiddenTable } = this;
    const subscriptionGroupTable = entriesOf([...this.table.values()]);
    return { dataVersion: this.dataVersion.toJson(), forbiddenTable, subscriptionGroupTable };
  }

  protected decode(table: FastjsonObject): void {
    const loaded = readEntries(table.get('subscriptionGroupTable'), (group, value) => {
      const object = asObject(value);
      const fields = readFields(object, { ...DEFAULTS, groupName: group });
      return { ...fields, groupName: group, others: readOthers(object, Object.keys(DEFAULTS)) };
    });
    for (const group of loaded) this.table.set(group.groupName, group);
    if (table.has('forbiddenTable')) this.forbiddenTable = asObject(table.get('forbiddenTable'));
    this.dataVersion.load(table);
  }
}

function* entriesOf(groups: readonly SubscriptionGroupConfig[]): Generator<[string, FastjsonInput]> {
  for (const { others, ...fields } of groups) {
    const entries: [string, FastjsonInput][] = [...Object.entries(fields), ...others];
    yield [fields.groupName, new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1)))];
  }
}

function newGroup(groupName: string): SubscriptionGroupConfig {
  return { ...DEFAULTS, groupName, others: OTHER_DEFAULTS };
}
