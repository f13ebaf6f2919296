import type { Socket } from 'node:net';
import type { Clock, Timer } from '../../common/clock.js';
import { parseNamedAddress } from '../../common/host-port.js';
import { MQClientError } from '../../errors/mq-client.error.js';
import type { RequestSigner } from '../acl/request-signer.js';
import { FrameCutter } from '../codec/frame-cutter.js';
import type { HeaderTexts } from '../codec/header-codec.js';
import { encodeRequest, encodeResponse, understandRequest } from '../codec/remoting-codec.js';
import {
  decodeFrame,
  isOneway,
  isResponse,
  type RemotingFrame,
  type SerializeType,
} from '../codec/remoting-frame.js';
import type { RemotingRequest, RemotingResponse } from '../remoting-command.js';
import type { RequestCode } from '../request-code.js';
import { ClientErrorCode, ResponseCode } from '../response-code.js';
import { openSocket, type ClientTls } from '../tls/client-tls.js';
import type { PendingCalls } from './pending-calls.js';
import { ResponseTable } from './response-table.js';
import { SocketWriter } from './socket-writer.js';
import { TcpCall } from './tcp-call.js';
import type { RequestListener, ResponseCallback } from './transport.js';

/** Milliseconds (NettyClientConfig: connectTimeoutMillis, clientChannelMaxIdleTimeSeconds). */
const CONNECT_TIMEOUT = 3000;
const MAX_IDLE_TIME = 120_000;
/** Milliseconds that prove nothing: a server may be busy for as long (NettyRemotingClient.MIN_CLOSE_TIMEOUT_MILLIS). */
const MIN_CLOSE_TIMEOUT = 100;
/** Milliseconds that a server may take for what was written last: who cannot be reached must not keep the process alive. */
const CLOSE_TIMEOUT = 3000;
/** Bytes that a server may leave unread before further requests are refused. */
const MAX_BACKLOG = 64 * 1024 * 1024;
/** Bytes with answers to its own requests at which it is left: requests of ours alone are never so many. */
const MAX_UNREAD = 2 * MAX_BACKLOG;

export interface TcpConnectionOptions {
  readonly clock: Clock;
  readonly pending: PendingCalls;
  /** Undefined: the connection is not encrypted. */
  readonly tls: ClientTls | undefined;
  /** Undefined: requests are not signed. */
  readonly signer: RequestSigner | undefined;
  /** Fields that every request has. */
  readonly extraFields: HeaderTexts | undefined;
  readonly serializeType: SerializeType;
  /** A request of the server. */
  readonly onRequest: RequestListener;
  readonly onConnected: () => void;
  /** The server has said something. Before that it may as well be something else that listens. */
  readonly onProven: () => void;
  /** The server ends, and takes no more requests over this connection, which closes when those under way are answered. */
  readonly onGoAway: () => void;
  /** Called once, also when the connection never came about. */
  readonly onClosed: (end: ConnectionEnd) => void;
}

export interface ConnectionEnd {
  readonly error: MQClientError;
  readonly wasProven: boolean;
  /** Nobody used it. */
  readonly wasIdle: boolean;
}

/** One connection of a client to a server, and the requests that wait for its answers. */
export class TcpConnection {
  /** Settles when the server has everything that was written, or is gone. */
  readonly closed: Promise<void>;
  private readonly socket: Socket;
  private readonly writer: SocketWriter;
  private readonly calls = new ResponseTable((call) => this.closeIfSilent(call));
  private isConnected = false;
  private isProven = false;
  private isIdle = false;
  private isLeaving = false;
  private fault: Error | undefined;
  private closeTimer: Timer | undefined;

  /** @throws MQClientError when `address` is not `host:port`. */
  constructor(
    readonly address: string,
    private readonly options: TcpConnectionOptions,
  ) {
    const target = parseNamedAddress(address);
    if (target === undefined) throw notAnAddress(address);
    this.socket = openSocket(target, options.tls, () => this.onConnect());
    this.writer = new SocketWriter(this.socket);
    const cutter = new FrameCutter((buffer, start, end) => this.onFrame(decodeFrame(buffer, start, end)));
    this.socket.setTimeout(CONNECT_TIMEOUT, () => this.onTimeout());
    this.socket.on('data', (chunk) => {
      this.calls.heard++;
      this.guard(() => cutter.push(chunk));
    });
    this.socket.on('error', (error) => (this.fault ??= error));
    this.closed = new Promise((resolve) => {
      this.socket.on('close', () => {
        this.onClose();
        resolve();
      });
    });
  }

  invoke<C extends RequestCode>(
    request: RemotingRequest<C>,
    timeoutMillis: number,
    callback: ResponseCallback<C>,
    now = this.options.clock.now(),
  ): void {
    if (this.writer.backlog > MAX_BACKLOG) return callback.onError(this.overloaded());
    const { calls } = this;
    const opaque = calls.nextOpaque();
    const frame = this.encode(request as RemotingRequest, opaque, false);
    const deadline = now + timeoutMillis;
    const waiter = callback as ResponseCallback<never>;
    this.options.pending.add(new TcpCall(calls, opaque, request.code, waiter, deadline, timeoutMillis));
    this.writer.write(frame);
  }

  invokeOneway(request: RemotingRequest): void {
    if (this.writer.backlog > MAX_BACKLOG) return;
    this.writer.write(this.encode(request, this.calls.nextOpaque(), true));
  }

  /** Ends the connection when the server has everything that was written. */
  close(): void {
    const { clock } = this.options;
    clock.setImmediate(() => this.socket.end());
    this.closeTimer ??= clock.setTimeout(() => this.socket.destroy(), CLOSE_TIMEOUT);
  }

  private encode(request: RemotingRequest, opaque: number, isOneway: boolean): Buffer {
    const { serializeType, signer, extraFields } = this.options;
    return encodeRequest(request, opaque, isOneway, serializeType, signer, extraFields);
  }

  private onConnect(): void {
    this.isConnected = true;
    // Requests that waited for the connection have given the server less than their time.
    this.calls.heard++;
    this.socket.setTimeout(MAX_IDLE_TIME);
    this.options.onConnected();
  }

  private onTimeout(): void {
    this.isIdle = this.isConnected && this.calls.isEmpty;
    const reason = this.isConnected ? 'nothing was sent or received for two minutes' : 'no answer within 3 s';
    this.socket.destroy(new Error(reason));
  }

  /**
   * A server that vanished says nothing, and the kernel sends again for 15 minutes (NettyRemotingClient#invokeSync). What came
   * while this process was busy is read before the end of the turn, and proves that it is there.
   */
  private closeIfSilent({ heard, timeoutMillis }: TcpCall): void {
    if (!this.isConnected || timeoutMillis < MIN_CLOSE_TIMEOUT) return;
    this.options.clock.setImmediate(() => {
      if (this.calls.heard !== heard) return;
      this.socket.destroy(new Error(`nothing was received within ${timeoutMillis} ms after a request`));
    });
  }

  private onFrame(frame: RemotingFrame): void {
    if (!this.isProven) {
      this.isProven = true;
      this.options.onProven();
    }
    if (!isResponse(frame)) return this.onRequest(frame);
    // An answer that comes too late has nobody who waits for it.
    if (frame.code === ResponseCode.GO_AWAY) this.leave();
    this.calls.find(frame.opaque)?.answer(frame);
    if (this.isLeaving && this.calls.isEmpty) this.close();
  }

  /** Behind the address there may be others that take requests (NettyRemotingClient#invokeImpl). */
  private leave(): void {
    if (!this.isLeaving) this.options.onGoAway();
    this.isLeaving = true;
  }

  private onRequest(frame: RemotingFrame): void {
    const reply = (response: RemotingResponse) => this.reply(frame, response);
    const request = understandRequest(frame, { reply });
    if (request !== undefined) this.options.onRequest(request, reply);
  }

  private reply(frame: RemotingFrame, response: RemotingResponse): void {
    if (isOneway(frame) || this.socket.destroyed) return;
    const parts = encodeResponse(frame.code, response, frame.opaque, frame.serializeType);
    for (const part of parts) this.writer.write(part);
    if (this.writer.backlog <= MAX_UNREAD) return;
    this.socket.destroy(new Error(`the server leaves ${MAX_UNREAD / 2 ** 20} MiB of answers unread`));
  }

  /** A peer that does not keep to the protocol cannot be understood any further. */
  private guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.socket.destroy(error as Error);
    }
  }

  private onClose(): void {
    this.options.clock.clearTimeout(this.closeTimer);
    const reason = this.fault?.message ?? 'the server closed the connection';
    const what = this.isConnected ? 'The connection to' : 'connect to';
    const error = new MQClientError(`${what} ${this.address} failed: ${reason}`, {
      cause: this.fault,
      responseCode: ClientErrorCode.CONNECT_BROKER,
      retryable: true,
    });
    this.options.onClosed({ error, wasProven: this.isProven, wasIdle: this.isIdle });
    for (const call of this.calls.members()) call.fail(error);
  }

  private overloaded(): MQClientError {
    return new MQClientError(
      `${this.address} takes no requests: more than ${MAX_BACKLOG / 2 ** 20} MiB wait to be sent`,
      { retryable: true },
    );
  }
}

function notAnAddress(address: string): MQClientError {
  return new MQClientError(`"${address}" is not an address: use host:port with a port of 1 to 65535`);
}
