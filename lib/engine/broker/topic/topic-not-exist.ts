import { failure, type RemotingResponse } from '../../../remoting/remoting-command.js';
import { ResponseCode } from '../../../remoting/response-code.js';
import { MAX_TOPICS } from './topic-config-manager.js';

/** The answer to clients that send to, or want something of, a topic that is not there. */
export function topicNotExist(topic: string): RemotingResponse<never> {
  return failure(ResponseCode.TOPIC_NOT_EXIST, `topic[${topic}] not exist, apply first please!`);
}

/** The answer to administrators that ask for a topic that is not there. */
export function noSuchTopic(topic: string): RemotingResponse<never> {
  return failure(ResponseCode.TOPIC_NOT_EXIST, `topic[${topic}] not exist`);
}

/** The answer to who sends to a topic that is not there, and is not created. */
export function tooManyTopics(topic: string): RemotingResponse<never> {
  const remark = `topic[${topic}] not exist, and from ${MAX_TOPICS} topics on only administrators create more`;
  return failure(ResponseCode.TOPIC_NOT_EXIST, remark);
}
