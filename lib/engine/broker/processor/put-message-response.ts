import { createMessageId } from '../../../common/message-id.js';
import type { SendMessageResponseHeader } from '../../../remoting/header/send-message-response-header.js';
import { failure, type RemotingResponse } from '../../../remoting/remoting-command.js';
import { ResponseCode } from '../../../remoting/response-code.js';
import type { DispatchRequest } from '../../store/dispatch-request.js';
import type { PutMessageStatus } from '../../store/put-message-status.js';
import type { BrokerController } from '../broker-controller.js';

/** Codes of the statuses of messages that were stored (SendMessageProcessor#handlePutMessageResult). */
export const STORED_CODES: Partial<Record<PutMessageStatus, ResponseCode>> = {
  PUT_OK: ResponseCode.SUCCESS,
  FLUSH_DISK_TIMEOUT: ResponseCode.FLUSH_DISK_TIMEOUT,
};

/** What the sender of a message that was not stored is told. */
export function refusal(
  { store, storeConfig }: BrokerController,
  status: PutMessageStatus,
): RemotingResponse<never> {
  switch (status) {
    case 'MESSAGE_ILLEGAL':
    case 'PROPERTIES_SIZE_EXCEEDED':
      return failure(
        ResponseCode.MESSAGE_ILLEGAL,
        'the message is illegal, maybe msg body or properties length not matched. ' +
          `msg body length limit ${storeConfig.maxMessageSize}B, msg properties length limit 32KB.`,
      );
    case 'OS_PAGE_CACHE_BUSY':
      return failure(
        ResponseCode.SYSTEM_BUSY,
        '[PC_SYNCHRONIZED]broker busy, start flow control for a while',
      );
    case 'CREATE_MAPPED_FILE_FAILED':
      return failure(ResponseCode.SYSTEM_ERROR, 'create mapped file failed, server is busy or broken.');
    case 'SERVICE_NOT_AVAILABLE':
      return failure(
        ResponseCode.SERVICE_NOT_AVAILABLE,
        `service not available now: ${store.writeRefusal ?? 'the last write to the message store failed'}`,
      );
    default:
      return failure(ResponseCode.SYSTEM_ERROR, `UNKNOWN_ERROR ${status}`);
  }
}

/** The header of the answer to a send. Ids are made when someone asks for them, which few do. */
export class StoredMessageHeader implements SendMessageResponseHeader {
  readonly traceOn = true;
  private records: readonly DispatchRequest[] = [];
  private first = 0;
  private count = 0;

  constructor(
    private readonly broker: BrokerController,
    readonly queueId: number,
    readonly transactionId: string | undefined,
    readonly recallHandle?: string,
  ) {}

  /** Notes what was stored; before, the header says nothing. */
  setStored(records: readonly DispatchRequest[], first: number, count: number): void {
    this.records = records;
    this.first = first;
    this.count = count;
  }

  get regionId(): string {
    return this.broker.config.regionId;
  }

  get msgId(): string {
    const { records, first, count } = this;
    const { storeHostDigits } = this.broker;
    if (count === 1) return createMessageId(storeHostDigits, records[first]!.commitLogOffset);
    return records
      .slice(first, first + count)
      .map((record) => createMessageId(storeHostDigits, record.commitLogOffset))
      .join(',');
  }

  get queueOffset(): number {
    return this.records[this.first]!.consumeQueueOffset;
  }
}
