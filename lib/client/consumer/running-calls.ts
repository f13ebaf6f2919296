import type { Clock, Timer } from '../../common/clock.js';
import type { MessageExt } from '../../common/message-ext.js';
import { leaveRing, Ring, type RingMember } from '../../common/ring.js';
import type { MQClientError } from '../../errors/mq-client.error.js';
import type { CallSignal } from './call-signal.js';
import type { ConsumerConfig } from './consumer-config.js';

/** A call of a listener that did not end at once. */
export interface RunningCall extends RingMember {
  readonly context: CallSignal;
  /** When its time began to run, in that of `Clock.monotonicNow`. */
  readonly begunAt: number;
}

/**
 * The calls of a group that are under way, the oldest first. Java's client looks every `consumeTimeout` at the first messages of each
 * queue (ProcessQueue#cleanExpiredMsg), so that up to twice the time passes; here one timer is set to when the oldest is due.
 */
export class RunningCalls<C extends RunningCall> {
  private readonly calls = new Ring<C>();
  private timer: Timer | undefined;

  constructor(
    private readonly clock: Clock,
    /** Milliseconds. */
    private readonly timeout: number,
    private readonly onExpired: (call: C) => void,
  ) {}

  begin(call: C): void {
    this.calls.add(call);
    if (this.timer === undefined) this.watchOldest();
  }

  end(call: C): void {
    leaveRing(call);
  }

  /** Gives all up. */
  abort(reason: MQClientError): void {
    this.clock.clearTimeout(this.timer);
    for (const call of this.calls.members()) {
      leaveRing(call);
      call.context.abort(reason);
    }
  }

  private watchOldest(): void {
    const oldest = this.calls.first;
    if (oldest === undefined) return;
    const left = oldest.begunAt + this.timeout - this.clock.monotonicNow();
    this.timer = this.clock.setTimeout(() => {
      this.timer = undefined;
      this.expire();
      this.watchOldest();
    }, left);
  }

  private expire(): void {
    const newest = this.clock.monotonicNow() - this.timeout;
    for (let call = this.calls.first; call !== undefined && call.begunAt <= newest; call = this.calls.first) {
      leaveRing(call);
      this.onExpired(call);
    }
  }
}

/** What is to be said of a call that has run for longer than `consumeTimeout`. */
export function tooLong(
  [first, ...others]: readonly MessageExt[],
  { consumerGroup, consumeTimeout }: ConsumerConfig,
): string {
  const more = others.length > 0 ? ` and ${others.length} more` : '';
  return (
    `The listener of group ${consumerGroup} has been handling message ${first!.msgId}${more} of topic ${first!.topic} for ` +
    `longer than consumeTimeout (${consumeTimeout} min)`
  );
}
