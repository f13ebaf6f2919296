import { NO_BYTES } from '../../common/no-bytes.js';
import type { MessageExtBrokerInner } from '../store/message-ext-broker-inner.js';
import type { BrokerController } from './broker-controller.js';

/** A message of the broker itself. */
export function ownMessage(
  { clock, storeHost }: BrokerController,
  topic: string,
  queueId: number,
  body: Buffer,
  properties: ReadonlyMap<string, string>,
): MessageExtBrokerInner {
  return {
    topic,
    queueId,
    flag: 0,
    sysFlag: 0,
    bornTimestamp: clock.now(),
    bornHost: storeHost,
    storeHost,
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    body,
    properties,
    brokerProperties: NO_BYTES,
  };
}
