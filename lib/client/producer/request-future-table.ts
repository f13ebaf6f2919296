import { whenOverdue, type Clock } from '../../common/clock.js';
import type { MessageExt } from '../../common/message-ext.js';
import { MQClientError } from '../../errors/mq-client.error.js';
import { RequestTimeoutError } from '../../errors/request-timeout.error.js';

/** Requests of one client that may wait for their reply at once. */
const MAX_REQUESTS = 65_536;

/** A request whose reply has not come yet (RequestResponseFuture). */
export interface RequestFuture {
  /** What came, or why nothing will. */
  readonly reply: Promise<MessageExt>;
  /** The request is in its broker: from now on a timeout means that the reply is missing. */
  sent(): void;
  /** Nothing is waited for any more. */
  fail(error: unknown): void;
}

/** The requests of a client by their correlation id (RequestFutureHolder). */
export class RequestFutureTable {
  private readonly requests = new Map<string, WaitingRequest>();

  constructor(private readonly clock: Clock) {}

  get isEmpty(): boolean {
    return this.requests.size === 0;
  }

  /** @throws MQClientError when too many wait already. */
  add(correlationId: string, topic: string, timeoutMillis: number): RequestFuture {
    if (this.requests.size >= MAX_REQUESTS) {
      const text = `${MAX_REQUESTS} requests of this client wait for their reply, no more are sent`;
      throw new MQClientError(text, { retryable: true });
    }
    const request = new WaitingRequest(topic, timeoutMillis);
    const stopWaiting = whenOverdue(this.clock, timeoutMillis, () => request.expire());
    request.onEnd = () => {
      stopWaiting();
      this.requests.delete(correlationId);
    };
    this.requests.set(correlationId, request);
    return request;
  }

  /** Hands a reply to its request; false when nobody waits for it (any more). */
  complete(correlationId: string, reply: MessageExt): boolean {
    const request = this.requests.get(correlationId);
    request?.complete(reply);
    return request !== undefined;
  }

  /** Ends all waiting. */
  close(): void {
    for (const request of this.requests.values()) {
      const text = `The client was shut down before the reply to the request of topic ${request.topic} came`;
      request.fail(new MQClientError(text, { retryable: true }));
    }
  }
}

class WaitingRequest implements RequestFuture {
  readonly reply: Promise<MessageExt>;
  onEnd!: () => void;
  private isSent = false;
  private resolve!: (reply: MessageExt) => void;
  private reject!: (error: unknown) => void;

  constructor(
    readonly topic: string,
    private readonly timeoutMillis: number,
  ) {
    this.reply = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // Whoever sends may fail before it looks at the reply.
    this.reply.catch(() => {});
  }

  sent(): void {
    this.isSent = true;
  }

  complete(reply: MessageExt): void {
    this.onEnd();
    this.resolve(reply);
  }

  fail(error: unknown): void {
    this.onEnd();
    this.reject(error);
  }

  /** The texts are those of DefaultMQProducerImpl#waitResponse. */
  expire(): void {
    const { topic, timeoutMillis } = this;
    if (!this.isSent) return this.fail(new MQClientError(`send request message to <${topic}> fail`));
    const text = `send request message to <${topic}> OK, but wait reply message timeout, ${timeoutMillis} ms.`;
    this.fail(new RequestTimeoutError(text, timeoutMillis));
  }
}
