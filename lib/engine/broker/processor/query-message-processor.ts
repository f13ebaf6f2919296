import type { RequestContext } from '../../../remoting/channel.js';
import { failure, success, type RemotingRequest } from '../../../remoting/remoting-command.js';
import type { RequestCode } from '../../../remoting/request-code.js';
import { ResponseCode } from '../../../remoting/response-code.js';
import type { BrokerController } from '../broker-controller.js';

/** Most messages of a query by unique id (defaultQueryMaxNum). */
const UNIQUE_KEY_MAX = 32;

/** Finds single messages (QueryMessageProcessor). */
export class QueryMessageProcessor {
  constructor(private readonly broker: BrokerController) {}

  queryMessage(
    { header }: RemotingRequest<typeof RequestCode.QUERY_MESSAGE>,
    context: RequestContext<typeof RequestCode.QUERY_MESSAGE>,
  ): void {
    const { topic, key, beginTimestamp, endTimestamp } = header;
    const maxNum = header.uniqueKeyQuery ? UNIQUE_KEY_MAX : header.maxNum;
    const found = this.broker.store.queryMessage(topic, key, maxNum, beginTimestamp, endTimestamp);
    if (found.length > 0) return context.reply(success(undefined, Buffer.concat(found)));
    const remark = 'can not find message, maybe time range not correct';
    context.reply(failure(ResponseCode.QUERY_NOT_FOUND, remark));
  }

  viewMessageById(
    { header }: RemotingRequest<typeof RequestCode.VIEW_MESSAGE_BY_ID>,
    context: RequestContext<typeof RequestCode.VIEW_MESSAGE_BY_ID>,
  ): void {
    const record = this.broker.store.lookMessageByOffset(header.offset);
    if (record !== undefined) return context.reply(success(undefined, record));
    const remark = `can not find message by the offset, ${header.offset}`;
    context.reply(failure(ResponseCode.SYSTEM_ERROR, remark));
  }
}
