import type { Clock, Timer } from '../../common/clock.js';
import { RemotingTimeoutError } from '../../errors/remoting-timeout.error.js';
import type { RocketMQError } from '../../errors/rocketmq.error.js';
import type { RemotingResponse } from '../remoting-command.js';
import type { ResponseCallback } from './transport.js';

/** A request under way, and its place among the others. */
export class PendingCall {
  previous: PendingCall = this;
  next: PendingCall = this;

  constructor(
    private callback: ResponseCallback<never> | undefined,
    readonly deadline: number,
    readonly timeoutMillis: number,
  ) {}

  /** Whoever comes second, answer or failure, finds nobody waiting. */
  reply(response: RemotingResponse<never>): void {
    this.take()?.onResponse(response);
  }

  fail(error: RocketMQError): void {
    this.take()?.onError(error);
  }

  /** Called when the call has ended, however it did. */
  protected onEnd(): void {}

  private take(): ResponseCallback<never> | undefined {
    const { callback, previous, next } = this;
    if (callback === undefined) return undefined;
    this.callback = undefined;
    previous.next = next;
    next.previous = previous;
    // One that has become old would keep all that came after it.
    this.previous = this.next = this;
    this.onEnd();
    return callback;
  }
}

/** The requests of a transport that have no answer yet, each of which fails when its time is over. */
export class PendingCalls {
  /** In no order: a ring that begins and ends here. */
  private readonly ring = new PendingCall(undefined, 0, 0);
  private timer: Timer | undefined;
  private timerDeadline = Infinity;

  constructor(private readonly clock: Clock) {}

  add(call: PendingCall): void {
    const { ring } = this;
    call.next = ring;
    call.previous = ring.previous;
    ring.previous.next = call;
    ring.previous = call;
    this.watch(call.deadline);
  }

  /** Fails all of them, and watches no more. */
  close(error: RocketMQError): void {
    this.clock.clearTimeout(this.timer);
    for (const call of this.collect(() => true)) call.fail(error);
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
    for (const call of this.collect(({ deadline }) => deadline <= now)) {
      const { timeoutMillis } = call;
      call.fail(new RemotingTimeoutError(`no answer within ${timeoutMillis} ms`, timeoutMillis));
    }
    let next = Infinity;
    for (let call = this.ring.next; call !== this.ring; call = call.next)
      next = Math.min(next, call.deadline);
    if (next < Infinity) this.watch(next);
  }

  /** Whoever is failed may begin another call at once, so the ring is not walked meanwhile. */
  private collect(isWanted: (call: PendingCall) => boolean): PendingCall[] {
    const calls: PendingCall[] = [];
    for (let call = this.ring.next; call !== this.ring; call = call.next)
      if (isWanted(call)) calls.push(call);
    return calls;
  }
}
