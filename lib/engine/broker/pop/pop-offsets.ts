import { isRetryTopic } from '../../../common/mix-all.js';
import { ConsumeInitMode } from '../../../remoting/header/pop-message-request-header.js';
import type { BrokerController } from '../broker-controller.js';

/** How far groups have come that pop (PopMessageProcessor#getPopOffset). */
export class PopOffsets {
  constructor(
    private readonly broker: BrokerController,
    /** An administrator has set the offset. */
    private readonly onReset: (topic: string, group: string, queueId: number) => void,
  ) {}

  /** Where the group goes on. */
  offsetOf(topic: string, group: string, queueId: number, initMode: number = ConsumeInitMode.MIN): number {
    const { offsets } = this.broker;
    return offsets.queryOffset(group, topic, queueId) ?? this.initOffset(topic, queueId, initMode);
  }

  /** The same, and what is found is noted: from now on the group has an offset. */
  take(topic: string, group: string, queueId: number, initMode: number): number {
    const { offsets } = this.broker;
    const reset = offsets.takeResetOffset(group, topic, queueId);
    if (reset !== undefined) this.onReset(topic, group, queueId);
    const offset = reset ?? this.offsetOf(topic, group, queueId, initMode);
    offsets.commitOffset(group, topic, queueId, offset);
    return offset;
  }

  /** A group that begins behind the last message gets that one (#getInitOffset). */
  private initOffset(topic: string, queueId: number, initMode: number): number {
    const { store } = this.broker;
    const min = store.getMinOffsetInQueue(topic, queueId);
    if (initMode === ConsumeInitMode.MIN || isRetryTopic(topic)) return min;
    if (min <= 0 && store.isFirstMessageInMemory(topic, queueId)) return 0;
    return Math.max(store.getMaxOffsetInQueue(topic, queueId) - 1, 0);
  }
}
