import type { SocketHost } from './socket-host.js';

/** Bits of the sysFlag of a message (MessageSysFlag). */
export const MessageSysFlag = {
  COMPRESSED: 0x1,
  MULTI_TAGS: 0x2,
  TRANSACTION_NOT_TYPE: 0,
  TRANSACTION_PREPARED_TYPE: 0x4,
  TRANSACTION_COMMIT_TYPE: 0x8,
  TRANSACTION_ROLLBACK_TYPE: 0xc,
  BORNHOST_V6: 0x10,
  STOREHOST_V6: 0x20,
  NEED_UNWRAP: 0x40,
  INNER_BATCH: 0x80,
  COMPRESSION_LZ4: 0x100,
  COMPRESSION_ZSTD: 0x200,
  COMPRESSION_ZLIB: 0x300,
  COMPRESSION_TYPE_MASK: 0x700,
} as const;

const { BORNHOST_V6, STOREHOST_V6 } = MessageSysFlag;

/** The sysFlag with the kinds of addresses that the hosts have, on which the layout of the record depends: a sender may claim others. */
export function withHostFlags(sysFlag: number, bornHost: SocketHost, storeHost: SocketHost): number {
  const born = bornHost.address.length === 16 ? BORNHOST_V6 : 0;
  const store = storeHost.address.length === 16 ? STOREHOST_V6 : 0;
  return (sysFlag & ~(BORNHOST_V6 | STOREHOST_V6)) | born | store;
}

/** The transaction bits of a sysFlag. */
export function transactionValue(sysFlag: number): number {
  return sysFlag & MessageSysFlag.TRANSACTION_ROLLBACK_TYPE;
}

/** Whether a record has a place in its queue: recovery gives none to half messages that were not moved, and to rollbacks. */
export function hasQueueOffset(sysFlag: number): boolean {
  return (sysFlag & MessageSysFlag.TRANSACTION_PREPARED_TYPE) === 0;
}
