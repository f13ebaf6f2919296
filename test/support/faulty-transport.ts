import { MQClientError } from '../../lib/errors/index.js';
import type { RemotingRequest } from '../../lib/remoting/remoting-command.js';
import type { RequestCode } from '../../lib/remoting/request-code.js';
import type { ResponseCallback, Transport } from '../../lib/remoting/transport/transport.js';

/** A connection on which requests of some codes fail, and which notes what was asked. */
export class FaultyTransport implements Transport {
  readonly failing = new Set<RequestCode>();
  readonly requests: RemotingRequest[] = [];

  constructor(private readonly transport: Transport) {}

  invoke<C extends RequestCode>(
    address: string,
    request: RemotingRequest<C>,
    timeoutMillis: number,
    callback: ResponseCallback<C>,
  ): void {
    this.requests.push(request as unknown as RemotingRequest);
    if (!this.failing.has(request.code)) {
      return this.transport.invoke(address, request, timeoutMillis, callback);
    }
    callback.onError(new MQClientError(`request ${request.code} fails`, { retryable: true }));
  }

  invokeOneway<C extends RequestCode>(address: string, request: RemotingRequest<C>): void {
    this.transport.invokeOneway(address, request);
  }

  onRequest(listener: (request: RemotingRequest) => void): void {
    this.transport.onRequest(listener);
  }

  close(): void {
    this.transport.close();
  }

  /** How often a request was made. */
  count(code: RequestCode): number {
    return this.requests.filter((request) => request.code === code).length;
  }
}
