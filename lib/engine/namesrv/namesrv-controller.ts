import type { Clock } from '../../common/clock.js';
import type { Logger } from '../../common/logger.js';
import type { Channel, RequestContext, RequestHandler } from '../../remoting/channel.js';
import { failure, success, type RemotingRequest } from '../../remoting/remoting-command.js';
import { RequestCode } from '../../remoting/request-code.js';
import { RequestDispatcher } from '../../remoting/request-dispatcher.js';
import { ResponseCode } from '../../remoting/response-code.js';
import { BrokerLiveTable } from './broker-live-table.js';
import { RegisterBrokerProcessor } from './register-broker-processor.js';
import { RouteInfoManager } from './route-info-manager.js';

type RouteCode = typeof RequestCode.GET_ROUTEINFO_BY_TOPIC;

/** The name server of the engine (NamesrvController). */
export class NamesrvController implements RequestHandler {
  readonly routes = new RouteInfoManager();
  private readonly brokers: BrokerLiveTable;
  private readonly dispatcher: RequestDispatcher;

  constructor(logger: Logger, clock: Clock) {
    this.dispatcher = new RequestDispatcher(logger);
    this.brokers = new BrokerLiveTable(this.routes, clock, logger);
    new RegisterBrokerProcessor(this.brokers).registerAt(this.dispatcher);
    this.dispatcher.register(RequestCode.GET_ROUTEINFO_BY_TOPIC, (request, context) =>
      this.getRoute(request, context),
    );
    this.dispatcher.register(RequestCode.GET_BROKER_CLUSTER_INFO, (_request, context) =>
      context.reply(success(undefined, this.routes.getAllClusterInfo())),
    );
  }

  handle(request: RemotingRequest, context: RequestContext): void {
    this.dispatcher.dispatch(request, context);
  }

  onChannelClosed(channel: Channel): void {
    this.brokers.onChannelClosed(channel);
  }

  /** Forgets the brokers of other processes. */
  close(): void {
    this.brokers.close();
  }

  private getRoute({ header }: RemotingRequest<RouteCode>, context: RequestContext<RouteCode>): void {
    const route = this.routes.pickupTopicRouteData(header.topic);
    if (route !== undefined) return context.reply(success(undefined, route));
    const remark = `No topic route info in name server for the topic: ${header.topic}`;
    context.reply(failure(ResponseCode.TOPIC_NOT_EXIST, remark));
  }
}
