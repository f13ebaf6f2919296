import { int32At } from './int64.js';
import { MessageSysFlag } from './message-sys-flag.js';

/** The topic length is one byte (MessageVersion.MESSAGE_VERSION_V1). */
export const MESSAGE_MAGIC_CODE = 0xdaa320a7 | 0;
/** The topic length is two bytes (MessageVersion.MESSAGE_VERSION_V2). */
export const MESSAGE_MAGIC_CODE_V2 = 0xdaa320ab | 0;
/** Fills a commit-log file behind its last record (CommitLog.BLANK_MAGIC_CODE). */
export const BLANK_MAGIC_CODE = 0xcbd43194 | 0;

/** Byte positions in a stored record; those behind `BORN_HOST` shift by 12 for each IPv6 host. */
export const RecordLayout = {
  TOTAL_SIZE: 0,
  MAGIC_CODE: 4,
  BODY_CRC: 8,
  QUEUE_ID: 12,
  FLAG: 16,
  QUEUE_OFFSET: 20,
  PHYSICAL_OFFSET: 28,
  SYS_FLAG: 36,
  BORN_TIMESTAMP: 40,
  BORN_HOST: 48,
} as const;

/** Bytes of a record with IPv4 hosts and an empty body, topic and property text; version 2 has one more. */
export const MIN_RECORD_SIZE = 91;

/** The most bytes that the properties of a record may have. */
export const MAX_PROPERTIES_LENGTH = 32767;

export function bornHostAddressLength(sysFlag: number): number {
  return (sysFlag & MessageSysFlag.BORNHOST_V6) === 0 ? 4 : 16;
}

export function storeHostAddressLength(sysFlag: number): number {
  return (sysFlag & MessageSysFlag.STOREHOST_V6) === 0 ? 4 : 16;
}

/** Where the store timestamp lies. */
export function storeTimestampPosition(sysFlag: number): number {
  return RecordLayout.BORN_HOST + bornHostAddressLength(sysFlag) + 4;
}

/** Where the length of the body lies: behind store host, reconsume times and prepared transaction offset. */
export function bodyLengthPosition(sysFlag: number): number {
  return storeTimestampPosition(sysFlag) + 8 + storeHostAddressLength(sysFlag) + 4 + 12;
}

/** Where the topic of a well-formed record lies, and its length in bytes. */
export function topicRange(buffer: Buffer, start: number): { position: number; length: number } {
  const body = start + bodyLengthPosition(int32At(buffer, start + RecordLayout.SYS_FLAG));
  const position = body + 4 + int32At(buffer, body);
  const isVersion2 = int32At(buffer, start + RecordLayout.MAGIC_CODE) === MESSAGE_MAGIC_CODE_V2;
  return isVersion2
    ? { position: position + 2, length: buffer.readUInt16BE(position) }
    : { position: position + 1, length: buffer[position]! };
}
