import { success } from '../../../remoting/remoting-command.js';
import type { Request, Response } from '../../../remoting/named-request.js';
import type { RouteInfoManager } from '../route-info-manager.js';

/** Topics and their permissions, for administrators (DefaultRequestProcessor). */
export class TopicListProcessor {
  constructor(
    private readonly routes: RouteInfoManager,
    private readonly onTopicDeleted: (topic: string) => void,
  ) {}

  getAllTopicList(): Response<'GET_ALL_TOPIC_LIST_FROM_NAMESERVER'> {
    return success(undefined, { topicList: this.routes.topics() });
  }

  /** Clusters and brokers are topics, too; the broker is asked for more of them. */
  getSystemTopicList(): Response<'GET_SYSTEM_TOPIC_LIST_FROM_NS'> {
    const brokers = [...this.routes.getAllClusterInfo().brokerAddrTable.values()];
    const names = new Set([
      ...brokers.map(({ cluster }) => cluster),
      ...brokers.map(({ brokerName }) => brokerName),
    ]);
    const brokerAddr = brokers.flatMap(({ brokerAddrs }) => [...brokerAddrs.values()])[0];
    return success(undefined, {
      topicList: [...names],
      ...(brokerAddr === undefined ? {} : { brokerAddr }),
    });
  }

  getTopicsByCluster({
    header: { cluster },
  }: Request<'GET_TOPICS_BY_CLUSTER'>): Response<'GET_TOPICS_BY_CLUSTER'> {
    return success(undefined, { topicList: this.routes.topicsOf(cluster) });
  }

  deleteTopic({
    header: { topic, clusterName },
  }: Request<'DELETE_TOPIC_IN_NAMESRV'>): Response<'DELETE_TOPIC_IN_NAMESRV'> {
    this.routes.deleteTopic(topic, clusterName);
    this.onTopicDeleted(topic);
    return success(undefined, undefined);
  }

  wipeWritePerm({
    header: { brokerName },
  }: Request<'WIPE_WRITE_PERM_OF_BROKER'>): Response<'WIPE_WRITE_PERM_OF_BROKER'> {
    return success({ wipeTopicCount: this.routes.wipeWritePerm(brokerName) }, undefined);
  }

  addWritePerm({
    header: { brokerName },
  }: Request<'ADD_WRITE_PERM_OF_BROKER'>): Response<'ADD_WRITE_PERM_OF_BROKER'> {
    return success({ addTopicCount: this.routes.addWritePerm(brokerName) }, undefined);
  }
}
