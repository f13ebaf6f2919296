import type { Channel } from './channel.js';
import { failure, type RemotingRequest, type RemotingResponse } from './remoting-command.js';
import type { RequestCode } from './request-code.js';
import type { RequestDispatcher, RequestProcessor } from './request-dispatcher.js';
import type { RequestExecutor } from './request-executor.js';
import { ResponseCode } from './response-code.js';

/** Answers a request by what it returns; for all that is not asked with every message. */
export type Answer<C extends RequestCode> = (
  request: RemotingRequest<C>,
  channel: Channel,
) => RemotingResponse<C> | Promise<RemotingResponse<C>>;

/** Registers an {@link Answer}; an error of a promise is answered as one that is thrown. */
export function registerAnswer<C extends RequestCode>(
  dispatcher: RequestDispatcher,
  code: C,
  answer: Answer<C>,
  executor?: RequestExecutor,
): void {
  const processor: RequestProcessor<C> = (request, context) => {
    const response = answer(request, context.channel);
    if (!(response instanceof Promise)) return context.reply(response);
    response
      .then((settled) => context.reply(settled))
      // An answer may also be one that cannot travel.
      .catch((error) => context.reply(failure(ResponseCode.SYSTEM_ERROR, String(error))));
  };
  dispatcher.register(code, processor, executor);
}
