import type { MessageExt } from '../common/message-ext.js';
import { MQClientError } from '../errors/index.js';
import { illegalFilterResult } from '../rocketmq.messages.js';

/** Keeps messages from a listener that it does not want, and counts them. */
export class MessageFilter {
  /** Messages that were kept from the listener. */
  filtered = 0;

  constructor(
    private readonly listener: string,
    private readonly filter: (message: MessageExt) => boolean,
  ) {}

  /** @throws MQClientError when the filter says neither yes nor no; what it throws itself. */
  accepts(message: MessageExt): boolean {
    const isWanted: unknown = this.filter(message);
    if (typeof isWanted !== 'boolean')
      throw new MQClientError(illegalFilterResult(this.listener, String(isWanted)));
    if (!isWanted) this.filtered++;
    return isWanted;
  }
}
