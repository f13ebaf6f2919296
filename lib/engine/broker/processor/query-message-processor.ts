import type { Request, Response } from '../../../remoting/named-request.js';
import { failure, success } from '../../../remoting/remoting-command.js';
import { ResponseCode } from '../../../remoting/response-code.js';
import type { BrokerController } from '../broker-controller.js';

/** Most messages of a query by unique id (defaultQueryMaxNum). */
const UNIQUE_KEY_MAX = 32;

/** Finds single messages (QueryMessageProcessor). */
export class QueryMessageProcessor {
  constructor(private readonly broker: BrokerController) {}

  queryMessage({ header }: Request<'QUERY_MESSAGE'>): Response<'QUERY_MESSAGE'> {
    const { topic, key, beginTimestamp, endTimestamp } = header;
    const maxNum = header.uniqueKeyQuery ? UNIQUE_KEY_MAX : header.maxNum;
    const found = this.broker.store.queryMessage(topic, key, maxNum, beginTimestamp, endTimestamp);
    if (found.length > 0) return success(undefined, Buffer.concat(found));
    const remark = 'can not find message, maybe time range not correct';
    return failure(ResponseCode.QUERY_NOT_FOUND, remark);
  }

  viewMessageById({ header }: Request<'VIEW_MESSAGE_BY_ID'>): Response<'VIEW_MESSAGE_BY_ID'> {
    const record = this.broker.store.lookMessageByOffset(header.offset);
    if (record !== undefined) return success(undefined, record);
    const remark = `can not find message by the offset, ${header.offset}`;
    return failure(ResponseCode.SYSTEM_ERROR, remark);
  }
}
