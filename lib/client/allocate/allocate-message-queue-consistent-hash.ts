import { createHash } from 'node:crypto';
import type { MessageQueue } from '../../common/message-queue.js';
import { checkOption, integer } from '../../common/option-rules.js';
import type { AllocateMessageQueueStrategy } from '../../common/allocate/allocate-message-queue-strategy.js';

/** Places of a member in the ring; more cost memory and even nothing out. */
const virtualNodeRule = integer(10, 1, 10_000);

interface VirtualNode {
  readonly hash: number;
  readonly cid: string;
}

/**
 * Each queue to the member that follows it in a ring of hashes: when a member comes or goes few queues of the others move
 * (AllocateMessageQueueConsistentHash).
 *
 * @param virtualNodeCnt places of each member in the ring, 1 to 10,000; the same in all members. Default: 10.
 * @throws ConfigurationError for another number.
 * @publicApi
 */
export function allocateMessageQueueConsistentHash(
  virtualNodeCnt = virtualNodeRule.default,
): AllocateMessageQueueStrategy {
  checkOption('virtualNodeCnt', virtualNodeCnt, virtualNodeRule);
  return {
    name: 'CONSISTENT_HASH',
    allocate(currentCID, mqAll, cidAll) {
      const ring = ringOf(cidAll, virtualNodeCnt);
      return mqAll.filter((mq) => ownerOf(hashOf(textOf(mq)), ring) === currentCID);
    },
  };
}

/** Of two places with one hash the later one wins, as in Java's map. */
function ringOf(cidAll: readonly string[], virtualNodeCnt: number): VirtualNode[] {
  const ring = new Map<number, string>();
  for (const cid of cidAll) {
    for (let i = 0; i < virtualNodeCnt; i++) ring.set(hashOf(`${cid}-${i}`), cid);
  }
  return [...ring].map(([hash, cid]) => ({ hash, cid })).sort((a, b) => a.hash - b.hash);
}

/** The first member at the hash or behind it; behind the last one the ring begins again. */
function ownerOf(hash: number, ring: readonly VirtualNode[]): string | undefined {
  let low = 0;
  let high = ring.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ring[middle]!.hash < hash) low = middle + 1;
    else high = middle;
  }
  return (ring[low] ?? ring[0])?.cid;
}

/** (ConsistentHashRouter.MD5Hash) */
function hashOf(key: string): number {
  return createHash('md5').update(key, 'utf8').digest().readUInt32BE(0);
}

/** (MessageQueue#toString) */
function textOf({ topic, brokerName, queueId }: MessageQueue): string {
  return `MessageQueue [topic=${topic}, brokerName=${brokerName}, queueId=${queueId}]`;
}
