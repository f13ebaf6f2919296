import { MAX_QUEUES } from './topic-config.js';
import type { BrokerData, TopicRouteData } from './topic-route-data.js';

/** Most queues of a topic in all brokers. */
export const MAX_ROUTE_QUEUES = 1_048_576;
/** Most members of brokers in a cluster, to each of which a client connects. */
const MAX_MEMBERS = 4096;

/** `broker:queues` of an order topic. */
const ORDER_CONF = /^([^:]+):(\d{1,5})$/;

/** How many queues brokers have of an order topic; what is not `broker:queues` is passed over. */
export function orderQueueCounts(orderTopicConf: string): (readonly [brokerName: string, count: number])[] {
  return orderTopicConf.split(';').flatMap((item) => {
    const [, brokerName, count] = ORDER_CONF.exec(item) ?? [];
    return brokerName === undefined ? [] : [[brokerName, Number(count)] as const];
  });
}

/** Why brokers that a name server named are refused, more than a cluster can have; undefined when they are not. */
export function brokersFault(what: string, brokers: readonly BrokerData[]): string | undefined {
  const count = brokers.reduce((sum, { brokerAddrs }) => sum + Math.max(1, brokerAddrs.size), 0);
  return count > MAX_MEMBERS ? `${what} has ${count} members of brokers; allowed: ${MAX_MEMBERS}` : undefined;
}

/** Why a route is refused, whose queues would fill the memory or are not those of its brokers; undefined when it is not. */
export function routeFault(
  topic: string,
  { queueDatas, brokerDatas, orderTopicConf = '', topicQueueMappingByBroker }: TopicRouteData,
): string | undefined {
  // What its brokers have are other queues than those that their numbers name: keys would come out of order.
  if (topicQueueMappingByBroker !== undefined && topicQueueMappingByBroker.size > 0)
    return `Topic ${topic} is a static topic, which this client cannot use: take one that was created without a queue mapping`;
  const counts = {
    read: queueDatas.map(({ brokerName, readQueueNums }) => [brokerName, readQueueNums] as const),
    write: queueDatas.map(({ brokerName, writeQueueNums }) => [brokerName, writeQueueNums] as const),
    order: orderQueueCounts(orderTopicConf),
  };
  for (const [kind, brokers] of Object.entries(counts)) {
    if (brokers.length > MAX_MEMBERS)
      return `The route of topic ${topic} has ${kind} queues in ${brokers.length} brokers; allowed: ${MAX_MEMBERS}`;
    const wrong = brokers.find(([, count]) => count < 0 || count > MAX_QUEUES);
    if (wrong !== undefined)
      return `The route of topic ${topic} has ${wrong[1]} ${kind} queues in broker ${wrong[0]}; allowed: 0 to ${MAX_QUEUES}`;
    const sum = brokers.reduce((all, [, count]) => all + count, 0);
    if (sum > MAX_ROUTE_QUEUES)
      return `The route of topic ${topic} has ${sum} ${kind} queues; allowed: ${MAX_ROUTE_QUEUES}`;
  }
  return brokersFault(`The route of topic ${topic}`, brokerDatas);
}
