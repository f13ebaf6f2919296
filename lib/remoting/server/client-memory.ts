/**
 * What the clients of a server hold in incomplete frames that have not signed a request yet: all of them where nothing is signed. A frame
 * may be long, but who has no password must not fill the memory with such.
 */
export interface Strangers {
  heldBytes: number;
  readonly maxBytes: number;
}

/** What all clients of a server together leave unread. */
export interface UnreadAnswers {
  bytes: number;
  readonly maxBytes: number;
  /** Called when they are too many. */
  readonly onExcess: () => void;
}
