import type { MessageStoreConfig } from '../../lib/engine/store/message-store-config.js';

/** What a process with a store is to do. */
export interface Order {
  readonly config: Partial<MessageStoreConfig>;
  /** Puts messages whose ids begin with this, until it is killed. */
  readonly load?: string;
}

/** What it tells. */
export type Ledger =
  | { readonly kind: 'opened' }
  | { readonly kind: 'refused'; readonly message: string; readonly ownerPid?: number }
  | { readonly kind: 'acknowledged'; readonly id: string };

/** A body that only this message has; its length differs from message to message. */
export function bodyOf(id: string): Buffer {
  return Buffer.alloc(50 + ((id.length * 397 + id.charCodeAt(id.length - 1) * 131) % 900), `${id};`);
}
