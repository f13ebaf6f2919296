import { compareStrings, type MessageQueue } from '../../common/message-queue.js';
import { isWriteable } from '../../common/perm-name.js';
import { MASTER_ID } from '../../common/mix-all.js';
import { orderQueueCounts } from '../../remoting/body/route-fault.js';
import type { BrokerData, TopicRouteData } from '../../remoting/body/topic-route-data.js';

/** The queues to which messages of a topic can be sent (TopicPublishInfo). */
export class TopicPublishInfo {
  private next = 0;

  constructor(
    readonly queues: readonly MessageQueue[],
    private readonly random: () => number,
  ) {
    this.resetIndex();
  }

  /** The next queue in turn on a broker that is accepted. */
  select(accepts: (brokerName: string) => boolean): MessageQueue | undefined {
    for (let i = 0; i < this.queues.length; i++) {
      const queue = this.selectAny();
      if (accepts(queue.brokerName)) return queue;
    }
    return undefined;
  }

  /** The next queue in turn. */
  selectAny(): MessageQueue {
    this.next = (this.next + 1) & 0x7fffffff;
    return this.queues[this.next % this.queues.length]!;
  }

  /** Begins the turns anew somewhere. */
  resetIndex(): void {
    this.next = Math.floor(this.random() * 0x40000000);
  }
}

/** Writable queues of brokers whose master is known (MQClientInstance#topicRouteData2TopicPublishInfo). */
export function publishQueuesOf(topic: string, route: TopicRouteData): MessageQueue[] {
  if (route.orderTopicConf) return orderQueuesOf(topic, route.orderTopicConf);
  const queues: MessageQueue[] = [];
  const masters = new Set(route.brokerDatas.filter(hasMaster).map(({ brokerName }) => brokerName));
  const writable = route.queueDatas
    .filter(({ perm, brokerName }) => isWriteable(perm) && masters.has(brokerName))
    .toSorted((a, b) => compareStrings(a.brokerName, b.brokerName));
  for (const { brokerName, writeQueueNums } of writable) {
    for (let queueId = 0; queueId < writeQueueNums; queueId++) queues.push({ topic, brokerName, queueId });
  }
  return queues;
}

/** Those that a topic will have which is created like another one. */
export function queuesLike(pattern: TopicRouteData, topic: string, maxQueues: number): MessageQueue[] {
  const queueDatas = pattern.queueDatas.map((data) => {
    const writeQueueNums = Math.min(maxQueues, data.readQueueNums);
    return { ...data, writeQueueNums };
  });
  return publishQueuesOf(topic, { ...pattern, queueDatas });
}

/** The queues of an order topic stay the same whatever becomes of a broker, so that a key keeps its queue. */
function orderQueuesOf(topic: string, orderTopicConf: string): MessageQueue[] {
  return orderQueueCounts(orderTopicConf).flatMap(([brokerName, length]) =>
    Array.from({ length }, (_, queueId) => ({ topic, brokerName, queueId })),
  );
}

function hasMaster({ brokerAddrs }: BrokerData): boolean {
  return brokerAddrs.has(MASTER_ID);
}
