import { LimitedLogger } from '../../../common/limited-logger.js';
import type { MessageExt } from '../../../common/message-ext.js';
import { MessageConst } from '../../../common/message-const.js';
import { createMessageId } from '../../../common/message-id.js';
import { hostDigits } from '../../../common/socket-host.js';
import { TopicNames } from '../../../common/topic-validator.js';
import type { Channel } from '../../../remoting/channel.js';
import { RequestCode } from '../../../remoting/request-code.js';
import type { DispatchRequest } from '../../store/dispatch-request.js';
import { MAX_RECORD_OVERHEAD, MessageExtEncoder } from '../../store/message-ext-encoder.js';
import type { MessageExtBrokerInner } from '../../store/message-ext-broker-inner.js';
import type { BrokerController } from '../broker-controller.js';

/** Asks a live producer of a group how a transaction ended (AbstractTransactionalMessageCheckListener). */
export class TransactionCheckSender {
  private asked = 0;
  private readonly limited: LimitedLogger;

  constructor(private readonly broker: BrokerController) {
    this.limited = new LimitedLogger(broker.logger, broker.clock);
  }

  /** Asks about a half message that was stored as `record`. Without a live producer nobody is asked. */
  send(half: MessageExtBrokerInner, record: DispatchRequest): void {
    const group = groupOf(half);
    const channel = this.nextChannel(group);
    const uniqKey = half.properties.get(MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX);
    if (channel === undefined) return this.noteUnasked(uniqKey, group);
    channel.push({
      code: RequestCode.CHECK_TRANSACTION_STATE,
      header: {
        topic: TopicNames.TRANS_HALF,
        tranStateTableOffset: record.consumeQueueOffset,
        commitLogOffset: record.commitLogOffset,
        msgId: uniqKey,
        transactionId: uniqKey,
        offsetMsgId: createMessageId(hostDigits(half.storeHost), record.commitLogOffset),
        brokerName: this.broker.config.brokerName,
      },
      body: encodeForProducer(half, record),
    });
  }

  /** Whether all live producers of the group leave so much unread that a question would be lost. */
  isHeldUp(half: MessageExt): boolean {
    const channels = this.liveChannels(groupOf(half));
    return channels.length > 0 && !channels.some(({ isWritable }) => isWritable);
  }

  private noteUnasked(id: string | undefined, group: string): void {
    this.limited.warn(`Transaction ${id} cannot be checked: producer group "${group}" has no live member`);
  }

  /** The next that takes what it is sent, or any that lives (ProducerManager#getAvailableChannel). */
  private nextChannel(group: string): Channel | undefined {
    const live = this.liveChannels(group);
    const writable = live.filter(({ isWritable }) => isWritable);
    const channels = writable.length > 0 ? writable : live;
    return channels[++this.asked % channels.length];
  }

  private liveChannels(group: string): Channel[] {
    return [...(this.broker.producers.clientsOf(group)?.keys() ?? [])].filter(({ isClosed }) => !isClosed);
  }
}

function groupOf({ properties }: Pick<MessageExtBrokerInner, 'properties'>): string {
  return properties.get(MessageConst.PRODUCER_GROUP) ?? '';
}

/** The record, with the topic and queue that the producer knows. */
function encodeForProducer(half: MessageExtBrokerInner, record: DispatchRequest): Buffer {
  const topic = half.properties.get(MessageConst.REAL_TOPIC)!;
  const queueId = Number(half.properties.get(MessageConst.REAL_QUEUE_ID));
  const topicBytes = Buffer.from(topic);
  const buffer = Buffer.alloc(MAX_RECORD_OVERHEAD + topicBytes.length + half.body.length);
  const { consumeQueueOffset, commitLogOffset, storeTimestamp } = record;
  const length = new MessageExtEncoder(buffer, false).encode(
    0,
    { ...half, topic, queueId },
    topicBytes,
    consumeQueueOffset,
    commitLogOffset,
    storeTimestamp,
  );
  return buffer.subarray(0, length);
}
