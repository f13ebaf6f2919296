import { MessageConst } from '../../common/message-const.js';
import { encodeProperties } from '../../common/message-properties.js';
import type { BatchMessage } from '../../remoting/body/message-batch.js';
import type { MQClientInstance } from '../mq-client-instance.js';
import type { SendResult } from '../producer/send-result.js';
import type { Outgoing } from '../producer/send-task.js';
import type { AsyncTraceDispatcher } from './async-trace-dispatcher.js';
import { TraceMessageType } from './trace-data-encoder.js';

/** Bytes of a message of a batch besides body and properties. */
const BATCH_ITEM_OVERHEAD = 22;

/** Notes what was sent (SendMessageTraceHookImpl). Sends that failed are not traced, as with Java. */
export class SendMessageTrace {
  constructor(
    private readonly instance: MQClientInstance,
    private readonly dispatcher: AsyncTraceDispatcher,
    private readonly groupName: string,
  ) {}

  onSent(outgoing: Outgoing, sentAt: number, result: SendResult): void {
    const { regionId, traceOn, msgId, offsetMsgId, sendStatus, messageQueue } = result;
    const { message, body, isBatch, properties } = outgoing;
    const { topic } = message;
    if (!traceOn || topic.startsWith(this.dispatcher.traceTopic)) return;
    this.dispatcher.append({
      traceType: 'Pub',
      timestamp: sentAt,
      regionId,
      groupName: this.groupName,
      topic,
      msgId,
      tags: isBatch ? undefined : message.tags,
      keys: isBatch ? undefined : properties.get(MessageConst.KEYS),
      storeHost: this.instance.findBrokerAddressInPublish(messageQueue.brokerName) ?? '',
      bodyLength: Buffer.isBuffer(body) ? body.length : batchLength(body),
      costTime: this.instance.clock.now() - sentAt,
      msgType: typeOf(properties),
      offsetMsgId,
      success: sendStatus === 'SEND_OK',
    });
  }
}

/** DefaultMQProducerImpl#sendKernelImpl. */
function typeOf(properties: ReadonlyMap<string, string>): number {
  if (properties.get(MessageConst.TRANSACTION_PREPARED) === 'true') return TraceMessageType.TRANSACTION_HALF;
  return properties.has(MessageConst.DELAY_TIME_LEVEL) ? TraceMessageType.DELAY : TraceMessageType.NORMAL;
}

function batchLength(batch: readonly BatchMessage[]): number {
  const length = ({ body, properties }: BatchMessage) =>
    BATCH_ITEM_OVERHEAD + body.length + Buffer.byteLength(encodeProperties(properties));
  return batch.reduce((sum, item) => sum + length(item), 0);
}
