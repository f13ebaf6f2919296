import type { Clock, Timer } from '../../common/clock.js';
import type { SocketHost } from '../../common/socket-host.js';
import { MQClientError } from '../../errors/mq-client.error.js';
import { RemotingTimeoutError } from '../../errors/remoting-timeout.error.js';
import type { RocketMQError } from '../../errors/rocketmq.error.js';
import type { Channel, RequestContext, RequestHandler } from '../channel.js';
import type { RemotingRequest, RemotingResponse } from '../remoting-command.js';
import type { RequestCode } from '../request-code.js';
import type { ResponseCallback, Transport } from './transport.js';

/**
 * Reaches servers of the same process: requests and answers are passed on as they are, nothing is encoded. Each
 * instance is one connection of one client.
 */
export class InProcessTransport implements Transport {
  private readonly channel: Channel;
  /** The requests without an answer, in no order: a ring of calls that this one begins and ends. */
  private readonly pending = new Call(undefined, 0, 0);
  private timer: Timer | undefined;
  private timerDeadline = Infinity;
  private listener: ((request: RemotingRequest) => void) | undefined;
  private isClosed = false;

  constructor(
    private readonly servers: ReadonlyMap<string, RequestHandler>,
    private readonly clock: Clock,
    remoteHost: SocketHost,
  ) {
    this.channel = { remoteHost, push: (request) => this.receive(request) };
  }

  invoke<C extends RequestCode>(
    address: string,
    request: RemotingRequest<C>,
    timeoutMillis: number,
    callback: ResponseCallback<C>,
  ): void {
    const server = this.servers.get(address);
    if (server === undefined || this.isClosed) return callback.onError(this.unreachable(address));
    const call = new Call(
      callback as ResponseCallback<never>,
      this.clock.now() + timeoutMillis,
      timeoutMillis,
    );
    call.channel = this.channel;
    call.insertBefore(this.pending);
    this.watch(call.deadline);
    server.handle(request, call as unknown as RequestContext);
  }

  invokeOneway<C extends RequestCode>(address: string, request: RemotingRequest<C>): void {
    if (!this.isClosed) this.servers.get(address)?.handle(request, { channel: this.channel, reply: ignore });
  }

  onRequest(listener: (request: RemotingRequest) => void): void {
    this.listener = listener;
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.clock.clearTimeout(this.timer);
    this.failWhere(
      () => true,
      () => new MQClientError('The client was shut down before the answer came', { retryable: true }),
    );
    for (const server of this.servers.values()) server.onChannelClosed(this.channel);
  }

  /** Requests to a client arrive in a turn of their own, as they would over a network. */
  private receive(request: RemotingRequest): void {
    this.clock.setImmediate(() => {
      if (!this.isClosed) this.listener?.(request);
    });
  }

  private unreachable(address: string): MQClientError {
    const reason = this.isClosed ? 'the client is shut down' : 'nothing in this process serves it';
    return new MQClientError(`connect to ${address} failed: ${reason}`, { retryable: !this.isClosed });
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
    this.failWhere(
      (call) => call.deadline <= now,
      (call) => new RemotingTimeoutError(`no answer within ${call.timeoutMillis} ms`, call.timeoutMillis),
    );
    let next = Infinity;
    for (let call = this.pending.next; call !== this.pending; call = call.next) {
      next = Math.min(next, call.deadline);
    }
    if (next < Infinity) this.watch(next);
  }

  private failWhere(isAffected: (call: Call) => boolean, errorOf: (call: Call) => RocketMQError): void {
    const failed: Call[] = [];
    for (let call = this.pending.next; call !== this.pending; call = call.next) {
      if (isAffected(call)) failed.push(call);
    }
    for (const call of failed) call.fail(errorOf(call));
  }
}

function ignore(): void {}

/** A request under way, and its place among the others. */
class Call implements RequestContext<never> {
  channel!: Channel;
  previous: Call = this;
  next: Call = this;

  constructor(
    private callback: ResponseCallback<never> | undefined,
    readonly deadline: number,
    readonly timeoutMillis: number,
  ) {}

  reply(response: RemotingResponse<never>): void {
    this.take()?.onResponse(response);
  }

  fail(error: RocketMQError): void {
    this.take()?.onError(error);
  }

  insertBefore(other: Call): void {
    this.next = other;
    this.previous = other.previous;
    other.previous.next = this;
    other.previous = this;
  }

  /** Whoever comes second, answer or timeout, finds nobody waiting. */
  private take(): ResponseCallback<never> | undefined {
    const { callback, previous, next } = this;
    if (callback === undefined) return undefined;
    this.callback = undefined;
    previous.next = next;
    next.previous = previous;
    return callback;
  }
}
