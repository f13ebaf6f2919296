import type { RequestBody, RequestHeader, ResponseBody, ResponseHeader } from './remoting-protocol.js';
import type { RequestCode } from './request-code.js';
import { ResponseCode } from './response-code.js';

/** A request of code `C` (RemotingCommand). */
export interface RemotingRequest<C extends RequestCode = RequestCode> {
  readonly code: C;
  readonly header: RequestHeader<C>;
  readonly body: RequestBody<C>;
}

/** The answer to a request of code `C` (RemotingCommand). An error has a remark, and no header or body. */
export interface RemotingResponse<C extends RequestCode = RequestCode> {
  readonly code: ResponseCode;
  readonly remark: string | undefined;
  readonly header: ResponseHeader<C> | undefined;
  readonly body: ResponseBody<C> | undefined;
}

export function success<C extends RequestCode>(
  header: ResponseHeader<C>,
  body: ResponseBody<C>,
): RemotingResponse<C> {
  return { code: ResponseCode.SUCCESS, remark: undefined, header, body };
}

export function failure(code: ResponseCode, remark: string): RemotingResponse<never> {
  return { code, remark, header: undefined as never, body: undefined as never };
}
