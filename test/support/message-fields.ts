import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { MessageExt } from '../../lib/common/message-ext.js';
import type { MessageVector } from './apache-vectors.js';

/** What Apache's manifest says of a message, taken from one of ours. */
export function fieldsOf(message: MessageExt): MessageVector {
  const { topic, queueId, queueOffset, commitLogOffset, storeSize, sysFlag, flag, storedBody } = message;
  const { bornTimestamp, storeTimestamp, reconsumeTimes, preparedTransactionOffset } = message;
  return {
    ...{ topic, queueId, queueOffset, commitLogOffset, storeSize, sysFlag, flag },
    ...{ bornTimestamp, storeTimestamp, reconsumeTimes, preparedTransactionOffset },
    bodyCRC: crc32(storedBody) & 0x7fffffff,
    bodySha1: createHash('sha1').update(storedBody).digest('hex'),
    bodyLength: storedBody.length,
    bornHost: shortHost(message.bornHost),
    storeHost: shortHost(message.storeHost),
    msgId: message.msgId,
    offsetMsgId: message.offsetMsgId,
    properties: Object.fromEntries(message.properties),
  };
}

/** A vector in the same form. */
export function comparable(vector: MessageVector): MessageVector {
  // The checksum of the record is not a property of the message.
  const { '__CRC32#': _, ...properties } = vector.properties;
  const { topic, queueId, queueOffset, commitLogOffset, storeSize, sysFlag, flag } = vector;
  const { bornTimestamp, storeTimestamp, reconsumeTimes, preparedTransactionOffset } = vector;
  const { bodyCRC, bodySha1, bodyLength, msgId, offsetMsgId } = vector;
  return {
    ...{ topic, queueId, queueOffset, commitLogOffset, storeSize, sysFlag, flag },
    ...{ bornTimestamp, storeTimestamp, reconsumeTimes, preparedTransactionOffset },
    ...{ bodyCRC, bodySha1, bodyLength, msgId, offsetMsgId, properties },
    bornHost: shortHost(vector.bornHost),
    storeHost: shortHost(vector.storeHost),
  };
}

/** Java writes IPv6 addresses in its own ways. */
function shortHost(host: string): string {
  return host.startsWith('[') ? host.slice(host.lastIndexOf(']')) : host;
}
