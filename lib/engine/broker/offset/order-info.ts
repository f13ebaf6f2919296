import {
  asInteger,
  asObject,
  type FastjsonInput,
  type FastjsonObject,
  type FastjsonValue,
} from '../../../common/fastjson.js';
import { isAhead } from '../pop/pop-check-point.js';

/** The portion of a queue that a group is consuming in order (ConsumerOrderInfoManager.OrderInfo). */
export class OrderInfo {
  /** When a message is free again whose invisible time was changed, by its offset. */
  readonly nextVisibleTimes = new Map<number, number>();
  /** How often messages were delivered before, where they were. */
  consumedCounts: ReadonlyMap<number, number> | undefined;
  private readonly acknowledged = new Set<number>();

  constructor(
    readonly attemptId: string | undefined,
    /** Milliseconds since the epoch, also the last two. */
    readonly popTime: number,
    readonly invisibleTime: number,
    readonly offsets: readonly number[],
    readonly lastConsumeTimestamp: number,
  ) {}

  /** Takes over what is known of the portion before; the same attempt is no delivery more. */
  mergeConsumedCounts(previous: OrderInfo): void {
    if (previous.attemptId !== undefined && previous.attemptId === this.attemptId) {
      this.consumedCounts = previous.consumedCounts ?? new Map();
      return;
    }
    const again = this.offsets.filter((offset) => previous.offsets.includes(offset));
    this.consumedCounts = new Map(
      again.map((offset) => [offset, (previous.consumedCounts?.get(offset) ?? 0) + 1]),
    );
  }

  /** False when the message is none of this portion. */
  acknowledge(offset: number): boolean {
    if (!this.offsets.includes(offset)) return false;
    this.acknowledged.add(offset);
    return true;
  }

  /** The first message that is not acknowledged, or the one behind the last. */
  get nextOffset(): number {
    return this.offsets.find((offset) => !this.acknowledged.has(offset)) ?? this.offsets.at(-1)! + 1;
  }

  /** When nothing of the portion is with a consumer any more; undefined when it is so already. */
  freeAt(now: number): number | undefined {
    if (isAhead(this.popTime, now)) return undefined;
    const times = this.offsets
      .filter((offset) => !this.acknowledged.has(offset))
      .map((offset) => this.nextVisibleTimes.get(offset) ?? this.popTime + this.invisibleTime);
    const last = Math.max(...times, 0);
    return last > now ? last : undefined;
  }

  encode(): FastjsonInput {
    const { offsets, consumedCounts, nextVisibleTimes } = this;
    const first = offsets[0]!;
    const bits = offsets.map((offset, i) => (this.acknowledged.has(offset) ? 2 ** i : 0));
    return {
      a: this.attemptId,
      cm: bits.reduce((sum, bit) => sum + bit, 0),
      i: this.invisibleTime,
      l: this.lastConsumeTimestamp,
      o: offsets.map((offset, i) => (i === 0 ? offset : offset - first)),
      oc: consumedCounts,
      ot: nextVisibleTimes.size > 0 ? nextVisibleTimes : undefined,
      popTime: this.popTime,
    };
  }

  /** Undefined for a portion of nothing. @throws TypeError when a field has the wrong type. */
  static decode(fields: FastjsonObject): OrderInfo | undefined {
    const number = (name: string) => asInteger(fields.get(name) ?? 0);
    const list = fields.get('o') ?? [];
    if (!Array.isArray(list) || list.length > 64) throw new TypeError('o is no list of at most 64 offsets');
    if (list.length === 0) return undefined;
    const [first, ...diffs] = list.map(asInteger) as [number, ...number[]];
    const offsets = [first, ...diffs.map((diff) => first + diff)];
    const attemptId = fields.get('a');
    const attempt = typeof attemptId === 'string' ? attemptId : undefined;
    const info = new OrderInfo(attempt, number('popTime'), number('i'), offsets, number('l'));
    const bits = number('cm');
    offsets.forEach((offset, i) => Math.floor(bits / 2 ** i) % 2 === 1 && info.acknowledge(offset));
    if (fields.has('oc')) info.consumedCounts = integerMap(fields.get('oc'));
    for (const [offset, time] of integerMap(fields.get('ot') ?? new Map()))
      info.nextVisibleTimes.set(offset, time);
    return info;
  }
}

function integerMap(value: FastjsonValue | undefined): Map<number, number> {
  return new Map([...asObject(value)].map(([key, number]) => [asInteger(key), asInteger(number)]));
}
