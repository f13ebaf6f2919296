import { messageQueueKey, type MessageQueue } from '../../common/message-queue.js';
import type { MessageExt } from '../../common/message-ext.js';
import { MQClientError } from '../../errors/mq-client.error.js';
import type { ConsumerContext } from './consumer-context.js';
import { ProcessQueue } from './process-queue.js';
import type { LitePullOwner } from './pull-request.js';

/** Milliseconds until a pull is tried again. */
const DELAY_WHEN_PAUSED = 1000;
const DELAY_WHEN_FULL = 50;

/** The queues of a lite pull consumer: what waits in them, how far each was fetched (AssignedMessageQueue). */
export class LitePullAssignment implements LitePullOwner {
  /** By queue the offset behind what was fetched, or to which was sought. */
  private readonly positions = new Map<string, number>();
  private readonly paused = new Set<string>();
  /** Of the queue that the next fetch begins with. */
  private turn = 0;

  constructor(
    private readonly context: ConsumerContext,
    private readonly pullThresholdForAll: number,
    private readonly pull: (queue: ProcessQueue, offset: number) => void,
  ) {}

  get queues(): MessageQueue[] {
    return [...this.context.processQueues()].map(({ mq }) => mq);
  }

  has(mq: MessageQueue): boolean {
    return this.context.processQueueTable.has(messageQueueKey(mq));
  }

  /** Begins a queue at an offset, or anew: what was fetched ahead of it is dropped. */
  begin(mq: MessageQueue, offset: number): void {
    const key = messageQueueKey(mq);
    this.drop(mq);
    const queue = new ProcessQueue(mq, this.context.clock, this.context.pulled);
    this.context.processQueueTable.set(key, queue);
    this.pull(queue, offset);
  }

  drop(mq: MessageQueue): void {
    const key = messageQueueKey(mq);
    const queue = this.context.processQueueTable.get(key);
    queue?.drop();
    this.context.processQueueTable.delete(key);
    this.positions.delete(key);
  }

  /** Begins a queue that the group has given to this member, who may have had it before. */
  onAssigned(queue: ProcessQueue, offset: number): void {
    this.positions.delete(messageQueueKey(queue.mq));
    this.pull(queue, offset);
  }

  setPosition(mq: MessageQueue, offset: number): void {
    this.positions.set(messageQueueKey(mq), offset);
  }

  positionOf(mq: MessageQueue): number | undefined {
    return this.positions.get(messageQueueKey(mq));
  }

  pause(mq: MessageQueue): void {
    this.paused.add(messageQueueKey(mq));
  }

  resume(mq: MessageQueue): void {
    this.paused.delete(messageQueueKey(mq));
  }

  /** The next messages of one queue; queues take turns. */
  fetch(max: number): MessageExt[] {
    const queues = [...this.context.processQueueTable];
    for (let i = 0; i < queues.length; i++) {
      const [key, queue] = queues[(this.turn + i) % queues.length]!;
      if (this.paused.has(key) || queue.count === 0) continue;
      this.turn = (this.turn + i + 1) % queues.length;
      const messages = queue.peek(max);
      this.positions.set(key, queue.remove(messages));
      return messages;
    }
    return [];
  }

  pauseBeforePull({ mq }: ProcessQueue): number {
    if (this.paused.has(messageQueueKey(mq))) return DELAY_WHEN_PAUSED;
    let waiting = 0;
    // Nothing is fetched from paused queues, and the others would wait for them.
    for (const [key, { count }] of this.context.processQueueTable)
      if (!this.paused.has(key)) waiting += count;
    return waiting >= this.pullThresholdForAll ? DELAY_WHEN_FULL : 0;
  }

  /** Messages with other tags are passed over. */
  onPassed({ mq, dropped }: ProcessQueue, offset: number): void {
    const position = this.positionOf(mq);
    if (!dropped && position !== undefined && offset > position) this.setPosition(mq, offset);
  }

  /** @throws MQClientError when the queue is not one of this consumer. */
  require(mq: MessageQueue): void {
    if (this.has(mq)) return;
    const { topic, brokerName, queueId } = mq;
    throw new MQClientError(
      `The message queue is not in assigned list, may be rebalancing, message queue: ${topic}/${brokerName}/${queueId}`,
      { retryable: true },
    );
  }
}
