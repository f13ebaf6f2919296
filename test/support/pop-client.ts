import {
  decodeExtraInfo,
  encodeExtraInfo,
  popRetryFlagOf,
  type ExtraInfo,
} from '../../lib/common/extra-info.js';
import { MessageConst } from '../../lib/common/message-const.js';
import { decodeMessages } from '../../lib/common/message-decoder.js';
import type { MessageExt } from '../../lib/common/message-ext.js';
import { parsePopInfo } from '../../lib/common/pop-info.js';
import { popTopicOf } from '../../lib/common/extra-info.js';
import type {
  PopMessageRequestHeader,
  PopMessageResponseHeader,
} from '../../lib/remoting/header/pop-message-request-header.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import type { ResponseCode } from '../../lib/remoting/response-code.js';
import type { TestClient } from './test-client.js';

export interface Popped {
  readonly code: ResponseCode;
  readonly remark: string | undefined;
  readonly header: PopMessageResponseHeader | undefined;
  /** With their POP_CK. */
  readonly messages: MessageExt[];
}

/** Pops for one group from one topic, and says what became of the messages. */
export class PopClient {
  constructor(
    readonly client: TestClient,
    readonly topic: string,
    readonly consumerGroup: string,
    readonly now: () => number = Date.now,
  ) {}

  async pop(fields: Partial<PopMessageRequestHeader> = {}): Promise<Popped> {
    const { topic, consumerGroup, client } = this;
    const { code, remark, header, body } = await client.call(RequestCode.POP_MESSAGE, {
      consumerGroup,
      topic,
      queueId: -1,
      maxMsgNums: 32,
      invisibleTime: 10_000,
      pollTime: 0,
      bornTime: this.now(),
      initMode: 0,
      order: false,
      ...fields,
    });
    const messages = body === undefined ? [] : decodeMessages(body);
    for (const message of messages) this.complete(message, header!);
    return { code, remark, header, messages };
  }

  ack(message: MessageExt) {
    return this.client.call(RequestCode.ACK_MESSAGE, this.ackHeader(message));
  }

  changeInvisibleTime(message: MessageExt, invisibleTime: number) {
    const header = { ...this.ackHeader(message), invisibleTime };
    return this.client.call(RequestCode.CHANGE_MESSAGE_INVISIBLETIME, header);
  }

  /** Of one portion. */
  batchAck(messages: readonly MessageExt[]) {
    const info = extraInfo(messages[0]!);
    const bits = messages.map((message) => message.queueOffset - info.ckQueueOffset);
    const bitSet = Buffer.alloc((Math.max(...bits) >> 3) + 1);
    for (const bit of bits) bitSet[bit >> 3]! |= 1 << (bit & 7);
    const { topic, consumerGroup } = this;
    const { retry, ckQueueOffset: startOffset, queueId, reviveQid: reviveQueueId } = info;
    const { popTime, invisibleTime, brokerName } = info;
    const times = { popTime, invisibleTime };
    const ack = { consumerGroup, topic, retry, startOffset, queueId, reviveQueueId, ...times, bitSet };
    return this.client.call(RequestCode.BATCH_ACK_MESSAGE, undefined, { brokerName, acks: [ack] });
  }

  /** With where the message stands in the log at the end, as Apache's proxy quotes it. */
  private ackHeader(message: MessageExt) {
    const { topic, consumerGroup } = this;
    const info = extraInfo(message);
    return {
      consumerGroup,
      topic: popTopicOf(info.retry, topic, consumerGroup),
      queueId: info.queueId,
      extraInfo: `${encodeExtraInfo(info)} ${message.commitLogOffset}`,
      offset: message.queueOffset,
    };
  }

  /** A message of the topic itself gets its POP_CK here, one for a retry brings it along. */
  private complete(message: MessageExt, header: PopMessageResponseHeader): void {
    if (message.getProperty(MessageConst.POP_CK) !== undefined) return;
    const { popTime, invisibleTime, reviveQid } = header;
    const retry = popRetryFlagOf(message.topic);
    const isOfQueue = (info: { retry: string; queue: string }) =>
      info.retry === retry && info.queue === `${message.queueId}`;
    const start = parsePopInfo(header.startOffsetInfo!)!.find(isOfQueue)!;
    const offsets = parsePopInfo(header.msgOffsetInfo!)!.find(isOfQueue)!;
    if (!offsets.value.split(',').includes(`${message.queueOffset}`)) throw new Error('msgOffsetInfo');
    const ck = { popTime, invisibleTime, reviveQid, retry, brokerName: this.client.brokerName };
    const { queueId, queueOffset: msgQueueOffset } = message;
    const info = { ...ck, ckQueueOffset: Number(start.value), queueId, msgQueueOffset };
    message.putProperty(MessageConst.POP_CK, encodeExtraInfo(info));
  }
}

export function extraInfo(message: MessageExt): ExtraInfo {
  return decodeExtraInfo(message.getProperty(MessageConst.POP_CK)!)!;
}
