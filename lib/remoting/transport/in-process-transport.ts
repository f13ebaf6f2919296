import type { Clock } from '../../common/clock.js';
import type { SocketHost } from '../../common/socket-host.js';
import { MQClientError } from '../../errors/mq-client.error.js';
import type { Channel, RequestContext, RequestHandler } from '../channel.js';
import { OWN_LANGUAGE } from '../codec/language-code.js';
import { OWN_VERSION } from '../codec/mq-version.js';
import type { RemotingRequest, RemotingResponse } from '../remoting-command.js';
import type { RequestCode } from '../request-code.js';
import { PendingCall, PendingCalls } from './pending-calls.js';
import type { RequestListener, ResponseCallback, Transport } from './transport.js';

/**
 * Reaches servers of the same process: requests and answers are passed on as they are, nothing is encoded. Each
 * instance is one connection of one client.
 */
export class InProcessTransport implements Transport {
  private readonly channel: Channel & { isClosed: boolean };
  private readonly pending: PendingCalls;
  private listener: RequestListener | undefined;
  private isClosed = false;

  constructor(
    private readonly servers: ReadonlyMap<string, RequestHandler>,
    private readonly clock: Clock,
    remoteHost: SocketHost,
  ) {
    this.channel = {
      remoteHost,
      isClosed: false,
      isWritable: true,
      language: OWN_LANGUAGE,
      version: OWN_VERSION,
      push: (request) => this.receive(request, ignore),
      invoke: (request, timeoutMillis, callback) => this.ask(request as never, timeoutMillis, callback),
    };
    this.pending = new PendingCalls(clock);
  }

  invoke<C extends RequestCode>(
    address: string,
    request: RemotingRequest<C>,
    timeoutMillis: number,
    callback: ResponseCallback<C>,
    now = this.clock.now(),
  ): void {
    const server = this.servers.get(address);
    if (server === undefined || this.isClosed) return callback.onError(this.unreachable(address));
    const waiting = callback as ResponseCallback<never>;
    // The call is its own context on the server: one object less for every message.
    const call = new PendingCall(waiting, now + timeoutMillis, timeoutMillis, this.channel);
    this.pending.add(call);
    server.handle(request, call as RequestContext<never> as RequestContext);
  }

  invokeOneway<C extends RequestCode>(address: string, request: RemotingRequest<C>): void {
    if (!this.isClosed) this.servers.get(address)?.handle(request, { channel: this.channel, reply: ignore });
  }

  onRequest(listener: RequestListener): void {
    this.listener = listener;
  }

  isNear(address: string): boolean {
    return this.servers.has(address);
  }

  onConnectionChange(): void {}

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.channel.isClosed = true;
    this.pending.close(
      new MQClientError('The client was shut down before the answer came', { retryable: true }),
    );
    for (const server of this.servers.values()) server.onChannelClosed(this.channel);
  }

  /** Requests to a client arrive in a turn of their own, as they would over a network. */
  private receive(request: RemotingRequest, reply: (response: RemotingResponse) => void): void {
    this.clock.setImmediate(() => {
      if (!this.isClosed) this.listener?.(request, reply);
    });
  }

  /** A request of a server that the client answers. */
  private ask(request: RemotingRequest, timeoutMillis: number, callback: ResponseCallback<never>): void {
    if (this.isClosed) return callback.onError(new MQClientError('The client is shut down'));
    const call = new PendingCall(callback, this.clock.now() + timeoutMillis, timeoutMillis);
    this.pending.add(call);
    this.receive(request, (response) => call.reply(response as never));
  }

  private unreachable(address: string): MQClientError {
    const reason = this.isClosed ? 'the client is shut down' : 'nothing in this process serves it';
    return new MQClientError(`connect to ${address} failed: ${reason}`, { retryable: !this.isClosed });
  }
}

function ignore(): void {}
