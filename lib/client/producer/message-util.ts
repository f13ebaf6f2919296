import { MessageConst } from '../../common/message-const.js';
import type { MessageExt } from '../../common/message-ext.js';
import { Message } from '../../common/message.js';
import { REPLY_MESSAGE_FLAG, replyTopicOf } from '../../common/mix-all.js';
import { MQClientError } from '../../errors/mq-client.error.js';
import { ClientErrorCode } from '../../remoting/response-code.js';

/** What a reply takes over, by which it finds the request that waits for it. */
const COPIED = [
  MessageConst.CORRELATION_ID,
  MessageConst.MESSAGE_REPLY_TO_CLIENT,
  MessageConst.MESSAGE_TTL,
] as const;

/** Whether somebody waits for a reply to the message. */
export function isRequest(message: MessageExt): boolean {
  return message.getProperty(MessageConst.MESSAGE_REPLY_TO_CLIENT) !== undefined;
}

/**
 * The reply to a request (MessageUtil#createReplyMessage), to be sent like any other message.
 *
 * @throws MQClientError (10007) when the request does not say from which cluster it comes.
 */
export function createReplyMessage(request: MessageExt, body: Buffer): Message {
  const cluster = request.getProperty(MessageConst.CLUSTER);
  if (cluster === undefined) {
    throw new MQClientError(
      `create reply message fail, requestMessage error, property[${MessageConst.CLUSTER}] is null.`,
      { responseCode: ClientErrorCode.CREATE_REPLY_MESSAGE },
    );
  }
  const reply = new Message(replyTopicOf(cluster), body);
  reply.putProperty(MessageConst.MESSAGE_TYPE, REPLY_MESSAGE_FLAG);
  for (const name of COPIED) {
    const value = request.getProperty(name);
    if (value !== undefined) reply.putProperty(name, value);
  }
  return reply;
}
