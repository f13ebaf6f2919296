import { encodeExtraInfo, popRetryFlagOf } from '../../../common/extra-info.js';
import type { GetMessageResult } from '../../store/get-message-result.js';
import type { PopCheckPoint } from './pop-check-point.js';
import { queueOffsetAt, recordStarts, withTopic } from './pop-record.js';

/** What one pop took from one queue. */
export class PopPortion {
  private readonly starts: readonly number[];
  readonly offsets: readonly number[];

  constructor(
    readonly topic: string,
    readonly queueId: number,
    readonly startOffset: number,
    private readonly result: GetMessageResult,
  ) {
    this.starts = recordStarts(result.messages);
    this.offsets = this.starts.map((start) => queueOffsetAt(result.messages, start));
  }

  get nextOffset(): number {
    return this.result.nextBeginOffset;
  }

  get size(): number {
    return this.result.messages.length;
  }

  checkPoint(group: string, popTime: number, invisibleTime: number, brokerName: string): PopCheckPoint {
    const { topic, queueId, startOffset } = this;
    const offsetDiffs = this.offsets.map((offset) => offset - startOffset);
    return {
      topic,
      consumerGroup: group,
      queueId,
      startOffset,
      offsetDiffs,
      bitMap: 0,
      popTime,
      invisibleTime,
      brokerName,
    };
  }

  /** The records as the consumer of `topic` gets them. */
  messagesFor(
    topic: string,
    ck: { popTime: number; invisibleTime: number; reviveQid: number; brokerName: string },
  ): Buffer[] {
    const { messages } = this.result;
    if (this.topic === topic) return [messages];
    return this.starts.map((start, i) => {
      const popCk = encodeExtraInfo({
        ...ck,
        ckQueueOffset: this.startOffset,
        retry: popRetryFlagOf(this.topic),
        queueId: this.queueId,
        msgQueueOffset: this.offsets[i]!,
      });
      return withTopic(messages, start, topic, popCk);
    });
  }
}
