import { whenOverdue, type Clock } from '../../common/clock.js';
import { leaveRing, Ring, type RingMember } from '../../common/ring.js';
import { RemotingTimeoutError } from '../../errors/remoting-timeout.error.js';
import type { RocketMQError } from '../../errors/rocketmq.error.js';
import type { Channel } from '../channel.js';
import type { RemotingResponse } from '../remoting-command.js';
import type { ResponseCallback } from './transport.js';

/** A request under way. */
export class PendingCall implements RingMember {
  previous: RingMember = this;
  next: RingMember = this;

  constructor(
    private callback: ResponseCallback<never> | undefined,
    public deadline: number,
    readonly timeoutMillis: number,
    /** The client as the server of this process sees it, to which the call is the context of the request. */
    readonly channel?: Channel,
  ) {}

  /** Whoever comes second, answer or failure, finds nobody waiting. */
  reply(response: RemotingResponse<never>): void {
    this.take()?.onResponse(response);
  }

  fail(error: RocketMQError): void {
    this.take()?.onError(error);
  }

  /** Called when its time is over. */
  expire(): void {
    const { timeoutMillis } = this;
    this.fail(new RemotingTimeoutError(`no answer within ${timeoutMillis} ms`, timeoutMillis));
  }

  /** Called when the call has ended, however it did. */
  protected onEnd(): void {}

  private take(): ResponseCallback<never> | undefined {
    const { callback } = this;
    if (callback === undefined) return undefined;
    this.callback = undefined;
    leaveRing(this);
    this.onEnd();
    return callback;
  }
}

/** Milliseconds that the clock was set by, above which it counts. */
const CLOCK_JUMP = 1000;
/** Milliseconds from one look at all requests to the next: tens of thousands may each have a deadline of its own. */
const MIN_INTERVAL = 20;

/**
 * The requests of a transport that have no answer yet, each of which fails when its time is over. Their deadlines are by the
 * clock that a send has asked already; when it was set meanwhile, all of them begin to wait anew.
 */
export class PendingCalls {
  private readonly calls = new Ring<PendingCall>();
  private cancelTimer = () => {};
  private timerDeadline = Infinity;
  /** In the time that never goes back. */
  private nextLookAt = -Infinity;
  /** The time of the clock at the beginning of the time that never goes back. */
  private origin: number;

  constructor(private readonly clock: Clock) {
    this.origin = this.currentOrigin();
  }

  add(call: PendingCall): void {
    this.calls.add(call);
    this.watch(call.deadline);
  }

  /** Fails all of them, and watches no more. */
  close(error: RocketMQError): void {
    this.cancelTimer();
    for (const call of this.calls.members()) call.fail(error);
  }

  private watch(deadline: number): void {
    if (deadline < this.timerDeadline) this.wake(this.followClock() ? this.firstDeadline() : deadline);
  }

  private wake(deadline: number): void {
    this.cancelTimer();
    this.timerDeadline = deadline;
    if (deadline === Infinity) return;
    const { clock, nextLookAt } = this;
    const delay = Math.max(deadline - clock.now(), nextLookAt - clock.monotonicNow());
    this.cancelTimer = whenOverdue(clock, delay, () => this.expire());
  }

  private expire(): void {
    this.followClock();
    this.timerDeadline = Infinity;
    const now = this.clock.now();
    // A callback that throws takes the time of no other request away: the rest is looked at next.
    let next = now;
    try {
      next = this.expireUntil(now);
    } finally {
      this.watch(next);
    }
  }

  /** Returns the next deadline, but for those of requests that the callbacks send. */
  private expireUntil(now: number): number {
    let next = Infinity;
    for (const call of this.calls.members()) {
      if (call.deadline <= now) call.expire();
      else next = Math.min(next, call.deadline);
    }
    this.nextLookAt = this.clock.monotonicNow() + MIN_INTERVAL;
    return next;
  }

  private firstDeadline(): number {
    return this.calls.members().reduce((first, { deadline }) => Math.min(first, deadline), Infinity);
  }

  /** Whether the clock was set, so that all deadlines are others. */
  private followClock(): boolean {
    const origin = this.currentOrigin();
    const isSet = Math.abs(origin - this.origin) > CLOCK_JUMP;
    this.origin = origin;
    if (!isSet) return false;
    const now = this.clock.now();
    for (const call of this.calls.members()) call.deadline = now + call.timeoutMillis;
    return true;
  }

  private currentOrigin(): number {
    return this.clock.now() - this.clock.monotonicNow();
  }
}
