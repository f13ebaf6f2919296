import { epochMillisOf } from '../../common/clock.js';
import { MessageConst } from '../../common/message-const.js';
import { encodeProperties } from '../../common/message-properties.js';
import type { Message } from '../../common/message.js';
import type { MessageBatch } from '../../remoting/body/message-batch.js';
import type { MQClientInstance } from '../mq-client-instance.js';
import type { Outgoing } from '../producer/outgoing.js';
import type { SendResult } from '../producer/send-result.js';
import type { LocalTransactionState } from '../producer/transaction-listener.js';
import type { AsyncTraceDispatcher } from './async-trace-dispatcher.js';
import { TraceMessageType, type PubTrace } from './trace-data-encoder.js';

const DEFAULT_REGION = 'DefaultRegion';
/** Ids of a batch in one record: twice as many bytes are its keys, of which a message takes 32,767. */
const MAX_IDS = 400;
/** Bytes of a message of a batch besides body and properties. */
const BATCH_ITEM_OVERHEAD = 22;

/** How a transaction ended. */
interface TransactionEnd {
  readonly msgId: string;
  readonly transactionId: string;
  /** The broker that was told. */
  readonly storeHost: string;
  readonly state: LocalTransactionState;
  readonly fromTransactionCheck: boolean;
}

/** Notes what was sent (SendMessageTraceHookImpl, EndTransactionTraceHookImpl). Sends that failed are not traced, as with Java. */
export class SendMessageTrace {
  constructor(
    private readonly instance: MQClientInstance,
    private readonly dispatcher: AsyncTraceDispatcher,
    private readonly groupName: string,
  ) {}

  /** `sentAt` is in the time of `Clock.monotonicNow`. */
  onSent(outgoing: Outgoing, sentAt: number, result: SendResult): void {
    const { regionId, traceOn, offsetMsgId, sendStatus, messageQueue } = result;
    const { message, body, isBatch, properties } = outgoing;
    const { topic } = message;
    const { clock } = this.instance;
    if (!traceOn || topic.startsWith(this.dispatcher.traceTopic)) return;
    const trace: Omit<PubTrace, 'msgId'> = {
      traceType: 'Pub',
      timestamp: epochMillisOf(clock, sentAt),
      regionId,
      groupName: this.groupName,
      topic,
      tags: isBatch ? undefined : message.tags,
      keys: isBatch ? undefined : properties.get(MessageConst.KEYS),
      storeHost: this.instance.findBrokerAddressInPublish(messageQueue.brokerName) ?? '',
      bodyLength: Buffer.isBuffer(body) ? body.length : batchLength(body),
      costTime: Math.round(clock.monotonicNow() - sentAt),
      msgType: typeOf(properties),
      offsetMsgId,
      success: sendStatus === 'SEND_OK',
    };
    for (const msgId of idsOf(result.msgId)) this.dispatcher.append({ ...trace, msgId });
  }

  onEnded(message: Message, { state, ...end }: TransactionEnd): void {
    const { topic, tags } = message;
    this.dispatcher.append({
      traceType: 'EndTransaction',
      timestamp: this.instance.clock.now(),
      // Java knows no other: nobody answers the end of a transaction.
      regionId: DEFAULT_REGION,
      groupName: this.groupName,
      topic,
      tags,
      keys: message.getProperty(MessageConst.KEYS),
      msgType: TraceMessageType.TRANSACTION_COMMIT,
      transactionState: state,
      ...end,
    });
  }
}

/** DefaultMQProducerImpl#sendKernelImpl. */
function typeOf(properties: ReadonlyMap<string, string>): number {
  if (properties.get(MessageConst.TRANSACTION_PREPARED) === 'true') return TraceMessageType.TRANSACTION_HALF;
  return properties.has(MessageConst.DELAY_TIME_LEVEL) ? TraceMessageType.DELAY : TraceMessageType.NORMAL;
}

function batchLength(batch: MessageBatch): number {
  const length = ({ body, properties }: MessageBatch[number]) =>
    BATCH_ITEM_OVERHEAD + body.length + Buffer.byteLength(encodeProperties(properties));
  return batch.reduce((sum, item) => sum + length(item), 0);
}

/** Those of a large batch in parts. */
function idsOf(msgId: string): string[] {
  const ids = msgId.split(',');
  const parts: string[] = [];
  for (let i = 0; i < ids.length; i += MAX_IDS) parts.push(ids.slice(i, i + MAX_IDS).join(','));
  return parts;
}
