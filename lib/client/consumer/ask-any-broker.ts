import { MASTER_ID } from '../../common/mix-all.js';
import { MQBrokerError } from '../../errors/mq-broker.error.js';
import type { BrokerData } from '../../remoting/body/topic-route-data.js';
import type { MQClientInstance } from '../mq-client-instance.js';

/**
 * Asks the brokers of a topic one after the other until one answers, beginning with any of them: its master, else a slave
 * (MQClientInstance#findConsumerIdList). Undefined when none can be reached.
 *
 * @throws MQBrokerError when the answer is an error, otherwise that of the last one that did not answer.
 */
export async function askAnyBroker<T>(
  instance: MQClientInstance,
  brokerDatas: readonly BrokerData[],
  ask: (address: string) => Promise<T>,
): Promise<T | undefined> {
  const first = Math.floor(instance.random() * brokerDatas.length);
  let lastError: unknown;
  for (const { brokerName } of [...brokerDatas.slice(first), ...brokerDatas.slice(0, first)]) {
    const broker = instance.findBrokerAddressInSubscribe(brokerName, MASTER_ID);
    if (broker === undefined) continue;
    try {
      return await ask(broker.address);
    } catch (error) {
      if (error instanceof MQBrokerError) throw error;
      lastError = error;
    }
  }
  if (lastError !== undefined) throw lastError;
  return undefined;
}
