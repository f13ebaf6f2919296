import type { Allocator } from '../common/buffer-pool.js';
import type { SocketHost } from '../common/socket-host.js';
import type { RemotingRequest, RemotingResponse } from './remoting-command.js';
import type { RequestCode } from './request-code.js';
import type { ResponseCallback } from './transport/transport.js';

/** A client as its server sees it: one connection. */
export interface Channel {
  /** Address of the client. */
  readonly remoteHost: SocketHost;
  /** Nobody reads answers any more. */
  readonly isClosed: boolean;
  /** Whether the client takes what it is sent: one that leaves much of it unread is not to be given more. */
  readonly isWritable: boolean;
  /** Language and release (ordinal of MQVersion) of the client, as its requests name them. */
  readonly language: string;
  readonly version: number;
  /** Sends a request to the client, which does not answer. */
  push(request: RemotingRequest): void;
  /** Sends a request to the client, and waits for its answer. */
  invoke<C extends RequestCode>(
    request: RemotingRequest<C>,
    timeoutMillis: number,
    callback: ResponseCallback<C>,
  ): void;
}

/** A request that a server is working on. */
export interface RequestContext<C extends RequestCode = RequestCode> {
  readonly channel: Channel;
  /** Memory for the body of the answer, which is used again when the body has been sent. None where the body is handed on. */
  readonly allocator?: Allocator;
  /** Answers, once. */
  reply(response: RemotingResponse<C>): void;
}

/** A server: what answers the requests that arrive at one address. */
export interface RequestHandler {
  handle(request: RemotingRequest, context: RequestContext): void;
  /** The client of a channel is gone. */
  onChannelClosed(channel: Channel): void;
}
