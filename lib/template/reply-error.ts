import type { MessageExt } from '../common/message-ext.js';
import type { Message } from '../common/message.js';
import { RocketMQRemoteError } from '../errors/index.js';

/** On a request: who sent it can tell a reply from an error. Java's clients cannot, and are not sent any. */
const ACCEPTS_REPLY_ERROR = 'acceptsReplyError';
/** On a reply: it is the text of an error with this name. */
const REPLY_ERROR = 'replyError';

export function acceptReplyError(request: Message): void {
  request.putProperty(ACCEPTS_REPLY_ERROR, 'true');
}

export function acceptsReplyError(request: MessageExt): boolean {
  return request.getProperty(ACCEPTS_REPLY_ERROR) === 'true';
}

/** Marks a reply whose body is the text of an error. Separators of properties in the name would end it. */
export function markAsError(reply: Message, name: string): void {
  reply.putUserProperty(REPLY_ERROR, name.replaceAll(/[^\w.$-]/g, '_').slice(0, 128) || 'Error');
}

/** @throws RocketMQRemoteError when the reply is an error. */
export function checkReply(reply: MessageExt): void {
  const name = reply.getProperty(REPLY_ERROR);
  if (name !== undefined) throw new RocketMQRemoteError(name, reply.body.toString('utf8'));
}
