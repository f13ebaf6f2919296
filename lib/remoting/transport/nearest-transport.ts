import type { RemotingRequest } from '../remoting-command.js';
import type { RequestCode } from '../request-code.js';
import type { InProcessTransport } from './in-process-transport.js';
import type { ConnectionChange } from './connection-change.js';
import type { RequestListener, ResponseCallback, Transport } from './transport.js';

/**
 * Reaches servers of this process by a call and all others another way. An engine may begin to run here while its
 * clients work: what they ask next of its addresses goes to it.
 */
export class NearestTransport implements Transport {
  private near: InProcessTransport | undefined;
  private listener: RequestListener = () => {};

  constructor(private readonly far: Transport) {}

  /** From now on the servers that `near` reaches are asked through it. */
  attach(near: InProcessTransport): void {
    this.near = near;
    near.onRequest((request, reply) => this.listener(request, reply));
  }

  invoke<C extends RequestCode>(
    address: string,
    request: RemotingRequest<C>,
    timeoutMillis: number,
    callback: ResponseCallback<C>,
    now?: number,
  ): void {
    this.wayTo(address).invoke(address, request, timeoutMillis, callback, now);
  }

  invokeOneway<C extends RequestCode>(address: string, request: RemotingRequest<C>): void {
    this.wayTo(address).invokeOneway(address, request);
  }

  onRequest(listener: RequestListener): void {
    this.listener = listener;
    this.far.onRequest(listener);
  }

  onConnectionChange(listener: (change: ConnectionChange) => void): void {
    this.far.onConnectionChange(listener);
  }

  isNear(address: string): boolean {
    return this.near?.isNear(address) ?? false;
  }

  close(): void {
    this.near?.close();
    this.far.close();
  }

  async whenClosed(): Promise<void> {
    await this.far.whenClosed?.();
  }

  private wayTo(address: string): Transport {
    return this.isNear(address) ? this.near! : this.far;
  }
}
