import type { MessageQueue } from '../../../common/message-queue.js';
import type { Request, Response } from '../../../remoting/named-request.js';
import { success } from '../../../remoting/remoting-command.js';
import type { BrokerController } from '../broker-controller.js';

/** Questions about queues, and their locks (AdminBrokerProcessor). */
export class AdminBrokerProcessor {
  constructor(private readonly broker: BrokerController) {}

  searchOffsetByTimestamp({
    header,
  }: Request<'SEARCH_OFFSET_BY_TIMESTAMP'>): Response<'SEARCH_OFFSET_BY_TIMESTAMP'> {
    const { topic, queueId, timestamp, boundaryType } = header;
    const offset = this.broker.store.getOffsetInQueueByTime(topic, queueId, timestamp, boundaryType);
    return success({ offset }, undefined);
  }

  getMaxOffset({ header }: Request<'GET_MAX_OFFSET'>): Response<'GET_MAX_OFFSET'> {
    const offset = this.broker.store.getMaxOffsetInQueue(header.topic, header.queueId);
    return success({ offset }, undefined);
  }

  getMinOffset({ header }: Request<'GET_MIN_OFFSET'>): Response<'GET_MIN_OFFSET'> {
    const offset = this.broker.store.getMinOffsetInQueue(header.topic, header.queueId);
    return success({ offset }, undefined);
  }

  getEarliestMsgStoretime({
    header,
  }: Request<'GET_EARLIEST_MSG_STORETIME'>): Response<'GET_EARLIEST_MSG_STORETIME'> {
    const { store } = this.broker;
    const { topic, queueId } = header;
    const minOffset = store.getMinOffsetInQueue(topic, queueId);
    const timestamp = store.getMessageStoreTimestamp(topic, queueId, minOffset);
    return success({ timestamp }, undefined);
  }

  lockBatchMQ({ body }: Request<'LOCK_BATCH_MQ'>): Response<'LOCK_BATCH_MQ'> {
    const { consumerGroup, clientId, mqSet } = body;
    const queues = mqSet.filter((queue) => this.isOwnQueue(queue));
    const lockOKMQSet = this.broker.locks.tryLockBatch(consumerGroup, queues, clientId);
    return success(undefined, { lockOKMQSet });
  }

  unlockBatchMQ({ body }: Request<'UNLOCK_BATCH_MQ'>): Response<'UNLOCK_BATCH_MQ'> {
    this.broker.locks.unlockBatch(body.consumerGroup, body.mqSet, body.clientId);
    return success(undefined, undefined);
  }

  private isOwnQueue({ topic, brokerName, queueId }: MessageQueue): boolean {
    const queues = this.broker.topics.selectTopicConfig(topic)?.readQueueNums ?? 0;
    return brokerName === this.broker.config.brokerName && queueId >= 0 && queueId < queues;
  }
}
