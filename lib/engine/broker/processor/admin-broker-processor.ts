import type { MessageQueue } from '../../../common/message-queue.js';
import type { RequestContext } from '../../../remoting/channel.js';
import { success, type RemotingRequest } from '../../../remoting/remoting-command.js';
import type { RequestCode } from '../../../remoting/request-code.js';
import type { BrokerController } from '../broker-controller.js';

/** Questions about queues, and their locks (AdminBrokerProcessor). */
export class AdminBrokerProcessor {
  constructor(private readonly broker: BrokerController) {}

  searchOffsetByTimestamp(
    { header }: RemotingRequest<typeof RequestCode.SEARCH_OFFSET_BY_TIMESTAMP>,
    context: RequestContext<typeof RequestCode.SEARCH_OFFSET_BY_TIMESTAMP>,
  ): void {
    const { topic, queueId, timestamp, boundaryType } = header;
    const offset = this.broker.store.getOffsetInQueueByTime(topic, queueId, timestamp, boundaryType);
    context.reply(success({ offset }, undefined));
  }

  getMaxOffset(
    { header }: RemotingRequest<typeof RequestCode.GET_MAX_OFFSET>,
    context: RequestContext<typeof RequestCode.GET_MAX_OFFSET>,
  ): void {
    const offset = this.broker.store.getMaxOffsetInQueue(header.topic, header.queueId);
    context.reply(success({ offset }, undefined));
  }

  getMinOffset(
    { header }: RemotingRequest<typeof RequestCode.GET_MIN_OFFSET>,
    context: RequestContext<typeof RequestCode.GET_MIN_OFFSET>,
  ): void {
    const offset = this.broker.store.getMinOffsetInQueue(header.topic, header.queueId);
    context.reply(success({ offset }, undefined));
  }

  getEarliestMsgStoretime(
    { header }: RemotingRequest<typeof RequestCode.GET_EARLIEST_MSG_STORETIME>,
    context: RequestContext<typeof RequestCode.GET_EARLIEST_MSG_STORETIME>,
  ): void {
    const { store } = this.broker;
    const { topic, queueId } = header;
    const timestamp = store.getMessageStoreTimestamp(
      topic,
      queueId,
      store.getMinOffsetInQueue(topic, queueId),
    );
    context.reply(success({ timestamp }, undefined));
  }

  lockBatchMQ(
    { body }: RemotingRequest<typeof RequestCode.LOCK_BATCH_MQ>,
    context: RequestContext<typeof RequestCode.LOCK_BATCH_MQ>,
  ): void {
    const { consumerGroup, clientId, mqSet } = body;
    const queues = mqSet.filter((queue) => this.isOwnQueue(queue));
    const lockOKMQSet = this.broker.locks.tryLockBatch(consumerGroup, queues, clientId);
    context.reply(success(undefined, { lockOKMQSet }));
  }

  unlockBatchMQ(
    { body }: RemotingRequest<typeof RequestCode.UNLOCK_BATCH_MQ>,
    context: RequestContext<typeof RequestCode.UNLOCK_BATCH_MQ>,
  ): void {
    this.broker.locks.unlockBatch(body.consumerGroup, body.mqSet, body.clientId);
    context.reply(success(undefined, undefined));
  }

  private isOwnQueue({ topic, brokerName, queueId }: MessageQueue): boolean {
    const queues = this.broker.topics.selectTopicConfig(topic)?.readQueueNums ?? 0;
    return brokerName === this.broker.config.brokerName && queueId >= 0 && queueId < queues;
  }
}
