import { registerAnswer, type Answer } from '../../../remoting/answers.js';
import { RequestCode } from '../../../remoting/request-code.js';
import type { RequestDispatcher } from '../../../remoting/request-dispatcher.js';
import type { BrokerController } from '../broker-controller.js';
import { AdminBrokerProcessor } from './admin-broker-processor.js';
import { ClientManageProcessor } from './client-manage-processor.js';
import { ConsumerManageProcessor } from './consumer-manage-processor.js';
import { QueryMessageProcessor } from './query-message-processor.js';

/** What clients ask of a broker besides their messages, and are answered at once. */
export function registerClientProcessors(dispatcher: RequestDispatcher, broker: BrokerController): void {
  const answer = <C extends RequestCode>(code: C, work: Answer<C>) => registerAnswer(dispatcher, code, work);
  const query = new QueryMessageProcessor(broker);
  const admin = new AdminBrokerProcessor(broker);
  const client = new ClientManageProcessor(broker);
  const consumer = new ConsumerManageProcessor(broker);
  answer(RequestCode.QUERY_MESSAGE, (r) => query.queryMessage(r));
  answer(RequestCode.VIEW_MESSAGE_BY_ID, (r) => query.viewMessageById(r));
  answer(RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, (r) => admin.searchOffsetByTimestamp(r));
  answer(RequestCode.GET_MAX_OFFSET, (r) => admin.getMaxOffset(r));
  answer(RequestCode.GET_MIN_OFFSET, (r) => admin.getMinOffset(r));
  answer(RequestCode.GET_EARLIEST_MSG_STORETIME, (r) => admin.getEarliestMsgStoretime(r));
  answer(RequestCode.LOCK_BATCH_MQ, (r) => admin.lockBatchMQ(r));
  answer(RequestCode.UNLOCK_BATCH_MQ, (r) => admin.unlockBatchMQ(r));
  answer(RequestCode.HEART_BEAT, (r, channel) => client.heartBeat(r, channel));
  answer(RequestCode.UNREGISTER_CLIENT, (r, channel) => client.unregisterClient(r, channel));
  answer(RequestCode.GET_CONSUMER_LIST_BY_GROUP, (r) => consumer.getConsumerListByGroup(r));
  answer(RequestCode.QUERY_CONSUMER_OFFSET, (r) => consumer.queryConsumerOffset(r));
  answer(RequestCode.UPDATE_CONSUMER_OFFSET, (r) => consumer.updateConsumerOffset(r));
}
