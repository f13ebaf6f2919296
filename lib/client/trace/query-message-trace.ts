import { TopicNames } from '../../common/topic-validator.js';
import type { MessageExt } from '../../common/message-ext.js';
import { MQClientError } from '../../errors/mq-client.error.js';
import { ClientErrorCode } from '../../remoting/response-code.js';
import { MQAdminImpl } from '../mq-admin-impl.js';
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
  const found = await recordsOf(instance, traceTopic, msgId);
  const traces = found
    .flatMap((message) => decodeTraces(message.body.toString('utf8')))
    .filter((trace) => trace.msgId === msgId || trace.msgId.split(',').includes(msgId));
  return traces.toSorted((a, b) => a.timestamp - b.timestamp);
}

/** There is no topic as long as nobody has written traces. */
async function recordsOf(instance: MQClientInstance, topic: string, key: string): Promise<MessageExt[]> {
  const options = { maxNum: MAX_MESSAGES, begin: 0, end: Number.MAX_SAFE_INTEGER };
  try {
    return await new MQAdminImpl(instance).queryMessage(topic, key, options);
  } catch (error) {
    if (error instanceof MQClientError && error.responseCode === ClientErrorCode.NOT_FOUND_TOPIC) return [];
    throw error;
  }
}
