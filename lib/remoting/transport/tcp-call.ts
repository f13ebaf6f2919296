import type { RequestCode } from '../request-code.js';
import { PendingCall } from './pending-calls.js';
import type { ResponseTable } from './response-table.js';
import type { ResponseCallback } from './transport.js';

/** A request that is found by the number that its answer carries. */
export class TcpCall extends PendingCall {
  /** What {@link ResponseTable.heard} was when it was sent. */
  readonly heard: number;

  constructor(
    private readonly table: ResponseTable,
    readonly opaque: number,
    readonly code: RequestCode,
    callback: ResponseCallback<never>,
    deadline: number,
    timeoutMillis: number,
  ) {
    super(callback, deadline, timeoutMillis);
    this.heard = table.heard;
    table.add(this);
  }

  override expire(): void {
    super.expire();
    this.table.onExpired(this);
  }

  protected override onEnd(): void {
    this.table.remove(this);
  }
}
