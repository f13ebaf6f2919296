import type { Clock, Timer } from '../../common/clock.js';
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
    readonly deadline: number,
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

/** The requests of a transport that have no answer yet, each of which fails when its time is over. */
export class PendingCalls {
  private readonly calls = new Ring<PendingCall>();
  private timer: Timer | undefined;
  private timerDeadline = Infinity;

  constructor(private readonly clock: Clock) {}

  add(call: PendingCall): void {
    this.calls.add(call);
    this.watch(call.deadline);
  }

  /** Fails all of them, and watches no more. */
  close(error: RocketMQError): void {
    this.clock.clearTimeout(this.timer);
    for (const call of this.calls.members()) call.fail(error);
  }

  private watch(deadline: number): void {
    if (deadline >= this.timerDeadline) return;
    this.clock.clearTimeout(this.timer);
    this.timerDeadline = deadline;
    this.timer = this.clock.setTimeout(() => this.expire(), deadline - this.clock.now());
  }

  private expire(): void {
    const now = this.clock.now();
    this.timer = undefined;
    this.timerDeadline = Infinity;
    for (const call of this.calls.members()) if (call.deadline <= now) call.expire();
    const next = this.calls.members().reduce((first, { deadline }) => Math.min(first, deadline), Infinity);
    if (next < Infinity) this.watch(next);
  }
}
