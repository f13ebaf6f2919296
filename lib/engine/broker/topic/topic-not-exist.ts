import { failure, type RemotingResponse } from '../../../remoting/remoting-command.js';
import { ResponseCode } from '../../../remoting/response-code.js';

/** The answer to clients that send to, or want something of, a topic that is not there. */
export function topicNotExist(topic: string): RemotingResponse<never> {
  return failure(ResponseCode.TOPIC_NOT_EXIST, `topic[${topic}] not exist, apply first please!`);
}
