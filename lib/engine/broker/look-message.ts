import { decodeMessageId } from '../../common/message-id.js';
import type { DefaultMessageStore } from '../store/default-message-store.js';

/** The record with an offset message id; undefined also when the text is none. */
export function lookMessageById(store: DefaultMessageStore, msgId: string): Buffer | undefined {
  let commitLogOffset: number;
  try {
    ({ commitLogOffset } = decodeMessageId(msgId));
  } catch {
    return undefined;
  }
  return store.lookMessageByOffset(commitLogOffset);
}
