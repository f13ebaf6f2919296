import type { Clock } from '../common/clock.js';
import { LimitedLogger } from '../common/limited-logger.js';
import type { Logger } from '../common/logger.js';
import type { RequestContext } from './channel.js';
import { failure, type RemotingRequest } from './remoting-command.js';
import type { RequestCode } from './request-code.js';
import type { RequestExecutor } from './request-executor.js';
import { ResponseCode } from './response-code.js';

/** A promise is of the answer; an error of it is answered as one that is thrown. */
export type RequestProcessor<C extends RequestCode> = (
  request: RemotingRequest<C>,
  context: RequestContext<C>,
) => void | Promise<void>;

interface Registration {
  readonly processor: RequestProcessor<never>;
  readonly executor: RequestExecutor | undefined;
  /** What fails by what was sent may fail as often as it is sent. */
  readonly failures: LimitedLogger;
}

/** Finds the processor of a request by its code (NettyRemotingAbstract#processRequestCommand). */
export class RequestDispatcher {
  private readonly registrations = new Map<RequestCode, Registration>();

  constructor(
    private readonly logger: Logger,
    private readonly clock: Clock,
  ) {}

  /** Without an executor, requests are carried out as they come. */
  register<C extends RequestCode>(code: C, processor: RequestProcessor<C>, executor?: RequestExecutor): void {
    const failures = new LimitedLogger(this.logger, this.clock);
    const untyped = processor as unknown as RequestProcessor<never>;
    this.registrations.set(code, { processor: untyped, executor, failures });
  }

  /** Every request is answered: an unknown code and an error of the processor too. */
  dispatch(request: RemotingRequest, context: RequestContext): void {
    const registration = this.registrations.get(request.code);
    if (registration === undefined) {
      const remark = ` request type ${request.code} not supported`;
      return context.reply(failure(ResponseCode.REQUEST_CODE_NOT_SUPPORTED, remark));
    }
    const { executor } = registration;
    if (executor === undefined || executor.isFree) this.carryOut(registration, request, context);
    else executor.execute(request, context, (kept) => this.carryOut(registration, kept, context));
  }

  private carryOut(
    { processor, failures }: Registration,
    request: RemotingRequest,
    context: RequestContext,
  ): void {
    try {
      const answer = processor(request as never, context as never);
      if (answer instanceof Promise)
        answer.catch((error: Error) => this.fail(failures, request, context, error));
    } catch (error) {
      this.fail(failures, request, context, error as Error);
    }
  }

  private fail(
    failures: LimitedLogger,
    { code }: RemotingRequest,
    context: RequestContext,
    error: Error,
  ): void {
    failures.error(`Request ${code} failed: ${error.stack}`);
    context.reply(failure(ResponseCode.SYSTEM_ERROR, String(error)));
  }
}
