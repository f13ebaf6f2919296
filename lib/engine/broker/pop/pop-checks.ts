import { decodeExtraInfo, type ExtraInfo, POP_ORDER_REVIVE_QUEUE } from '../../../common/extra-info.js';
import { REVIVE_QUEUES, reviveTopicOf } from '../../../common/mix-all.js';
import { failure, type RemotingResponse } from '../../../remoting/remoting-command.js';
import { ResponseCode } from '../../../remoting/response-code.js';
import type { BrokerController } from '../broker-controller.js';
import { illegalQueue, refuseGroup, refuseQueue } from '../consumer-checks.js';
import { topicNotExist } from '../topic/topic-not-exist.js';
import type { QueueOfGroup } from './pop-queues.js';

/** Most messages of a pop, or of a look at what one would give. */
export const MAX_MSG_NUMS = 32;

/** The checks that all requests for messages have in common, in the order of Apache's broker. */
export function refuseConsumer(
  broker: BrokerController,
  queue: QueueOfGroup,
): RemotingResponse<never> | undefined {
  return refuseQueue(broker, queue, 'peeking') ?? refuseGroup(broker, queue.consumerGroup);
}

/** The checks of a request about a popped message; `isAtEndAllowed`: its offset may be the one behind the last. */
export function refuseMessage(
  broker: BrokerController,
  { topic, queueId, offset }: QueueOfGroup & { readonly offset: number },
  isAtEndAllowed: boolean,
): RemotingResponse<never> | undefined {
  const config = broker.topics.selectTopicConfig(topic);
  if (config === undefined) return topicNotExist(topic);
  if (queueId < 0 || queueId >= config.readQueueNums) {
    return failure(ResponseCode.MESSAGE_ILLEGAL, illegalQueue(topic, queueId, config.readQueueNums));
  }
  const min = broker.store.getMinOffsetInQueue(topic, queueId);
  const max = broker.store.getMaxOffsetInQueue(topic, queueId);
  if (offset >= min && (isAtEndAllowed ? offset <= max : offset < max)) return undefined;
  const remark = `offset is illegal, key:${topic}@${queueId}, commit:${offset}, store:${min}~${max}`;
  return failure(ResponseCode.NO_MESSAGE, remark);
}

/** Reads what names a popped message; the refusal when it is not in the form of this broker. */
export function extraInfoOf(broker: BrokerController, text: string): ExtraInfo | RemotingResponse<never> {
  const info = decodeExtraInfo(text);
  if (info !== undefined && isReviveQid(broker, info.reviveQid)) return info;
  const remark = `extraInfo is ${JSON.stringify(text.slice(0, 200))}; expected is the POP_CK of a message that this broker gave`;
  return failure(ResponseCode.SYSTEM_ERROR, remark);
}

/** Apache's broker may have had more queues than this one, and given messages with them (reviveQueueNum). */
export function isReviveQid({ config, topics }: BrokerController, reviveQid: number): boolean {
  if (reviveQid < REVIVE_QUEUES || reviveQid === POP_ORDER_REVIVE_QUEUE) return reviveQid >= 0;
  const topic = topics.selectTopicConfig(reviveTopicOf(config.brokerClusterName));
  return reviveQid < (topic?.readQueueNums ?? 0);
}

/** Check points come back by the timers, which take nothing that is farther away. */
export function refuseInvisibleTime(
  invisibleTime: number,
  timerMaxDelaySec: number,
): RemotingResponse<never> | undefined {
  const max = timerMaxDelaySec * 1000;
  if (invisibleTime >= 0 && invisibleTime <= max) return undefined;
  const remark = `invisibleTime is ${invisibleTime} ms; allowed: 0 to ${max} (timerMaxDelaySec)`;
  return failure(ResponseCode.INVALID_PARAMETER, remark);
}
