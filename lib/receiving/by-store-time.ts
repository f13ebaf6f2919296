import type { MessageExt } from '../common/message-ext.js';

/** The messages of several queues in the order in which they were stored, as far as the clocks of their brokers agree. */
export async function* byStoreTime(
  queues: readonly AsyncGenerator<MessageExt>[],
): AsyncGenerator<MessageExt, void, undefined> {
  const heads = await Promise.all(queues.map((queue) => queue.next()));
  for (;;) {
    const index = earliest(heads);
    if (index === -1) return;
    yield heads[index]!.value as MessageExt;
    heads[index] = await queues[index]!.next();
  }
}

/** Of the first messages of the queues; -1 when there is none. */
function earliest(heads: readonly IteratorResult<MessageExt>[]): number {
  const timeOf = ({ done, value }: IteratorResult<MessageExt>) =>
    done === true ? Infinity : (value as MessageExt).storeTimestamp;
  const times = heads.map(timeOf);
  const first = Math.min(...times);
  return first === Infinity ? -1 : times.indexOf(first);
}
