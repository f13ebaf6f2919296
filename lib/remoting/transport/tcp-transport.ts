import type { Clock } from '../../common/clock.js';
import { LimitedLogger } from '../../common/limited-logger.js';
import { escapedLogger, type Logger } from '../../common/logger.js';
import { outsideRequests } from '../../common/own-context.js';
import { MQClientError } from '../../errors/mq-client.error.js';
import { RocketMQError } from '../../errors/rocketmq.error.js';
import { RequestSigner } from '../acl/request-signer.js';
import type { SessionCredentials } from '../acl/session-credentials.js';
import { FieldName, type HeaderTexts } from '../codec/header-codec.js';
import type { SerializeType } from '../codec/remoting-frame.js';
import type { RemotingRequest } from '../remoting-command.js';
import type { RequestCode } from '../request-code.js';
import { type ClientTls, resolveClientTls, type RocketMQTlsOptions } from '../tls/client-tls.js';
import { PendingCalls } from './pending-calls.js';
import type { ConnectionChange } from './connection-change.js';
import { TcpConnection, type ConnectionEnd } from './tcp-connection.js';
import type { RequestListener, ResponseCallback, Transport } from './transport.js';

/** Milliseconds before a server that could not be reached is tried again: doubled with every failure. */
const MIN_BACK_OFF = 100;
const MAX_BACK_OFF = 3000;

/** Milliseconds after which a server that nobody tries to reach any more is forgotten: where addresses change daily they would add up. */
const OUTAGE_MEMORY = 3_600_000;

/** Whether there is a namespace, and which. */
const NAMESPACE_FIELDS = [new FieldName('nsd'), new FieldName('ns')];

export interface TcpTransportOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** `true` trusts the authorities that Node does. Default: connections are not encrypted. */
  readonly tls?: boolean | RocketMQTlsOptions | undefined;
  /** Undefined: requests are not signed. */
  readonly credentials?: SessionCredentials | undefined;
  /** A namespace in which brokers find topics and groups by their plain names (NamespaceRpcHook). */
  readonly namespaceV2?: string;
  /** How headers of requests are written; `ROCKETMQ` by default. Servers answer in the same form (`rocketmq.serialize.type` of Java's client). */
  readonly serializeType?: SerializeType;
}

/** What is known of a server that was lost, or cannot be reached. It ends when the server says something. */
interface Outage {
  readonly error: MQClientError;
  readonly backOff: number;
  readonly retryAt: number;
  readonly isRetried: boolean;
}

/** Reaches servers over TCP, with one connection to each (NettyRemotingClient). */
export class TcpTransport implements Transport {
  private readonly connections = new Map<string, TcpConnection>();
  /** Those that their servers end, until they are closed. */
  private readonly leaving = new Set<TcpConnection>();
  private readonly outages = new Map<string, Outage>();
  private readonly pending: PendingCalls;
  private readonly signer: RequestSigner | undefined;
  private readonly extraFields: HeaderTexts | undefined;
  private readonly logger: Logger;
  /** Of one-way requests, of which there may be as many as messages. */
  private readonly unsent: LimitedLogger;
  private readonly tls: ClientTls | undefined;
  private listener: RequestListener | undefined;
  private onChange: ((change: ConnectionChange) => void) | undefined;
  private isClosed = false;

  /** @throws ConfigurationError for an option of `tls`, or a file that it names, that cannot be used. */
  constructor(private readonly options: TcpTransportOptions) {
    this.logger = escapedLogger(options.logger);
    this.unsent = new LimitedLogger(this.logger, options.clock);
    this.tls = resolveClientTls(options.tls);
    this.pending = new PendingCalls(options.clock);
    this.signer = options.credentials && new RequestSigner(options.credentials);
    const { namespaceV2 } = options;
    if (namespaceV2 !== undefined)
      this.extraFields = { names: NAMESPACE_FIELDS, values: ['true', namespaceV2] };
  }

  invoke<C extends RequestCode>(
    address: string,
    request: RemotingRequest<C>,
    timeoutMillis: number,
    callback: ResponseCallback<C>,
    now?: number,
  ): void {
    try {
      this.connectionTo(address).invoke(request, timeoutMillis, callback, now);
    } catch (error) {
      if (!(error instanceof RocketMQError)) throw error;
      callback.onError(error);
    }
  }

  invokeOneway<C extends RequestCode>(address: string, request: RemotingRequest<C>): void {
    try {
      this.connectionTo(address).invokeOneway(request as RemotingRequest);
    } catch (error) {
      this.unsent.warn(`A one-way request to ${address} was not sent: ${String(error)}`);
    }
  }

  onRequest(listener: RequestListener): void {
    this.listener = listener;
  }

  onConnectionChange(listener: (change: ConnectionChange) => void): void {
    this.onChange = listener;
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const connection of this.all()) connection.close();
    this.pending.close(
      new MQClientError('The client was shut down before the answer came', { retryable: true }),
    );
  }

  async whenClosed(): Promise<void> {
    await Promise.all(this.all().map(({ closed }) => closed));
  }

  private all(): TcpConnection[] {
    return [...this.connections.values(), ...this.leaving];
  }

  private connectionTo(address: string): TcpConnection {
    if (this.isClosed) throw new MQClientError(`connect to ${address} failed: the client is shut down`);
    const existing = this.connections.get(address);
    if (existing !== undefined) return existing;
    const outage = this.outages.get(address);
    if (outage !== undefined) this.retry(address, outage);
    const connection = outsideRequests(() => this.open(address));
    this.connections.set(address, connection);
    return connection;
  }

  /** @throws MQClientError what happened last, when it is too early to try again. */
  private retry(address: string, outage: Outage): void {
    if (outage.retryAt > this.options.clock.monotonicNow()) throw outage.error;
    if (outage.isRetried) return;
    this.outages.set(address, { ...outage, isRetried: true });
    this.onChange?.({ address, state: 'reconnecting' });
  }

  private open(address: string): TcpConnection {
    const connection = new TcpConnection(address, {
      clock: this.options.clock,
      pending: this.pending,
      tls: this.tls,
      signer: this.signer,
      extraFields: this.extraFields,
      serializeType: this.options.serializeType ?? 'ROCKETMQ',
      onRequest: (request, reply) => this.listener?.(request, reply),
      onConnected: () => {
        if (!this.outages.has(address)) this.onConnected(address);
      },
      onProven: () => {
        if (this.outages.delete(address)) this.onConnected(address);
      },
      onGoAway: () => this.onGoAway(connection),
      onClosed: (end) => {
        if (!this.leaving.delete(connection)) this.onClosed(address, end);
      },
    });
    return connection;
  }

  private onGoAway(connection: TcpConnection): void {
    if (this.isClosed) return;
    const { address } = connection;
    this.connections.delete(address);
    this.leaving.add(connection);
    this.onChange?.({ address, state: 'disconnected' });
  }

  private onConnected(address: string): void {
    this.logger.log(`Connected to ${address}`);
    this.onChange?.({ address, state: 'connected' });
  }

  private onClosed(address: string, { error, wasProven, wasIdle }: ConnectionEnd): void {
    this.connections.delete(address);
    if (this.isClosed) return;
    if (wasIdle) return this.onChange?.({ address, state: 'disconnected' });
    const last = this.outages.get(address);
    const backOff = last === undefined ? MIN_BACK_OFF : Math.min(last.backOff * 2, MAX_BACK_OFF);
    const pause = wasProven ? 0 : backOff;
    const retryAt = this.options.clock.monotonicNow() + pause;
    if (last === undefined) this.forgetOutages(retryAt - OUTAGE_MEMORY);
    this.outages.set(address, { error, backOff, retryAt, isRetried: last?.isRetried ?? false });
    if (last !== undefined) return;
    this.logger.warn(error.message);
    this.onChange?.({ address, state: 'disconnected', error });
  }

  private forgetOutages(before: number): void {
    for (const [address, { retryAt }] of this.outages) if (retryAt < before) this.outages.delete(address);
  }
}
