import type { Logger } from '../common/logger.js';
import type { RequestContext } from './channel.js';
import { failure, type RemotingRequest } from './remoting-command.js';
import type { RequestCode } from './request-code.js';
import { ResponseCode } from './response-code.js';

export type RequestProcessor<C extends RequestCode> = (
  request: RemotingRequest<C>,
  context: RequestContext<C>,
) => void;

/** Finds the processor of a request by its code (NettyRemotingAbstract#processRequestCommand). */
export class RequestDispatcher {
  private readonly processors = new Map<RequestCode, RequestProcessor<never>>();

  constructor(private readonly logger: Logger) {}

  register<C extends RequestCode>(code: C, processor: RequestProcessor<C>): void {
    this.processors.set(code, processor as unknown as RequestProcessor<never>);
  }

  /** Every request is answered: an unknown code and an error of the processor too. */
  dispatch(request: RemotingRequest, context: RequestContext): void {
    const processor = this.processors.get(request.code);
    if (processor === undefined) {
      const remark = ` request type ${request.code} not supported`;
      return context.reply(failure(ResponseCode.REQUEST_CODE_NOT_SUPPORTED, remark));
    }
    try {
      processor(request as never, context as never);
    } catch (error) {
      this.logger.error(`Request ${request.code} failed: ${(error as Error).stack}`);
      context.reply(failure(ResponseCode.SYSTEM_ERROR, String(error)));
    }
  }
}
