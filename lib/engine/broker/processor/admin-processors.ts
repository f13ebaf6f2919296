import { RequestCode } from '../../../remoting/request-code.js';
import type { RequestDispatcher } from '../../../remoting/request-dispatcher.js';
import type { BrokerController } from '../broker-controller.js';
import type { PopService } from '../pop/pop-service.js';
import { withChangeLog } from '../../change-log.js';
import { BrokerConfigProcessor } from './broker-config-processor.js';
import { BrokerInfoProcessor } from './broker-info-processor.js';
import { ConnectionProcessor } from './connection-processor.js';
import { ConsumeStatsProcessor } from './consume-stats-processor.js';
import { ConsumerCallProcessor } from './consumer-call-processor.js';
import { GroupAdminProcessor } from './group-admin-processor.js';
import { OffsetAdminProcessor } from './offset-admin-processor.js';
import { TopicAdminProcessor } from './topic-admin-processor.js';

/** Everything that administrators ask of a broker, one processor for each theme. */
export function registerAdminProcessors(
  dispatcher: RequestDispatcher,
  broker: BrokerController,
  pops: PopService,
): void {
  const { answer, change } = withChangeLog(dispatcher, broker.logger, broker.clock);
  const topic = new TopicAdminProcessor(broker);
  const group = new GroupAdminProcessor(broker);
  const connection = new ConnectionProcessor(broker);
  const consumeStats = new ConsumeStatsProcessor(broker);
  const offset = new OffsetAdminProcessor(broker, pops);
  const call = new ConsumerCallProcessor(broker);
  const info = new BrokerInfoProcessor(broker);
  const config = new BrokerConfigProcessor(broker);
  change(RequestCode.UPDATE_AND_CREATE_TOPIC, (r) => topic.updateAndCreateTopic(r));
  change(RequestCode.DELETE_TOPIC_IN_BROKER, (r) => topic.deleteTopic(r));
  answer(RequestCode.GET_ALL_TOPIC_CONFIG, () => topic.getAllTopicConfig());
  answer(RequestCode.GET_TOPIC_CONFIG, (r) => topic.getTopicConfig(r));
  answer(RequestCode.GET_TOPIC_STATS_INFO, (r) => topic.getTopicStatsInfo(r));
  answer(RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_BROKER, () => topic.getSystemTopicList());
  answer(RequestCode.QUERY_CONSUME_QUEUE, (r) => topic.queryConsumeQueue(r));
  change(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, (r) => group.updateAndCreateSubscriptionGroup(r));
  change(RequestCode.DELETE_SUBSCRIPTIONGROUP, (r) => group.deleteSubscriptionGroup(r));
  answer(RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG, () => group.getAllSubscriptionGroup());
  answer(RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, (r) => group.getSubscriptionGroup(r));
  answer(RequestCode.QUERY_TOPIC_CONSUME_BY_WHO, (r) => group.queryTopicConsumeByWho(r));
  answer(RequestCode.QUERY_TOPICS_BY_CONSUMER, (r) => group.queryTopicsByConsumer(r));
  answer(RequestCode.QUERY_SUBSCRIPTION_BY_CONSUMER, (r) => group.querySubscriptionByConsumer(r));
  answer(RequestCode.CHECK_CLIENT_CONFIG, (r) => group.checkClientConfig(r));
  answer(RequestCode.GET_CONSUMER_CONNECTION_LIST, (r) => connection.getConsumerConnectionList(r));
  answer(RequestCode.GET_PRODUCER_CONNECTION_LIST, (r) => connection.getProducerConnectionList(r));
  answer(RequestCode.GET_ALL_PRODUCER_INFO, () => connection.getAllProducerInfo());
  answer(RequestCode.GET_CONSUME_STATS, (r) => consumeStats.getConsumeStats(r));
  answer(RequestCode.GET_BROKER_CONSUME_STATS, (r) => consumeStats.getBrokerConsumeStats(r));
  answer(RequestCode.QUERY_CONSUME_TIME_SPAN, (r) => consumeStats.queryConsumeTimeSpan(r));
  change(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, (r) => offset.resetOffset(r));
  change(RequestCode.CLONE_GROUP_OFFSET, (r) => offset.cloneGroupOffset(r));
  answer(RequestCode.INVOKE_BROKER_TO_GET_CONSUMER_STATUS, (r) => call.getConsumerStatus(r));
  answer(RequestCode.GET_CONSUMER_RUNNING_INFO, (r) => call.getConsumerRunningInfo(r));
  answer(RequestCode.CONSUME_MESSAGE_DIRECTLY, (r) => call.consumeMessageDirectly(r));
  answer(RequestCode.GET_BROKER_RUNTIME_INFO, () => info.getBrokerRuntimeInfo());
  answer(RequestCode.VIEW_BROKER_STATS_DATA, (r) => info.viewBrokerStatsData(r));
  answer(RequestCode.GET_BROKER_CONFIG, () => config.getBrokerConfig());
  answer(RequestCode.UPDATE_BROKER_CONFIG, (r, channel) => config.updateBrokerConfig(r, channel));
}
