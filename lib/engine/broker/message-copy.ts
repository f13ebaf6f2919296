import { MessageConst } from '../../common/message-const.js';
import type { MessageExt } from '../../common/message-ext.js';
import { parseSocketHost, type SocketHost } from '../../common/socket-host.js';
import { topicNameFault } from '../../common/topic-validator.js';
import { NO_BYTES } from '../../common/no-bytes.js';
import type { MessageExtBrokerInner } from '../store/message-ext-broker-inner.js';
import type { BrokerController } from './broker-controller.js';

/** Where a message belongs that waits in another topic; undefined when it does not say it. */
export function destinationOf(
  message: MessageExt,
  broker: BrokerController,
): { topic: string; queueId: number } | undefined {
  const topic = message.getProperty(MessageConst.REAL_TOPIC);
  const queueId = Number(message.getProperty(MessageConst.REAL_QUEUE_ID));
  if (topic === undefined || topicNameFault(topic) !== undefined || !Number.isInteger(queueId))
    return undefined;
  return { topic, queueId: readableQueueId(broker, topic, queueId) };
}

/** The topic may have fewer queues now, and what comes to another one stays there unread, as with Apache's broker. */
export function readableQueueId({ topics }: BrokerController, topic: string, queueId: number): number {
  const { readQueueNums = Infinity, writeQueueNums = 0 } = topics.selectTopicConfig(topic) ?? {};
  const count = Math.min(readQueueNums, writeQueueNums);
  return queueId < readQueueNums || count === 0 ? queueId : queueId % count;
}

/** A stored message, to be stored again in another queue; it keeps what `target` does not say. */
export function copyOf(
  message: MessageExt,
  target: {
    readonly topic: string;
    readonly queueId: number;
    readonly properties: ReadonlyMap<string, string>;
    readonly reconsumeTimes?: number;
    readonly storeHost?: SocketHost;
  },
): MessageExtBrokerInner {
  return {
    reconsumeTimes: message.reconsumeTimes,
    storeHost: parseSocketHost(message.storeHost),
    ...target,
    flag: message.flag,
    sysFlag: message.sysFlag,
    bornTimestamp: message.bornTimestamp,
    bornHost: parseSocketHost(message.bornHost),
    preparedTransactionOffset: 0,
    body: message.storedBody,
    brokerProperties: NO_BYTES,
  };
}
