/** How an append ended (PutMessageStatus). */
export type PutMessageStatus =
  | 'PUT_OK'
  /** Stored, but not on the disk within `syncFlushTimeout`. */
  | 'FLUSH_DISK_TIMEOUT'
  /** The store is closed, read-only, or out of space. */
  | 'SERVICE_NOT_AVAILABLE'
  /** Not stored: a write to the log is stuck. */
  | 'OS_PAGE_CACHE_BUSY'
  | 'CREATE_MAPPED_FILE_FAILED'
  | 'MESSAGE_ILLEGAL'
  | 'PROPERTIES_SIZE_EXCEEDED';

/** Whether the store has the message, and will show it, whether the disk has it yet or not. */
export function isStored(status: PutMessageStatus): boolean {
  return status === 'PUT_OK' || status === 'FLUSH_DISK_TIMEOUT';
}

/** Whether the store will never take the message as it is. */
export function isRefusedForGood(status: PutMessageStatus): boolean {
  return status === 'MESSAGE_ILLEGAL' || status === 'PROPERTIES_SIZE_EXCEEDED';
}
