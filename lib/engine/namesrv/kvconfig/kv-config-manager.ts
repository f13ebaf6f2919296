import { asObject, asText, type FastjsonObject, type FastjsonTable } from '../../../common/fastjson.js';
import { ConfigManager, type ConfigManagerOptions } from '../../config-manager.js';

/** The namespace of order topics: each with `broker:queues`, and `;` between (NamesrvUtil). */
export const NAMESPACE_ORDER_TOPIC_CONFIG = 'ORDER_TOPIC_CONFIG';

/** What administrators keep in a name server (KVConfigManager), in `config/kvConfig.json` of the store. */
export class KVConfigManager extends ConfigManager {
  /** Namespace to key to value. */
  private readonly table = new Map<string, Map<string, string>>();
  private isUsed = false;

  constructor(
    options: ConfigManagerOptions,
    /** Called with the order topics when they have changed. */
    private readonly onOrderTopics: (table: ReadonlyMap<string, string>) => void,
  ) {
    super(options, 'kvConfig.json', 0);
  }

  /** Keys of all namespaces. */
  get size(): number {
    return [...this.table.values()].reduce((sum, values) => sum + values.size, 0);
  }

  get(namespace: string, key: string): string | undefined {
    return this.table.get(namespace)?.get(key);
  }

  /** All keys of a namespace; undefined when there is none of this name. */
  list(namespace: string): ReadonlyMap<string, string> | undefined {
    return this.table.get(namespace);
  }

  async put(namespace: string, key: string, value: string): Promise<void> {
    const values = this.table.get(namespace) ?? new Map<string, string>();
    this.table.set(namespace, values.set(key, value));
    await this.onChange(namespace, values);
  }

  async delete(namespace: string, key: string): Promise<void> {
    const values = this.table.get(namespace);
    if (!values?.delete(key)) return;
    if (values.size === 0) this.table.delete(namespace);
    await this.onChange(namespace, values);
  }

  /** There is no file as long as nothing was ever put. */
  override async close(): Promise<void> {
    if (this.isUsed) await super.close();
  }

  protected encode(): FastjsonTable {
    return { configTable: this.table };
  }

  protected decode(table: FastjsonObject): void {
    for (const [namespace, values] of asObject(table.get('configTable'))) {
      const entries = [...asObject(values)].map(([key, value]) => [key, asText(value)] as const);
      this.table.set(namespace, new Map(entries));
    }
    this.onOrderTopics(this.table.get(NAMESPACE_ORDER_TOPIC_CONFIG) ?? new Map());
    this.isUsed = true;
  }

  private async onChange(namespace: string, values: ReadonlyMap<string, string>): Promise<void> {
    this.isUsed = true;
    if (namespace === NAMESPACE_ORDER_TOPIC_CONFIG) this.onOrderTopics(values);
    await this.flush();
  }
}
