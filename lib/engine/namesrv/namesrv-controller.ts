import type { Clock } from '../../common/clock.js';
import type { Logger } from '../../common/logger.js';
import type { Channel, RequestContext, RequestHandler } from '../../remoting/channel.js';
import type { Request, Response } from '../../remoting/named-request.js';
import { failure, success, type RemotingRequest } from '../../remoting/remoting-command.js';
import { RequestCode } from '../../remoting/request-code.js';
import { RequestDispatcher } from '../../remoting/request-dispatcher.js';
import { ResponseCode } from '../../remoting/response-code.js';
import { withChangeLog } from '../change-log.js';
import { BrokerLiveTable } from './broker-live-table.js';
import { NAMESPACE_ORDER_TOPIC_CONFIG, type KVConfigManager } from './kvconfig/kv-config-manager.js';
import { KVConfigProcessor } from './processor/kv-config-processor.js';
import { TopicListProcessor } from './processor/topic-list-processor.js';
import { RegisterBrokerProcessor } from './register-broker-processor.js';
import { RouteInfoManager } from './route-info-manager.js';

/** The name server of the engine (NamesrvController). */
export class NamesrvController implements RequestHandler {
  readonly routes = new RouteInfoManager();
  private readonly brokers: BrokerLiveTable;
  private readonly dispatcher: RequestDispatcher;

  constructor(
    logger: Logger,
    clock: Clock,
    private readonly kvConfig: KVConfigManager,
    /** Whether routes of order topics say in which queues their order is kept (NamesrvConfig, `orderMessageEnable`). */
    private readonly orderMessageEnable: boolean,
    /** Called when an administrator has deleted a topic here, for the broker that does not register every 30 s. */
    private readonly onTopicDeleted: (topic: string) => void = () => {},
  ) {
    this.dispatcher = new RequestDispatcher(logger, clock);
    this.brokers = new BrokerLiveTable(this.routes, clock, logger);
    new RegisterBrokerProcessor(this.brokers).registerAt(this.dispatcher);
    this.registerProcessors(logger, clock);
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

  private registerProcessors(logger: Logger, clock: Clock): void {
    const { answer, change } = withChangeLog(this.dispatcher, logger, clock);
    const list = new TopicListProcessor(this.routes, this.onTopicDeleted);
    const kv = new KVConfigProcessor(this.kvConfig);
    answer(RequestCode.GET_ROUTEINFO_BY_TOPIC, (r) => this.getRoute(r));
    answer(RequestCode.GET_BROKER_CLUSTER_INFO, () => success(undefined, this.routes.getAllClusterInfo()));
    answer(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, () => list.getAllTopicList());
    answer(RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS, () => list.getSystemTopicList());
    answer(RequestCode.GET_TOPICS_BY_CLUSTER, (r) => list.getTopicsByCluster(r));
    change(RequestCode.DELETE_TOPIC_IN_NAMESRV, (r) => list.deleteTopic(r));
    change(RequestCode.WIPE_WRITE_PERM_OF_BROKER, (r) => list.wipeWritePerm(r));
    change(RequestCode.ADD_WRITE_PERM_OF_BROKER, (r) => list.addWritePerm(r));
    change(RequestCode.PUT_KV_CONFIG, (r) => kv.putKVConfig(r));
    answer(RequestCode.GET_KV_CONFIG, (r) => kv.getKVConfig(r));
    change(RequestCode.DELETE_KV_CONFIG, (r) => kv.deleteKVConfig(r));
    answer(RequestCode.GET_KVLIST_BY_NAMESPACE, (r) => kv.getKVListByNamespace(r));
    answer(RequestCode.GET_NAMESRV_CONFIG, () => {
      const text = `orderMessageEnable=${this.orderMessageEnable}\n`;
      return success(undefined, Buffer.from(text));
    });
  }

  private getRoute({ header }: Request<'GET_ROUTEINFO_BY_TOPIC'>): Response<'GET_ROUTEINFO_BY_TOPIC'> {
    const route = this.routes.pickupTopicRouteData(header.topic);
    if (route !== undefined) {
      const orderTopicConf = this.orderMessageEnable
        ? this.kvConfig.get(NAMESPACE_ORDER_TOPIC_CONFIG, header.topic)
        : undefined;
      const body = orderTopicConf === undefined ? route : { ...route, orderTopicConf };
      return success(undefined, body);
    }
    const remark = `No topic route info in name server for the topic: ${header.topic}`;
    return failure(ResponseCode.TOPIC_NOT_EXIST, remark);
  }
}
