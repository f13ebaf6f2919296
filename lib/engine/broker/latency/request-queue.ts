import type { Clock } from '../../../common/clock.js';
import type { MessageBatch } from '../../../remoting/body/message-batch.js';
import type { RequestContext } from '../../../remoting/channel.js';
import { failure, type RemotingRequest } from '../../../remoting/remoting-command.js';
import type { RequestExecutor } from '../../../remoting/request-executor.js';
import { ResponseCode } from '../../../remoting/response-code.js';

export interface RequestQueueOptions {
  readonly clock: Clock;
  /** Most requests that wait. */
  readonly capacity: number;
  /** Most bytes of bodies that wait. */
  readonly maxBytes: number;
  /** Milliseconds after which a request that waits is refused. */
  readonly waitTimeMills: number;
  /** Whether what the requests need has no room for another one. */
  readonly isBusy: () => boolean;
  /** Whether a request does not need what is busy, and is carried out at once. */
  readonly needsNothing?: (request: RemotingRequest) => boolean;
  /** Whether it is not known when there will be room, so that nothing may wait for it. */
  readonly isStuck: () => boolean;
  /** Called when there is something to {@link RequestQueue.takeUp}. */
  readonly onWaiting: () => void;
  readonly onRefused: () => void;
}

interface WaitingRequest {
  readonly request: RemotingRequest;
  readonly context: RequestContext;
  readonly carryOut: (request: RemotingRequest) => void;
  readonly bytes: number;
  /** In the time of `Clock.monotonicNow`. */
  readonly since: number;
  next: WaitingRequest | undefined;
}

type CleanReason = 'TIMEOUT_CLEAN_QUEUE' | 'PCBUSY_CLEAN_QUEUE';

/**
 * Requests that wait in the order of their arrival until there is room for them: the queue of a thread pool of Apache's broker,
 * without the threads. None waits as long as nothing is busy.
 */
export class RequestQueue implements RequestExecutor {
  private head: WaitingRequest | undefined;
  private tail: WaitingRequest | undefined;
  private bytes = 0;
  private isTakingUp = false;
  /** How many requests wait. */
  size = 0;

  constructor(private readonly options: RequestQueueOptions) {}

  get isFree(): boolean {
    return this.head === undefined && !this.options.isBusy();
  }

  get capacity(): number {
    return this.options.capacity;
  }

  /** Milliseconds that the oldest request has waited. */
  get headWaitTimeMills(): number {
    return this.head === undefined ? 0 : Math.floor(this.options.clock.monotonicNow() - this.head.since);
  }

  execute(
    request: RemotingRequest,
    context: RequestContext,
    carryOut: (request: RemotingRequest) => void,
  ): void {
    if (this.options.needsNothing?.(request) === true) return carryOut(request);
    const bytes = sizeOf(request.body);
    const { capacity, maxBytes, clock, isStuck, onWaiting } = this.options;
    if (isStuck()) return this.refuse(context, '[REJECTREQUEST]system busy, start flow control for a while');
    if (this.size >= capacity || (this.size > 0 && this.bytes + bytes > maxBytes)) {
      return this.refuse(context, '[OVERLOAD]system busy, start flow control for a while');
    }
    this.add({
      request: withOwnBody(request),
      context,
      carryOut,
      bytes,
      since: clock.monotonicNow(),
      next: undefined,
    });
    onWaiting();
  }

  /** Refuses a request without keeping it. */
  private refuse(context: RequestContext, remark: string): void {
    context.reply(failure(ResponseCode.SYSTEM_BUSY, remark));
    this.options.onRefused();
  }

  /** Carries out what there is room for. */
  takeUp(): void {
    if (this.head === undefined || this.isTakingUp) return;
    this.isTakingUp = true;
    try {
      while (this.head !== undefined && !this.options.isBusy()) carryOut(this.remove());
    } finally {
      this.isTakingUp = false;
    }
  }

  /** Refuses what has waited too long, or cannot know how long it would (BrokerFastFailure#cleanExpiredRequest). */
  clean(): void {
    while (this.head !== undefined && this.options.isStuck()) this.refuseHead('PCBUSY_CLEAN_QUEUE');
    while (this.head !== undefined && this.headWaitTimeMills >= this.options.waitTimeMills) {
      this.refuseHead('TIMEOUT_CLEAN_QUEUE');
    }
  }

  /** Carries out everything, at the end of the broker, where each is told why it is refused. */
  flush(): void {
    while (this.head !== undefined) carryOut(this.remove());
  }

  private refuseHead(reason: CleanReason): void {
    const waited = this.headWaitTimeMills;
    const { context } = this.remove();
    this.refuse(
      context,
      `[${reason}]broker busy, start flow control for a while, period in queue: ${waited}ms, ` +
        `size of queue: ${this.size}`,
    );
  }

  private add(waiting: WaitingRequest): void {
    if (this.tail === undefined) this.head = waiting;
    else this.tail.next = waiting;
    this.tail = waiting;
    this.size++;
    this.bytes += waiting.bytes;
  }

  private remove(): WaitingRequest {
    const first = this.head!;
    this.head = first.next;
    // One that has become old would keep all that came after it.
    first.next = undefined;
    if (this.head === undefined) this.tail = undefined;
    this.size--;
    this.bytes -= first.bytes;
    return first;
  }
}

function carryOut(waiting: WaitingRequest): void {
  waiting.carryOut(waiting.request);
}

function sizeOf(body: RemotingRequest['body']): number {
  if (Buffer.isBuffer(body)) return body.length;
  return isBatch(body) ? body.reduce((size, { body: inner }) => size + inner.length, 0) : 0;
}

/** A body is part of what a socket delivered, which would be kept with it, or belongs to a sender that may change it. */
function withOwnBody(request: RemotingRequest): RemotingRequest {
  const { body } = request;
  if (Buffer.isBuffer(body)) return { ...request, body: Buffer.from(body) } as RemotingRequest;
  if (!isBatch(body)) return request;
  const batch = body.map((message) => ({ ...message, body: Buffer.from(message.body) }));
  return { ...request, body: batch } as RemotingRequest;
}

function isBatch(body: RemotingRequest['body']): body is MessageBatch {
  return Array.isArray(body);
}
