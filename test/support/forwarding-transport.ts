import type { RemotingRequest } from '../../lib/remoting/remoting-command.js';
import type { RequestCode } from '../../lib/remoting/request-code.js';
import type { ConnectionChange } from '../../lib/remoting/transport/connection-change.js';
import type { RequestListener, ResponseCallback, Transport } from '../../lib/remoting/transport/transport.js';

/** Passes everything on; others change what they are for. */
export class ForwardingTransport implements Transport {
  constructor(protected readonly transport: Transport) {}

  invoke<C extends RequestCode>(
    address: string,
    request: RemotingRequest<C>,
    timeoutMillis: number,
    callback: ResponseCallback<C>,
  ): void {
    this.transport.invoke(address, request, timeoutMillis, callback);
  }

  invokeOneway<C extends RequestCode>(address: string, request: RemotingRequest<C>): void {
    this.transport.invokeOneway(address, request);
  }

  onRequest(listener: RequestListener): void {
    this.transport.onRequest(listener);
  }

  onConnectionChange(listener: (change: ConnectionChange) => void): void {
    this.transport.onConnectionChange(listener);
  }

  close(): void {
    this.transport.close();
  }
}
