import type { DefaultMessageStore } from '../store/default-message-store.js';
import type { DispatchRequest } from '../store/dispatch-request.js';
import type { GetMessageResult, MessageFilter } from '../store/get-message-result.js';
import type { MessageExtBrokerInner } from '../store/message-ext-broker-inner.js';
import { isStored, type PutMessageStatus } from '../store/put-message-status.js';

/**
 * Reads a queue, for what is not done with every message: pulls and sends give the store their callbacks.
 *
 * @throws Error when the store cannot read now: whoever passes over what it did not find must not go on.
 */
export function getMessage(
  store: DefaultMessageStore,
  topic: string,
  queueId: number,
  offset: number,
  maxMsgNums: number,
  filter?: MessageFilter,
): Promise<GetMessageResult> {
  return new Promise((resolve, reject) =>
    store.getMessage(topic, queueId, offset, maxMsgNums, filter, (result) => {
      if (result.status !== 'SERVICE_NOT_AVAILABLE') resolve(result);
      else reject(new Error(`Messages of queue ${queueId} of topic ${topic} cannot be read now`));
    }),
  );
}

export interface PutMessageResult {
  readonly status: PutMessageStatus;
  /** If the message is stored. */
  readonly record: DispatchRequest | undefined;
}

/** As {@link getMessage}. */
export function putMessage(
  store: DefaultMessageStore,
  message: MessageExtBrokerInner,
): Promise<PutMessageResult> {
  return new Promise((resolve) =>
    store.putMessage(message, {
      onPut(status, records, first) {
        resolve({ status, record: isStored(status) ? records[first] : undefined });
      },
    }),
  );
}
