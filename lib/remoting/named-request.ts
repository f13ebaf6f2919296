import type { RemotingRequest, RemotingResponse } from './remoting-command.js';
import type { RequestCode } from './request-code.js';

type Code<N extends keyof typeof RequestCode> = (typeof RequestCode)[N];

/** The request of a name in RequestCode, and its answer. */
export type Request<N extends keyof typeof RequestCode> = RemotingRequest<Code<N>>;
export type Response<N extends keyof typeof RequestCode> = RemotingResponse<Code<N>>;
