import type { Clock } from '../../common/clock.js';
import type { Logger } from '../../common/logger.js';
import { MessageConst } from '../../common/message-const.js';
import { Pause } from '../../common/pause.js';
import type { DefaultMessageStore } from '../store/default-message-store.js';
import type { MessageExtBrokerInner } from '../store/message-ext-broker-inner.js';
import { isRefusedForGood, isStored, type PutMessageStatus } from '../store/put-message-status.js';

/** Milliseconds until messages that the store refuses are tried again. */
const RETRY_INTERVAL = 500;

/** Stores messages that are due, until it has succeeded: Apache's broker gives up after three tries. */
export class DueDelivery {
  private readonly pause: Pause;
  private isStopped = false;

  constructor(
    private readonly store: DefaultMessageStore,
    clock: Clock,
    private readonly logger: Logger,
  ) {
    this.pause = new Pause(clock);
  }

  /** Resolves to those that are not stored, of which there are only some when it is stopped. */
  async deliver(messages: readonly MessageExtBrokerInner[]): Promise<readonly MessageExtBrokerInner[]> {
    for (let rest = messages; ; await this.pause.wait(RETRY_INTERVAL)) {
      rest = await this.put(rest);
      if (rest.length === 0 || this.isStopped) return rest;
    }
  }

  stop(): void {
    this.isStopped = true;
    this.pause.end();
  }

  /** Those that are to be tried again. */
  private async put(messages: readonly MessageExtBrokerInner[]): Promise<MessageExtBrokerInner[]> {
    const results = await Promise.all(messages.map((message) => this.putOne(message)));
    return results.filter((message) => message !== undefined);
  }

  private putOne(message: MessageExtBrokerInner): Promise<MessageExtBrokerInner | undefined> {
    return new Promise((resolve) =>
      this.store.putMessage(message, { onPut: (status) => resolve(this.rest(message, status)) }),
    );
  }

  private rest(message: MessageExtBrokerInner, status: PutMessageStatus): MessageExtBrokerInner | undefined {
    const { properties } = message;
    if (isStored(status)) return undefined;
    if (status === 'PROPERTIES_SIZE_EXCEEDED' && properties.has(MessageConst.TIMER_ENQUEUE_MS)) {
      // What was just added is worth less than the message.
      const shorter = new Map(properties);
      shorter.delete(MessageConst.TIMER_ENQUEUE_MS);
      shorter.delete(MessageConst.TIMER_DEQUEUE_MS);
      shorter.delete(MessageConst.TIMER_ROLL_TIMES);
      return { ...message, properties: shorter };
    }
    const isDeleted = this.store.isDeleted(message.topic);
    if (!isDeleted && !isRefusedForGood(status)) return message;
    const id = properties.get(MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX);
    const reason = isDeleted ? 'the topic is deleted' : status;
    this.logger.error(
      `Message ${id} of ${message.body.length} bytes, which is due, cannot be stored in topic ${message.topic} and is dropped: ${reason}`,
    );
    return undefined;
  }
}
