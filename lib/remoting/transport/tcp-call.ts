import type { RequestCode } from '../request-code.js';
import { PendingCall } from './pending-calls.js';

/** A request that is found by the number that its answer carries. */
export class TcpCall extends PendingCall {
  private calls!: Map<number, TcpCall>;
  private opaque = 0;
  code!: RequestCode;

  register(calls: Map<number, TcpCall>, opaque: number, code: RequestCode): void {
    this.calls = calls;
    this.opaque = opaque;
    this.code = code;
    calls.set(opaque, this);
  }

  protected override onEnd(): void {
    this.calls.delete(this.opaque);
  }
}
