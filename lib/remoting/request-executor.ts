import type { RequestContext } from './channel.js';
import type { RemotingRequest } from './remoting-command.js';

/** Decides when requests of some codes are carried out (the executor that NettyRemotingServer#registerProcessor takes). */
export interface RequestExecutor {
  /** Whether a request can be carried out at once. */
  readonly isFree: boolean;
  /** Keeps a request until it can be carried out, or refuses it. */
  execute(
    request: RemotingRequest,
    context: RequestContext,
    carryOut: (request: RemotingRequest) => void,
  ): void;
}
