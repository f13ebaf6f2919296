import type { Clock } from '../../common/clock.js';
import type { Logger } from '../../common/logger.js';
import { MQClientError } from '../../errors/mq-client.error.js';
import { RocketMQError } from '../../errors/rocketmq.error.js';
import { RequestSigner } from '../acl/request-signer.js';
import type { SessionCredentials } from '../acl/session-credentials.js';
import type { RemotingRequest } from '../remoting-command.js';
import type { RequestCode } from '../request-code.js';
import type { ClientTls } from '../tls/client-tls.js';
import { PendingCalls } from './pending-calls.js';
import { TcpConnection } from './tcp-connection.js';
import type { RequestListener, ResponseCallback, Transport } from './transport.js';

/** Milliseconds before a server that could not be reached is tried again: doubled with every failure. */
const MIN_BACK_OFF = 100;
const MAX_BACK_OFF = 3000;

export interface TcpTransportOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Undefined: connections are not encrypted. */
  readonly tls?: ClientTls | undefined;
  /** Undefined: requests are not signed. */
  readonly credentials?: SessionCredentials | undefined;
}

/** What is known of a server that cannot be reached. */
interface Outage {
  readonly error: MQClientError;
  readonly backOff: number;
  readonly retryAt: number;
}

/** Reaches servers over TCP, with one connection to each (NettyRemotingClient). */
export class TcpTransport implements Transport {
  private readonly connections = new Map<string, TcpConnection>();
  private readonly outages = new Map<string, Outage>();
  private readonly pending: PendingCalls;
  private readonly signer: RequestSigner | undefined;
  private listener: RequestListener | undefined;
  private isClosed = false;

  constructor(private readonly options: TcpTransportOptions) {
    this.pending = new PendingCalls(options.clock);
    this.signer = options.credentials && new RequestSigner(options.credentials);
  }

  invoke<C extends RequestCode>(
    address: string,
    request: RemotingRequest<C>,
    timeoutMillis: number,
    callback: ResponseCallback<C>,
  ): void {
    try {
      this.connectionTo(address).invoke(request, timeoutMillis, callback);
    } catch (error) {
      if (!(error instanceof RocketMQError)) throw error;
      callback.onError(error);
    }
  }

  invokeOneway<C extends RequestCode>(address: string, request: RemotingRequest<C>): void {
    try {
      this.connectionTo(address).invokeOneway(request as RemotingRequest);
    } catch (error) {
      this.options.logger.warn(`A one-way request to ${address} was not sent: ${String(error)}`);
    }
  }

  onRequest(listener: RequestListener): void {
    this.listener = listener;
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const connection of this.connections.values()) connection.close();
    this.pending.close(
      new MQClientError('The client was shut down before the answer came', { retryable: true }),
    );
  }

  private connectionTo(address: string): TcpConnection {
    if (this.isClosed) throw new MQClientError(`connect to ${address} failed: the client is shut down`);
    const existing = this.connections.get(address);
    if (existing !== undefined) return existing;
    const outage = this.outages.get(address);
    if (outage !== undefined && outage.retryAt > this.options.clock.now()) throw outage.error;
    const connection = this.open(address);
    this.connections.set(address, connection);
    return connection;
  }

  private open(address: string): TcpConnection {
    let isConnected = false;
    return new TcpConnection(address, {
      clock: this.options.clock,
      pending: this.pending,
      tls: this.options.tls,
      signer: this.signer,
      onRequest: (request, reply) => this.listener?.(request, reply),
      onConnected: () => {
        isConnected = true;
        this.outages.delete(address);
        this.options.logger.log(`Connected to ${address}`);
      },
      onClosed: (error) => this.onClosed(address, isConnected, error),
    });
  }

  private onClosed(address: string, wasConnected: boolean, error: MQClientError): void {
    this.connections.delete(address);
    if (this.isClosed) return;
    if (wasConnected) return this.options.logger.warn(error.message);
    const last = this.outages.get(address);
    const backOff = last === undefined ? MIN_BACK_OFF : Math.min(last.backOff * 2, MAX_BACK_OFF);
    this.outages.set(address, { error, backOff, retryAt: this.options.clock.now() + backOff });
    if (last === undefined) this.options.logger.warn(error.message);
  }
}
