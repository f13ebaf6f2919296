import type { RocketMQError } from '../../errors/rocketmq.error.js';
import type { RemotingRequest, RemotingResponse } from '../remoting-command.js';
import type { RequestCode } from '../request-code.js';
import type { ConnectionChange } from './connection-change.js';

/** Who waits for an answer. Exactly one of the two is called, once. */
export interface ResponseCallback<C extends RequestCode> {
  onResponse(response: RemotingResponse<C>): void;
  /** There is no answer: a timeout, or no connection. */
  onError(error: RocketMQError): void;
}

/** Takes a request of a server, and answers it once unless it is a one-way one; then `reply` does nothing. */
export type RequestListener = (request: RemotingRequest, reply: (response: RemotingResponse) => void) => void;

/** How a client reaches name servers and brokers. It knows nothing of what the requests mean. */
export interface Transport {
  /**
   * Sends a request; `callback` may be called before this returns.
   *
   * @param now the time, of who knows it already: to ask for it is a noticeable part of a send.
   */
  invoke<C extends RequestCode>(
    address: string,
    request: RemotingRequest<C>,
    timeoutMillis: number,
    callback: ResponseCallback<C>,
    now?: number,
  ): void;
  /** Sends a request that nobody answers. */
  invokeOneway<C extends RequestCode>(address: string, request: RemotingRequest<C>): void;
  /** Who gets the requests that servers send to this client. */
  onRequest(listener: RequestListener): void;
  /** Who is told of connections that come about and break; within a process there are none. */
  onConnectionChange(listener: (change: ConnectionChange) => void): void;
  /** Whether this process serves the address, so that no connection to it can break unnoticed. */
  isNear?(address: string): boolean;
  /** Ends all connections; requests under way fail. */
  close(): void;
  /** Settles, after {@link close}, when the servers have what was handed over before, or have not taken it within 3 s. */
  whenClosed?(): Promise<void>;
}

/** {@link Transport.invoke} with a promise: for all that is not sent with every message. */
export function invoke<C extends RequestCode>(
  transport: Transport,
  address: string,
  request: RemotingRequest<C>,
  timeoutMillis: number,
): Promise<RemotingResponse<C>> {
  return new Promise((resolve, reject) =>
    transport.invoke(address, request, timeoutMillis, { onResponse: resolve, onError: reject }),
  );
}
