import { messageQueueKey, type MessageQueue } from '../../common/message-queue.js';
import type { OptionRule } from '../../common/option-rules.js';
import { allocateMessageQueueAveragely } from '../../common/allocate/allocate-message-queue-averagely.js';
import { allocateMessageQueueAveragelyByCircle } from '../../common/allocate/allocate-message-queue-averagely-by-circle.js';
import { MQClientError } from '../../errors/mq-client.error.js';
import { allocateMessageQueueConsistentHash } from './allocate-message-queue-consistent-hash.js';
import type { AllocateMessageQueueStrategy } from '../../common/allocate/allocate-message-queue-strategy.js';

/** A strategy that needs nothing to be told, by its name, or any other. */
export type AllocationOption = 'AVG' | 'AVG_BY_CIRCLE' | 'CONSISTENT_HASH' | AllocateMessageQueueStrategy;

const BY_NAME = new Map<unknown, AllocateMessageQueueStrategy>(
  [
    allocateMessageQueueAveragely,
    allocateMessageQueueAveragelyByCircle,
    allocateMessageQueueConsistentHash(),
  ].map((strategy) => [strategy.name, strategy]),
);

export const allocationRule: OptionRule<AllocationOption> = {
  default: 'AVG',
  allowed: `${[...BY_NAME.keys()].join(', ')}, or a strategy with a name and allocate()`,
  accepts: (value) => BY_NAME.has(value) || isStrategy(value),
};

export function allocationStrategy(option: AllocationOption): AllocateMessageQueueStrategy {
  return typeof option === 'string' ? BY_NAME.get(option)! : option;
}

/** A strategy of the application may be wrong, and then changes nothing. */
export function checkShare(strategy: string, share: readonly MessageQueue[], mqAll: readonly MessageQueue[]) {
  const known = new Set(mqAll.map(messageQueueKey));
  if (Array.isArray(share) && share.every((mq: MessageQueue) => known.has(messageQueueKey(mq)))) return share;
  throw new MQClientError(
    `allocate() of the strategy ${strategy} must return some of the queues that it was given`,
  );
}

function isStrategy(value: unknown): boolean {
  const { name, allocate } = (value ?? {}) as Partial<AllocateMessageQueueStrategy>;
  return typeof name === 'string' && typeof allocate === 'function';
}
