import { expect } from 'vitest';
import type { EndTransactionRequestHeader } from '../../lib/remoting/header/transaction-request-header.js';
import type { SendMessageResponseHeader } from '../../lib/remoting/header/send-message-response-header.js';
import { decodeMessage } from '../../lib/common/message-decoder.js';
import type { MessageExt } from '../../lib/common/message-ext.js';
import { decodeMessageId } from '../../lib/common/message-id.js';
import { MessageSysFlag } from '../../lib/common/message-sys-flag.js';
import type { Request } from '../../lib/remoting/named-request.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import type { SendFields, TestClient } from './test-client.js';

export const HALF_TOPIC = 'RMQ_SYS_TRANS_HALF_TOPIC';
export const OP_TOPIC = 'RMQ_SYS_TRANS_OP_HALF_TOPIC';
export const DISCARDED_TOPIC = 'TRANS_CHECK_MAX_TIME_TOPIC';
export const { TRANSACTION_COMMIT_TYPE: COMMIT, TRANSACTION_ROLLBACK_TYPE: ROLLBACK } = MessageSysFlag;
export const GROUP = 'tx-producer';

/** A half message that was sent. */
export type Half = SendMessageResponseHeader & { readonly uniqKey: string; readonly group: string };

let ids = 0;

/** Sends a message whose transaction is open, born now by `bornTimestamp`. */
export async function sendHalf(
  client: TestClient,
  topic: string,
  { properties, ...fields }: SendFields = {},
  group = GROUP,
): Promise<Half> {
  const uniqKey = `TX${process.pid}-${++ids}`;
  const { code, remark, header } = await client.send(topic, {
    sysFlag: MessageSysFlag.TRANSACTION_PREPARED_TYPE,
    ...fields,
    properties: { UNIQ_KEY: uniqKey, TRAN_MSG: 'true', PGROUP: group, ...properties },
  });
  expect({ code, remark: remark ?? null }).toEqual({ code: 0, remark: null });
  const { msgId, queueId, queueOffset, transactionId, regionId, traceOn } = header!;
  return { msgId, queueId, queueOffset, transactionId, regionId, traceOn, uniqKey, group };
}

export function endHeader(
  half: Half,
  commitOrRollback: number,
  fields: Partial<EndTransactionRequestHeader> = {},
): EndTransactionRequestHeader {
  return {
    producerGroup: half.group,
    tranStateTableOffset: half.queueOffset,
    commitLogOffset: decodeMessageId(half.msgId).commitLogOffset,
    commitOrRollback,
    fromTransactionCheck: false,
    msgId: half.uniqKey,
    transactionId: half.uniqKey,
    ...fields,
  };
}

export function end(
  client: TestClient,
  half: Half,
  commitOrRollback: number,
  fields: Partial<EndTransactionRequestHeader> = {},
) {
  return client.call(RequestCode.END_TRANSACTION, endHeader(half, commitOrRollback, fields));
}

/** What a producer was asked, and about which message. */
export function checksOf(
  client: TestClient,
): { request: Request<'CHECK_TRANSACTION_STATE'>; message: MessageExt }[] {
  return client.pushed
    .filter((request) => request.code === RequestCode.CHECK_TRANSACTION_STATE)
    .map((each) => {
      const request = each as Request<'CHECK_TRANSACTION_STATE'>;
      return { request, message: decodeMessage(request.body)! };
    });
}

/** Answers a check. */
export function answer(
  client: TestClient,
  { header }: Request<'CHECK_TRANSACTION_STATE'>,
  commitOrRollback: number,
  group = GROUP,
) {
  const { tranStateTableOffset, commitLogOffset, msgId, transactionId, topic } = header;
  return client.call(RequestCode.END_TRANSACTION, {
    topic,
    producerGroup: group,
    tranStateTableOffset,
    commitLogOffset,
    commitOrRollback,
    fromTransactionCheck: true,
    msgId: msgId!,
    transactionId,
  });
}
