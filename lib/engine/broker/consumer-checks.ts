import { isReadable } from '../../common/perm-name.js';
import { failure, type RemotingResponse } from '../../remoting/remoting-command.js';
import { ResponseCode } from '../../remoting/response-code.js';
import type { BrokerController } from './broker-controller.js';
import { topicNotExist } from './topic/topic-not-exist.js';

type Refusal = RemotingResponse<never>;

/** Why a group may not consume; undefined when it may. */
export function refuseGroup({ groups }: BrokerController, consumerGroup: string): Refusal | undefined {
  const group = groups.findSubscriptionGroupConfig(consumerGroup);
  if (group === undefined) {
    const remark = `subscription group [${consumerGroup}] does not exist`;
    return failure(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, remark);
  }
  if (group.consumeEnable) return undefined;
  return failure(ResponseCode.NO_PERMISSION, `subscription group no permission, ${consumerGroup}`);
}

/** Why nobody may read a queue; undefined when it can be read. Who peeks may mean any queue, with a negative id. */
export function refuseQueue(
  { topics }: BrokerController,
  { topic, queueId }: { readonly topic: string; readonly queueId: number },
  how: 'pulling' | 'peeking',
): Refusal | undefined {
  const config = topics.selectTopicConfig(topic);
  if (config === undefined) return topicNotExist(topic);
  if (!isReadable(config.perm))
    return failure(ResponseCode.NO_PERMISSION, `the topic[${topic}] ${how} message is forbidden`);
  const isLegal = queueId < config.readQueueNums && (queueId >= 0 || how === 'peeking');
  if (isLegal) return undefined;
  return failure(ResponseCode.INVALID_PARAMETER, illegalQueue(topic, queueId, config.readQueueNums));
}

export function illegalQueue(topic: string, queueId: number, readQueueNums: number): string {
  return `queueId[${queueId}] is illegal, topic:[${topic}] topicConfig.readQueueNums:[${readQueueNums}]`;
}
