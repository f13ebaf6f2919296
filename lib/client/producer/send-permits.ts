import { millisLeft, type Clock } from '../../common/clock.js';
import { MQClientError } from '../../errors/mq-client.error.js';
import type { ProducerConfig } from './producer-config.js';

type Limits = Pick<ProducerConfig, 'backPressureForAsyncSendNum' | 'backPressureForAsyncSendSize'>;

/** What a send that asks for its turn needs. */
export interface PermitRequest {
  readonly bytes: number;
  /** Milliseconds for waiting and sending. */
  readonly timeout: number;
  readonly topic: string;
  readonly signal: AbortSignal | undefined;
}

interface Waiter {
  readonly bytes: number;
  start(): void;
  fail(error: unknown): void;
}

/** Sends, and bytes of their bodies. */
class Amount {
  sends = 0;
  bytes = 0;

  constructor(private readonly limits: Limits) {}

  /** A body that is larger than all may be has its turn alone. */
  hasRoom(bytes: number): boolean {
    const { backPressureForAsyncSendNum, backPressureForAsyncSendSize } = this.limits;
    if (this.sends === 0) return true;
    return this.sends < backPressureForAsyncSendNum && this.bytes + bytes <= backPressureForAsyncSendSize;
  }

  add(bytes: number): void {
    this.sends++;
    this.bytes += bytes;
  }

  remove(bytes: number): void {
    this.sends--;
    this.bytes -= bytes;
  }
}

/**
 * Bounds the asynchronous sends of a producer that are under way (semaphoreAsyncSendNum, semaphoreAsyncSendSize of
 * DefaultMQProducerImpl). Java lets the calling thread wait; here its message waits, so what waits is bounded too.
 */
export class SendPermits {
  private readonly underWay: Amount;
  private readonly waitingAmount: Amount;
  /** In the order of their calls. */
  private readonly waiting = new Set<Waiter>();

  constructor(
    private readonly clock: Clock,
    private readonly limits: Limits,
  ) {
    this.underWay = new Amount(limits);
    this.waitingAmount = new Amount(limits);
  }

  /** Sends when its turn has come, and gives its place back; rejects as {@link acquire} too. */
  run<T>(request: PermitRequest, send: (timeLeft: number) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const begin = (timeLeft: number) => {
        const sent = send(timeLeft);
        sent.finally(() => this.release(request.bytes)).catch(() => {});
        endedBySignal(sent, request.signal).then(resolve, reject);
      };
      this.acquire(request, begin).catch(reject);
    });
  }

  /**
   * Calls `begin` when the send may begin, in the order of these calls, with the milliseconds that are left for it.
   *
   * @throws MQClientError when too many wait, the time is over, or the producer is shut down; the reason of the signal.
   */
  async acquire(request: PermitRequest, begin: (timeLeft: number) => void): Promise<void> {
    const { bytes, timeout, topic, signal } = request;
    signal?.throwIfAborted();
    if (this.waiting.size > 0 || !this.underWay.hasRoom(bytes)) {
      if (!this.waitingAmount.hasRoom(bytes)) throw this.refusal(topic, 'as many wait already');
      return this.wait(request, begin);
    }
    this.underWay.add(bytes);
    begin(timeout);
  }

  /** A send has ended. */
  release(bytes: number): void {
    this.underWay.remove(bytes);
    for (const waiter of this.waiting) {
      if (!this.underWay.hasRoom(waiter.bytes)) return;
      this.underWay.add(waiter.bytes);
      waiter.start();
    }
  }

  /** Ends all waiting. */
  close(): void {
    for (const waiter of this.waiting)
      waiter.fail(new MQClientError('The producer was shut down before the message could be sent'));
  }

  private wait(
    { bytes, timeout, topic, signal }: PermitRequest,
    begin: (timeLeft: number) => void,
  ): Promise<void> {
    const startedAt = this.clock.monotonicNow();
    return new Promise((resolve, reject) => {
      const onAbort = () => waiter.fail(signal!.reason);
      const end = () => {
        this.clock.clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        this.waiting.delete(waiter);
        this.waitingAmount.remove(bytes);
      };
      const waiter: Waiter = {
        bytes,
        start: () => {
          end();
          begin(Math.max(millisLeft(timeout, startedAt, this.clock.monotonicNow()), 1));
          resolve();
        },
        fail: (error) => {
          end();
          reject(error as Error);
        },
      };
      const late = () => waiter.fail(this.refusal(topic, `none ended within ${timeout} ms`));
      const timer = this.clock.setTimeout(late, timeout);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.waiting.add(waiter);
      this.waitingAmount.add(bytes);
    });
  }

  private refusal(topic: string, reason: string): MQClientError {
    const { backPressureForAsyncSendNum, backPressureForAsyncSendSize } = this.limits;
    const text =
      `A message of topic ${topic} was not sent: ${backPressureForAsyncSendNum} asynchronous sends ` +
      `(backPressureForAsyncSendNum), or ${backPressureForAsyncSendSize} bytes (backPressureForAsyncSendSize), are under ` +
      `way, and ${reason}. Await them in portions`;
    return new MQClientError(text, { retryable: true, topic });
  }
}

/** A send whose sender stops waiting at a signal. */
export function endedBySignal<T>(sent: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return sent;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error);
    const end = () => signal.removeEventListener('abort', onAbort);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    sent.finally(end).then(resolve, reject);
  });
}
