import type { RocketMQError } from '../../lib/errors/index.js';
import type { TopicRouteData } from '../../lib/remoting/body/topic-route-data.js';
import {
  failure,
  success,
  type RemotingRequest,
  type RemotingResponse,
} from '../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { ResponseCode } from '../../lib/remoting/response-code.js';
import type { ConnectionChange } from '../../lib/remoting/transport/connection-change.js';
import type { RequestListener, ResponseCallback, Transport } from '../../lib/remoting/transport/transport.js';

/** One request that a client made, to be answered by the test. */
export interface ScriptedCall {
  readonly address: string;
  readonly request: RemotingRequest;
  readonly timeoutMillis: number;
  answer(response: RemotingResponse<never>): void;
  fail(error: RocketMQError): void;
}

/**
 * Name servers and brokers as a test plays them: routes are answered by themselves, everything else waits in
 * {@link calls} unless {@link respond} answers it.
 */
export class ScriptedTransport implements Transport {
  readonly calls: ScriptedCall[] = [];
  readonly oneways: { readonly address: string; readonly request: RemotingRequest }[] = [];
  readonly routes = new Map<string, TopicRouteData>();
  /** Name servers that do not answer. */
  readonly deadNameServers = new Set<string>();
  routeRequests = 0;
  respond: ((call: ScriptedCall) => void) | undefined;
  push!: (request: RemotingRequest, reply?: (response: RemotingResponse) => void) => void;
  change!: (change: ConnectionChange) => void;

  invoke<C extends RequestCode>(
    address: string,
    request: RemotingRequest<C>,
    timeoutMillis: number,
    callback: ResponseCallback<C>,
  ): void {
    const call: ScriptedCall = {
      address,
      request: request as unknown as RemotingRequest,
      timeoutMillis,
      answer: (response) => callback.onResponse(response),
      fail: (error) => callback.onError(error),
    };
    const isRoute = request.code === RequestCode.GET_ROUTEINFO_BY_TOPIC;
    if (isRoute && !this.deadNameServers.has(address)) return this.answerRoute(call);
    if (this.respond !== undefined) this.respond(call);
    else this.calls.push(call);
  }

  invokeOneway<C extends RequestCode>(address: string, request: RemotingRequest<C>): void {
    this.oneways.push({ address, request: request as unknown as RemotingRequest });
  }

  onRequest(listener: RequestListener): void {
    this.push = (request, reply = () => {}) => listener(request, reply);
  }

  onConnectionChange(listener: (change: ConnectionChange) => void): void {
    this.change = listener;
  }

  close(): void {}

  private answerRoute(call: ScriptedCall): void {
    this.routeRequests++;
    const route = this.routes.get((call.request.header as { topic: string }).topic);
    if (route === undefined) call.answer(failure(ResponseCode.TOPIC_NOT_EXIST, 'no route'));
    else call.answer(success(undefined as never, route as never));
  }
}

/** A topic with so many queues on each broker; broker `b` is at `b:1`. */
export function routeOf(queueNums: number, ...brokerNames: string[]): TopicRouteData {
  return {
    queueDatas: brokerNames.map((brokerName) => ({
      brokerName,
      readQueueNums: queueNums,
      writeQueueNums: queueNums,
      perm: 6,
      topicSysFlag: 0,
    })),
    brokerDatas: brokerNames.map((brokerName) => ({
      cluster: 'c',
      brokerName,
      brokerAddrs: new Map([[0, `${brokerName}:1`]]),
    })),
  };
}
