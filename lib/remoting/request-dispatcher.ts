import type { Logger } from '../common/logger.js';
import type { RequestContext } from './channel.js';
import { failure, type RemotingRequest } from './remoting-command.js';
import type { RequestCode } from './request-code.js';
import type { RequestExecutor } from './request-executor.js';
import { ResponseCode } from './response-code.js';

export type RequestProcessor<C extends RequestCode> = (
  request: RemotingRequest<C>,
  context: RequestContext<C>,
) => void;

interface Registration {
  readonly processor: RequestProcessor<never>;
  readonly executor: RequestExecutor | undefined;
}

/** Finds the processor of a request by its code (NettyRemotingAbstract#processRequestCommand). */
export class RequestDispatcher {
  private readonly registrations = new Map<RequestCode, Registration>();

  constructor(private readonly logger: Logger) {}

  /** Without an executor, requests are carried out as they come. */
  register<C extends RequestCode>(code: C, processor: RequestProcessor<C>, executor?: RequestExecutor): void {
    this.registrations.set(code, { processor: processor as unknown as RequestProcessor<never>, executor });
  }

  /** Every request is answered: an unknown code and an error of the processor too. */
  dispatch(request: RemotingRequest, context: RequestContext): void {
    const registration = this.registrations.get(request.code);
    if (registration === undefined) {
      const remark = ` request type ${request.code} not supported`;
      return context.reply(failure(ResponseCode.REQUEST_CODE_NOT_SUPPORTED, remark));
    }
    const { processor, executor } = registration;
    if (executor === undefined || executor.isFree) this.carryOut(processor, request, context);
    else executor.execute(request, context, (kept) => this.carryOut(processor, kept, context));
  }

  private carryOut(
    processor: RequestProcessor<never>,
    request: RemotingRequest,
    context: RequestContext,
  ): void {
    try {
      processor(request as never, context as never);
    } catch (error) {
      this.logger.error(`Request ${request.code} failed: ${(error as Error).stack}`);
      context.reply(failure(ResponseCode.SYSTEM_ERROR, String(error)));
    }
  }
}
