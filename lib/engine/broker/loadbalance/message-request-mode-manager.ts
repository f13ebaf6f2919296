import { asInteger, asObject, type FastjsonObject, type FastjsonTable } from '../../../common/fastjson.js';
import type {
  MessageRequestMode,
  SetMessageRequestModeRequestBody,
} from '../../../remoting/body/query-assignment.js';
import { ConfigManager, type ConfigManagerOptions } from '../../config-manager.js';

type RequestModeConfig = SetMessageRequestModeRequestBody;

/** How groups get the messages of topics (MessageRequestModeManager), kept in `config/messageRequestMode.json`. */
export class MessageRequestModeManager extends ConfigManager {
  /** Topic to group to what was set for both. */
  private readonly table = new Map<string, Map<string, RequestModeConfig>>();
  private isUsed = false;

  constructor(options: ConfigManagerOptions) {
    super(options, 'messageRequestMode.json', 0);
  }

  get(topic: string, group: string): RequestModeConfig | undefined {
    return this.table.get(topic)?.get(group);
  }

  /** @throws StoreError when it cannot be written; it is tried again later. */
  async set(config: RequestModeConfig): Promise<void> {
    this.put(config);
    await this.flush();
  }

  removeTopic(topic: string): void {
    if (this.table.delete(topic)) this.changed();
  }

  removeGroup(group: string): void {
    for (const [topic, groups] of this.table) {
      if (!groups.delete(group)) continue;
      if (groups.size === 0) this.table.delete(topic);
      this.changed();
    }
  }

  /** There is no file as long as nothing was ever set. */
  override async flush(): Promise<void> {
    if (this.isUsed) await super.flush();
  }

  override async close(): Promise<void> {
    if (this.isUsed) await super.close();
  }

  protected encode(): FastjsonTable {
    const messageRequestModeMap = new Map(
      [...this.table].map(([topic, groups]) => [
        topic,
        new Map([...groups].map(([group, config]) => [group, fieldsOf(config)])),
      ]),
    );
    return { messageRequestModeMap };
  }

  protected decode(table: FastjsonObject): void {
    const loaded = [...asObject(table.get('messageRequestModeMap'))].flatMap(([topic, groups]) =>
      [...asObject(groups)].map(([consumerGroup, value]): RequestModeConfig => {
        const object = asObject(value);
        const popShareQueueNum = asInteger(object.get('popShareQueueNum') ?? 0);
        return { topic, consumerGroup, mode: modeOf(object), popShareQueueNum };
      }),
    );
    for (const config of loaded) this.put(config);
  }

  private put(config: RequestModeConfig): void {
    const groups = this.table.get(config.topic) ?? new Map<string, RequestModeConfig>();
    this.table.set(config.topic, groups.set(config.consumerGroup, config));
    this.isUsed = true;
  }
}

function fieldsOf({ consumerGroup, mode, popShareQueueNum, topic }: RequestModeConfig) {
  return { consumerGroup, mode, popShareQueueNum, topic };
}

function modeOf(object: FastjsonObject): MessageRequestMode {
  const mode = object.get('mode') ?? 'PULL';
  if (mode === 'PULL' || mode === 'POP') return mode;
  throw new TypeError(`"mode" is ${JSON.stringify(mode)}, expected PULL or POP`);
}
