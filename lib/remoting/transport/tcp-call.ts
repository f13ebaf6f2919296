import { RemotingCodecError } from '../../errors/remoting-codec.error.js';
import { decodeResponse } from '../codec/remoting-codec.js';
import type { RemotingFrame } from '../codec/remoting-frame.js';
import type { RemotingResponse } from '../remoting-command.js';
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

  /** An answer that cannot be read is the failure of this request alone: others on the connection have nothing to do with it. */
  answer(frame: RemotingFrame): void {
    let response: RemotingResponse;
    try {
      response = decodeResponse(this.code, frame);
    } catch (error) {
      const text = `The answer to request ${this.code} cannot be read: ${(error as Error).message}`;
      return this.fail(new RemotingCodecError(text, error));
    }
    this.reply(response as never);
  }

  override expire(): void {
    super.expire();
    this.table.onExpired(this);
  }

  protected override onEnd(): void {
    this.table.remove(this);
  }
}
