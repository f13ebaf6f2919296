import { asInteger, asObject, asText, parseFastjson, toFastjson } from '../../common/fastjson.js';
import { messageQueueKey, type MessageQueue } from '../../common/message-queue.js';
import type { JsonFile } from '../../common/json-file.js';
import type { OffsetStore } from './offset-store.js';

/** Keeps the offsets of a broadcasting consumer in a file on this machine (LocalFileOffsetStore). */
export class LocalFileOffsetStore implements OffsetStore {
  private readonly offsets = new Map<string, { readonly mq: MessageQueue; readonly offset: number }>();
  private isChanged = false;

  constructor(private readonly file: JsonFile) {}

  /** @throws StoreError when there is a file but it cannot be read. */
  async load(): Promise<void> {
    const entries = this.file.load(decodeOffsets) ?? [];
    for (const { mq, offset } of entries) this.offsets.set(messageQueueKey(mq), { mq, offset });
  }

  updateOffset(mq: MessageQueue, offset: number, increaseOnly: boolean): void {
    const present = this.memoryOffset(mq);
    if (offset === present || (increaseOnly && offset < present)) return;
    this.offsets.set(messageQueueKey(mq), { mq, offset });
    this.isChanged = true;
  }

  memoryOffset(mq: MessageQueue): number {
    return this.offsets.get(messageQueueKey(mq))?.offset ?? -1;
  }

  async readOffset(mq: MessageQueue): Promise<number> {
    return this.memoryOffset(mq);
  }

  async persistAll(): Promise<void> {
    if (!this.isChanged) return;
    this.isChanged = false;
    const offsetTable = new Map<string, number>();
    for (const { mq, offset } of this.offsets.values()) {
      const { brokerName, queueId, topic } = mq;
      offsetTable.set(JSON.stringify({ brokerName, queueId, topic }), offset);
    }
    try {
      await this.file.save(toFastjson({ offsetTable }, true));
    } catch (error) {
      this.isChanged = true;
      throw error;
    }
  }

  async persist(): Promise<void> {
    await this.persistAll();
  }

  /** What a queue has come to stays true when it is taken up again. */
  removeOffset(): void {}
}

function decodeOffsets(text: string): { mq: MessageQueue; offset: number }[] {
  const table = asObject(asObject(parseFastjson(text)).get('offsetTable'));
  return [...table].map(([key, offset]) => {
    const queue = asObject(parseFastjson(key));
    const [topic, brokerName] = [asText(queue.get('topic')), asText(queue.get('brokerName'))];
    const queueId = asInteger(queue.get('queueId'));
    return { mq: { topic, brokerName, queueId }, offset: asInteger(offset) };
  });
}
