import { LimitedLogger } from '../../../common/limited-logger.js';
import { asObject, type FastjsonObject, type FastjsonTable } from '../../../common/fastjson.js';
import { FilterSyntaxError } from '../../../common/filter/filter-syntax-error.js';
import { compileSql92, type SqlFilter } from '../../../common/filter/sql-filter.js';
import type { SubscriptionData } from '../../../remoting/body/subscription-data.js';
import { readFields } from '../../config-fields.js';
import { ConfigManager, type ConfigManagerOptions } from '../../config-manager.js';
import { bloomFilterData } from './bloom-filter-data.js';

/** Milliseconds that changes gather before they are written (BrokerController, `persist consumerFilter`). */
const PERSIST_INTERVAL = 10_000;
/** Milliseconds that the expression of a group without members is kept (BrokerConfig#filterDataCleanTimeSpan). */
const CLEAN_TIME_SPAN = 24 * 3_600_000;
/** A group whose expression was read from the disk counts as gone for so many milliseconds. */
const DEAD_BEFORE_LOAD = 30_000;
/** Characters of a wrong expression that are logged: as many as a right one has. */
const MAX_SHOWN = 4096;

const FIELDS = {
  consumerGroup: '',
  topic: '',
  expression: '',
  expressionType: 'SQL92',
  bornTime: 0,
  clientVersion: 0,
  deadTime: 0,
};

/** The expression of a group for a topic (ConsumerFilterData); times are milliseconds since the epoch. */
export type ConsumerFilterData = typeof FIELDS & {
  /** Undefined for one that was read from the disk and cannot be compiled. */
  readonly filter: SqlFilter | undefined;
};

/** The SQL92 expressions of consumer groups (ConsumerFilterManager), kept in `config/consumerFilter.json`. */
export class ConsumerFilterManager extends ConfigManager {
  private readonly table = new Map<string, Map<string, ConsumerFilterData>>();
  private readonly limited: LimitedLogger;

  constructor(options: ConfigManagerOptions) {
    super(options, 'consumerFilter.json', PERSIST_INTERVAL);
    this.limited = new LimitedLogger(this.logger, options.clock);
  }

  get(topic: string, group: string): ConsumerFilterData | undefined {
    return this.table.get(topic)?.get(group);
  }

  /** Takes in the heartbeat of a group: what it subscribes to of the topics that there are, and what not any more. */
  register(group: string, subscriptions: readonly SubscriptionData[]): void {
    for (const subscription of subscriptions)
      if (subscription.expressionType !== 'TAG') this.registerOne(group, subscription);
    const topics = new Set(subscriptions.map(({ topic }) => topic));
    this.bury(group, (topic) => !topics.has(topic));
  }

  /** The group has no members any more. */
  unregister(group: string): void {
    this.bury(group, () => true);
  }

  protected encode(): FastjsonTable {
    this.clean();
    const filterDataByTopic = new Map(
      [...this.table].map(([topic, groups]) => {
        const entries = [...groups].map(([group, data]) => [group, storedForm(data)] as const);
        return [topic, { groupFilterData: new Map(entries), topic }];
      }),
    );
    return { filterDataByTopic };
  }

  protected decode(table: FastjsonObject): void {
    const deadTime = this.clock.now() - DEAD_BEFORE_LOAD;
    for (const [topic, entry] of asObject(table.get('filterDataByTopic'))) {
      const groups = asObject(asObject(entry).get('groupFilterData'));
      for (const [group, stored] of groups) {
        const fields = asObject(stored);
        // Clients in Go count nanoseconds, which are beyond 2^53.
        fields.set('clientVersion', Number(fields.get('clientVersion') ?? 0) || 0);
        const data = readFields(fields, { ...FIELDS, topic, consumerGroup: group });
        if (data.deadTime === 0) data.deadTime = Math.max(deadTime, data.bornTime);
        this.put({ ...data, filter: this.compile(data) });
      }
    }
  }

  private registerOne(group: string, { topic, subString, subVersion }: SubscriptionData): void {
    if (subString === '') return;
    const old = this.get(topic, group);
    // A group that was gone may come back with a clock that is behind, or with milliseconds after the nanoseconds of Go.
    const newer = old === undefined || isDead(old) ? 1 : subVersion - old.clientVersion;
    if (newer < 0) return;
    if (old?.expression === subString) return this.keep(old, subVersion);
    // Of two expressions of one version the first stays.
    if (newer === 0) return;
    const bornTime = this.clock.now();
    const data = { ...FIELDS, consumerGroup: group, topic, expression: subString, bornTime };
    const filter = this.compile(data);
    if (filter !== undefined) this.put({ ...data, clientVersion: subVersion, filter });
    else if (old !== undefined) this.remove(topic, group);
    else return;
    this.changed();
  }

  private keep(data: ConsumerFilterData, subVersion: number): void {
    if (data.clientVersion === subVersion && !isDead(data)) return;
    data.clientVersion = subVersion;
    data.deadTime = 0;
    this.changed();
  }

  private compile({ expression, topic, consumerGroup }: typeof FIELDS): SqlFilter | undefined {
    try {
      return compileSql92(expression);
    } catch (error) {
      if (!(error instanceof FilterSyntaxError)) throw error;
      const shown = JSON.stringify(expression.slice(0, MAX_SHOWN));
      this.limited.warn(
        `Group ${consumerGroup} subscribes to topic ${topic} with ${shown}: ${error.message}`,
      );
      return undefined;
    }
  }

  private bury(group: string, isGone: (topic: string) => boolean): void {
    for (const [topic, groups] of this.table) {
      const data = groups.get(group);
      if (data === undefined || isDead(data) || !isGone(topic)) continue;
      // It is dead also when the clock was set back behind its birth.
      data.deadTime = Math.max(this.clock.now(), data.bornTime);
      this.changed();
    }
  }

  private clean(): void {
    const oldest = this.clock.now() - CLEAN_TIME_SPAN;
    for (const [topic, groups] of this.table)
      for (const [group, data] of groups)
        if (isDead(data) && data.deadTime <= oldest) this.remove(topic, group);
  }

  private put(data: ConsumerFilterData): void {
    const { topic, consumerGroup } = data;
    const groups = this.table.get(topic) ?? new Map<string, ConsumerFilterData>();
    this.table.set(topic, groups.set(consumerGroup, data));
  }

  private remove(topic: string, group: string): void {
    const groups = this.table.get(topic)!;
    groups.delete(group);
    if (groups.size === 0) this.table.delete(topic);
  }
}

function isDead({ deadTime, bornTime }: typeof FIELDS): boolean {
  return deadTime >= bornTime;
}

function storedForm(data: ConsumerFilterData) {
  const { bornTime, clientVersion, consumerGroup, deadTime, expression, expressionType, topic } = data;
  return {
    bloomFilterData: bloomFilterData(consumerGroup, topic),
    bornTime,
    clientVersion,
    consumerGroup,
    dead: isDead(data),
    deadTime,
    expression,
    expressionType,
    topic,
  };
}
