import type { AckMsg, PopCheckPoint } from './pop-check-point.js';
import { mergeKeyOf, offsetsOf } from './pop-check-point.js';

/**
 * Which messages are popped and neither acknowledged nor revived, since the start (PopInflightMessageCounter). It only
 * limits groups: what is revived is decided by the stored records.
 */
export class PopInflight {
  private readonly groups = new Map<string, Map<string, Set<number>>>();
  private readonly counts = new Map<string, number>();

  constructor(
    private readonly threshold: number,
    /** A group that was held back may go on. */
    private readonly onFree: (group: string) => void,
  ) {}

  isFull(group: string): boolean {
    return this.countOf(group) >= this.threshold;
  }

  countOf(group: string): number {
    return this.counts.get(group) ?? 0;
  }

  add(point: PopCheckPoint): void {
    const { consumerGroup } = point;
    const points = this.groups.get(consumerGroup) ?? new Map<string, Set<number>>();
    this.groups.set(consumerGroup, points.set(mergeKeyOf(point), new Set(offsetsOf(point))));
    this.counts.set(consumerGroup, this.countOf(consumerGroup) + point.offsetDiffs.length);
  }

  acknowledge(ack: AckMsg): void {
    const key = mergeKeyOf(ack);
    const open = this.groups.get(ack.consumerGroup)?.get(key);
    if (open === undefined) return;
    const acknowledged = ack.ackOffsets.filter((offset) => open.delete(offset)).length;
    if (open.size === 0) this.groups.get(ack.consumerGroup)!.delete(key);
    this.release(ack.consumerGroup, acknowledged);
  }

  /** The check point is worked off. */
  end(point: PopCheckPoint): void {
    const points = this.groups.get(point.consumerGroup);
    const open = points?.get(mergeKeyOf(point));
    if (open === undefined) return;
    points!.delete(mergeKeyOf(point));
    this.release(point.consumerGroup, open.size);
  }

  /** What groups popped of a topic, of all its queues or one, holds them back no more: it is gone, or is given once more. */
  clear(topic: string, groups: Iterable<string> = this.groups.keys(), queueId = -1): void {
    for (const group of groups) {
      // Merge keys begin like that; names have no @.
      const prefix = `${topic}@${group}@${queueId < 0 ? '' : `${queueId}@`}`;
      const points = this.groups.get(group);
      let count = 0;
      for (const [key, open] of points ?? []) {
        if (!key.startsWith(prefix)) continue;
        points!.delete(key);
        count += open.size;
      }
      this.release(group, count);
    }
  }

  private release(group: string, count: number): void {
    const wasFull = this.isFull(group);
    const rest = this.countOf(group) - count;
    if (rest > 0) this.counts.set(group, rest);
    else this.counts.delete(group);
    if (this.groups.get(group)?.size === 0) this.groups.delete(group);
    if (wasFull && !this.isFull(group)) this.onFree(group);
  }
}
