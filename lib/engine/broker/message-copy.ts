import { MessageConst } from '../../common/message-const.js';
import type { MessageExt } from '../../common/message-ext.js';
import { parseSocketHost, type SocketHost } from '../../common/socket-host.js';
import { topicNameFault } from '../../common/topic-validator.js';
import { NO_BYTES } from '../../common/no-bytes.js';
import type { MessageExtBrokerInner } from '../store/message-ext-broker-inner.js';

/** Where a message belongs that waits in another topic; undefined when it does not say it. */
export function destinationOf(message: MessageExt): { topic: string; queueId: number } | undefined {
  const topic = message.getProperty(MessageConst.REAL_TOPIC);
  const queueId = Number(message.getProperty(MessageConst.REAL_QUEUE_ID));
  if (topic === undefined || topicNameFault(topic) !== undefined || !Number.isInteger(queueId))
    return undefined;
  return { topic, queueId };
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
