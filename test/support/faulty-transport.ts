import { MQClientError } from '../../lib/errors/index.js';
import type { RemotingRequest } from '../../lib/remoting/remoting-command.js';
import type { RequestCode } from '../../lib/remoting/request-code.js';
import type { ResponseCallback } from '../../lib/remoting/transport/transport.js';
import { ForwardingTransport } from './forwarding-transport.js';

/** A connection on which requests of some codes fail, and which notes what was asked. */
export class FaultyTransport extends ForwardingTransport {
  readonly failing = new Set<RequestCode>();
  readonly requests: RemotingRequest[] = [];

  override invoke<C extends RequestCode>(
    address: string,
    request: RemotingRequest<C>,
    timeoutMillis: number,
    callback: ResponseCallback<C>,
  ): void {
    this.requests.push(request as unknown as RemotingRequest);
    if (!this.failing.has(request.code)) {
      return super.invoke(address, request, timeoutMillis, callback);
    }
    callback.onError(new MQClientError(`request ${request.code} fails`, { retryable: true }));
  }

  /** How often a request was made. */
  count(code: RequestCode): number {
    return this.requests.filter((request) => request.code === code).length;
  }
}
