import type { Channel } from './channel.js';
import type { RemotingRequest, RemotingResponse } from './remoting-command.js';
import type { RequestCode } from './request-code.js';
import type { RequestDispatcher, RequestProcessor } from './request-dispatcher.js';
import type { RequestExecutor } from './request-executor.js';

/** Answers a request by what it returns; for all that is not asked with every message. */
export type Answer<C extends RequestCode> = (
  request: RemotingRequest<C>,
  channel: Channel,
) => RemotingResponse<C> | Promise<RemotingResponse<C>>;

/** Registers an {@link Answer}. */
export function registerAnswer<C extends RequestCode>(
  dispatcher: RequestDispatcher,
  code: C,
  answer: Answer<C>,
  executor?: RequestExecutor,
): void {
  const processor: RequestProcessor<C> = (request, context) => {
    const response = answer(request, context.channel);
    if (!(response instanceof Promise)) return context.reply(response);
    return response.then((settled) => context.reply(settled));
  };
  dispatcher.register(code, processor, executor);
}
