import { TopicNames } from '../../common/topic-validator.js';
import { MQBrokerError } from '../../errors/mq-broker.error.js';
import { RequestCode } from '../../remoting/request-code.js';
import { ResponseCode } from '../../remoting/response-code.js';
import type { MQClientInstance } from '../mq-client-instance.js';
import { decodeTraces, type MessageTrace } from './trace-data-encoder.js';

/** Most messages of the trace topic that one broker is asked for; it gives at most 64 by default. */
const MAX_MESSAGES = 64;

/**
 * What happened to a message, oldest first, as `mqadmin queryMsgTraceById` shows it: its send, and every delivery to a group.
 * Records arrive up to five seconds after what they tell of.
 *
 * @param traceTopic the `customizedTraceTopic` of whoever wrote them.
 * @throws MQClientError when no server answers.
 */
export async function queryMessageTrace(
  instance: MQClientInstance,
  msgId: string,
  traceTopic: string = TopicNames.TRACE,
): Promise<MessageTrace[]> {
  const topic = instance.withNamespace(traceTopic);
  if ((await instance.updateTopicRouteInfo(topic)) === undefined) return [];
  const found = await Promise.all(
    instance.brokerAddressesOf(topic).map((address) => queryBroker(instance, address, topic, msgId)),
  );
  const traces = found
    .flat()
    .filter((trace) => trace.msgId === msgId || trace.msgId.split(',').includes(msgId));
  return traces.toSorted((a, b) => a.timestamp - b.timestamp);
}

async function queryBroker(
  instance: MQClientInstance,
  address: string,
  topic: string,
  key: string,
): Promise<MessageTrace[]> {
  const header = {
    topic,
    key,
    maxNum: MAX_MESSAGES,
    beginTimestamp: 0,
    endTimestamp: Number.MAX_SAFE_INTEGER,
    uniqueKeyQuery: false,
  };
  try {
    const request = { code: RequestCode.QUERY_MESSAGE, header, body: undefined };
    const { body } = await instance.requestFrom(address, request);
    return instance.decode(body!).flatMap((message) => decodeTraces(message.body.toString('utf8')));
  } catch (error) {
    if (error instanceof MQBrokerError && error.responseCode === ResponseCode.QUERY_NOT_FOUND) return [];
    throw error;
  }
}
