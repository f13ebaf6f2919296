import { MASTER_ID } from '../../common/mix-all.js';
import { messageQueueKey, type MessageQueue } from '../../common/message-queue.js';
import { MQBrokerError } from '../../errors/mq-broker.error.js';
import { RequestCode } from '../../remoting/request-code.js';
import { ResponseCode } from '../../remoting/response-code.js';
import type { ConnectionStatus } from '../connection-table.js';
import type { MQClientInstance } from '../mq-client-instance.js';
import type { OffsetStore } from './offset-store.js';

/** An offset as a broker was told it. */
interface PersistedOffset {
  readonly offset: number;
  /** A master that comes back does not know what its slave was told. */
  readonly address: string;
  /** A broker that was killed has forgotten the last ones. */
  readonly connection: ConnectionStatus | undefined;
}

/** Keeps the offsets of a group in the brokers (RemoteBrokerOffsetStore). */
export class RemoteBrokerOffsetStore implements OffsetStore {
  private readonly offsets = new Map<string, number>();
  /** What was told last. */
  private readonly persisted = new Map<string, PersistedOffset>();
  /** By topic and broker the first offset that its present member was told, until it has it and after. */
  private readonly first = new Map<string, { readonly address: string; readonly told: Promise<unknown> }>();

  constructor(
    private readonly instance: MQClientInstance,
    private readonly consumerGroup: string,
  ) {}

  async load(): Promise<void> {}

  updateOffset(mq: MessageQueue, offset: number, increaseOnly: boolean): void {
    const key = messageQueueKey(mq);
    const present = this.offsets.get(key);
    if (present === undefined || !increaseOnly || offset > present) this.offsets.set(key, offset);
  }

  memoryOffset(mq: MessageQueue): number {
    return this.offsets.get(messageQueueKey(mq)) ?? -1;
  }

  async readOffset(mq: MessageQueue): Promise<number> {
    const { topic, queueId } = mq;
    const header = { consumerGroup: this.consumerGroup, topic, queueId };
    try {
      const code = RequestCode.QUERY_CONSUMER_OFFSET;
      const address = await this.findAddress(mq);
      const response = await this.instance.requestFrom(address, { code, header, body: undefined });
      return response.header!.offset;
    } catch (error) {
      if (error instanceof MQBrokerError && error.responseCode === ResponseCode.QUERY_NOT_FOUND) return -1;
      throw error;
    }
  }

  async persistAll(queues: readonly MessageQueue[]): Promise<void> {
    const known = queues.filter((mq) => this.offsets.has(messageQueueKey(mq)));
    if (known.length < this.offsets.size) this.retain(known);
    const told = known.filter((mq) => !this.isPersisted(mq)).map((mq) => this.send(mq));
    // A broker that does not answer keeps nobody from waiting for the others.
    await Promise.allSettled(told);
    await Promise.all(told);
  }

  private retain(queues: readonly MessageQueue[]): void {
    const keys = new Set(queues.map(messageQueueKey));
    for (const key of this.offsets.keys()) if (!keys.has(key)) this.offsets.delete(key);
  }

  /** Most queues of a client that has little to do have nothing to tell. */
  private isPersisted(mq: MessageQueue): boolean {
    const last = this.lastTold(mq);
    if (last === undefined) return false;
    const connection = this.instance.connectionStatus(last.address);
    // While a connection is down there is nobody to tell; within a process there is none.
    return connection === last.connection || (connection !== undefined && connection.state !== 'connected');
  }

  /** As the broker was told what is noted now; undefined when it was not. */
  private lastTold(mq: MessageQueue): PersistedOffset | undefined {
    const key = messageQueueKey(mq);
    const last = this.persisted.get(key);
    return last?.offset === this.offsets.get(key) && last?.address === this.addressOf(mq) ? last : undefined;
  }

  /** Over a new connection nothing is told again: another member may have the queue by now. */
  async persist(mq: MessageQueue): Promise<void> {
    if (this.lastTold(mq) === undefined) await this.send(mq);
  }

  private async send(mq: MessageQueue): Promise<void> {
    const offset = this.offsets.get(messageQueueKey(mq));
    if (offset === undefined) return;
    const address = await this.findAddress(mq);
    try {
      await this.persistAt(address, mq, offset);
    } catch (error) {
      // A consumer that ends just after a master was killed has no later time to tell the slave.
      await this.instance.updateTopicRouteInfo(mq.topic).catch(() => undefined);
      const other = this.addressOf(mq);
      if (other === undefined || other === address) throw error;
      await this.persistAt(other, mq, offset);
    }
  }

  /** `offset` is what was to be told; of a queue that is being released, others may have forgotten it meanwhile. */
  private async persistAt(address: string, mq: MessageQueue, offset: number): Promise<void> {
    const { topic, queueId } = mq;
    const commitOffset = this.offsets.get(messageQueueKey(mq)) ?? offset;
    const header = { consumerGroup: this.consumerGroup, topic, queueId, commitOffset };
    const request = { code: RequestCode.UPDATE_CONSUMER_OFFSET, header, body: undefined };
    await this.tell(mq, address, () => this.instance.requestFrom(address, request));
    const connection = this.instance.connectionStatus(address);
    this.persisted.set(messageQueueKey(mq), { offset: commitOffset, address, connection });
  }

  /**
   * When the first offsets of a group in a topic come at the same moment, Apache's broker may keep only one of them
   * (ConsumerOffsetManager#commitOffset): the first goes alone.
   */
  private async tell(mq: MessageQueue, address: string, send: () => Promise<unknown>): Promise<void> {
    const key = `${mq.topic}@${mq.brokerName}`;
    const first = this.first.get(key);
    if (first?.address === address) {
      await first.told;
      await send();
      return;
    }
    const sent = send();
    this.first.set(key, { address, told: sent.catch(() => this.first.delete(key)) });
    await sent;
  }

  removeOffset(mq: MessageQueue): void {
    this.offsets.delete(messageQueueKey(mq));
    this.persisted.delete(messageQueueKey(mq));
  }

  /** The master, or a slave while there is none (#updateConsumeOffsetToBroker, #fetchConsumeOffsetFromBroker). */
  private async findAddress(mq: MessageQueue): Promise<string> {
    const known = this.addressOf(mq);
    if (known !== undefined) return known;
    await this.instance.updateTopicRouteInfo(mq.topic);
    return this.addressOf(mq) ?? this.instance.brokerAddressOf(mq.brokerName);
  }

  private addressOf({ brokerName }: MessageQueue): string | undefined {
    return this.instance.findBrokerAddressInSubscribe(brokerName, MASTER_ID)?.address;
  }
}
