import type { Clock } from '../../common/clock.js';
import type { Logger } from '../../common/logger.js';
import { MessageClientIdSetter } from '../../common/message-client-id-setter.js';
import { MessageConst } from '../../common/message-const.js';
import { endAll, endFailedStart } from '../../common/end-all.js';
import { encodeProperties } from '../../common/message-properties.js';
import { hostDigits, parseSocketHost, type SocketHost } from '../../common/socket-host.js';
import type { RegisterBrokerBody } from '../../remoting/body/register-broker-body.js';
import type { TopicRouteData } from '../../remoting/body/topic-route-data.js';
import type { Channel, RequestContext, RequestHandler } from '../../remoting/channel.js';
import { failure, type RemotingRequest } from '../../remoting/remoting-command.js';
import { RequestCode } from '../../remoting/request-code.js';
import { ResponseCode } from '../../remoting/response-code.js';
import { RequestDispatcher } from '../../remoting/request-dispatcher.js';
import { DefaultMessageStore } from '../store/default-message-store.js';
import { parseDelayLevels } from '../../common/delay-level.js';
import type { DispatchRequest } from '../store/dispatch-request.js';
import type { FileCallback, FileSystem } from '../../common/file-system.js';
import type { MessageStoreConfig } from '../store/message-store-config.js';
import type { BrokerConfig } from './broker-config.js';
import { ConsumerManager } from './client/consumer-manager.js';
import { ProducerManager } from './client/producer-manager.js';
import { RebalanceLockManager } from './client/rebalance-lock-manager.js';
import { withChangeLog } from '../change-log.js';
import type { ConfigManager } from '../config-manager.js';
import { readSavedTopics, refuseForeignStore, warnOfCompaction } from './foreign-store.js';
import { BrokerFastFailure } from './latency/broker-fast-failure.js';
import { ConsumerFilterManager } from './filter/consumer-filter-manager.js';
import { ArrivedRecords } from './filter/message-filters.js';
import { MessageRequestModeManager } from './loadbalance/message-request-mode-manager.js';
import { PullRequestHoldService } from './longpolling/pull-request-hold-service.js';
import { ConsumerOffsetManager } from './offset/consumer-offset-manager.js';
import { PopService } from './pop/pop-service.js';
import { registerAdminProcessors } from './processor/admin-processors.js';
import { registerClientProcessors } from './processor/client-processors.js';
import { registerPopProcessors } from './processor/pop-processors.js';
import { PullMessageProcessor } from './processor/pull-message-processor.js';
import { QueryAssignmentProcessor } from './processor/query-assignment-processor.js';
import { ReplyMessageProcessor } from './processor/reply-message-processor.js';
import { RecallMessageProcessor } from './processor/recall-message-processor.js';
import { SendMessageBackProcessor } from './processor/send-message-back-processor.js';
import { SendMessageProcessor } from './processor/send-message-processor.js';
import { DelayOffsetTable } from './schedule/delay-offset-table.js';
import { ScheduleMessageService } from './schedule/schedule-message-service.js';
import { warnOfStoppedTimers } from './timer/timer-diversion.js';
import { TimerMessageService } from './timer/timer-message-service.js';
import { BrokerStatsManager } from './stats/broker-stats-manager.js';
import { SubscriptionGroupManager } from './subscription/subscription-group-manager.js';
import { TopicConfigManager } from './topic/topic-config-manager.js';
import type { TopicConfig } from '../../remoting/body/topic-config.js';
import { EndTransactionProcessor } from './transaction/end-transaction-processor.js';
import { ResumeCheckProcessor } from './transaction/resume-check-processor.js';
import { TransactionalMessageService } from './transaction/transactional-message-service.js';

export interface BrokerOptions {
  readonly config: BrokerConfig;
  readonly storeConfig: MessageStoreConfig;
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  /** Numbers from 0 up to 1. */
  readonly random: () => number;
  readonly logger: Logger;
  /** Called for every topic when the broker starts, and when one is new or changed. */
  readonly registerTopic: (config: TopicConfig) => void;
  /** Settles when name servers of other processes know what was registered. */
  readonly whenRegistered: () => Promise<void>;
  /** Called when one is deleted. */
  readonly unregisterTopic: (topic: string) => void;
  /** The route of a topic in the whole cluster. */
  readonly routeOf: (topic: string) => TopicRouteData | undefined | Promise<TopicRouteData | undefined>;
  /** Tables of others that are kept in the same store. */
  readonly tables: readonly ConfigManager[];
}

/** A broker: a message store, and everything that answers requests about it (BrokerController). */
export class BrokerController implements RequestHandler {
  readonly config: BrokerConfig;
  readonly storeConfig: MessageStoreConfig;
  readonly clock: Clock;
  readonly random: () => number;
  readonly fileSystem: FileSystem;
  readonly logger: Logger;
  /** Where clients reach this broker, as it is written into records and ids. */
  storeHost!: SocketHost;
  storeHostDigits!: string;
  /** The same as `ip:port`. */
  brokerAddr!: string;
  /** Milliseconds since the epoch. */
  bootTimestamp = 0;
  /** Delay in milliseconds of level `index + 1`. */
  readonly delayLevels: readonly number[];
  /** The properties that every message gets here, in their text form. */
  readonly brokerProperties: Buffer;
  readonly store: DefaultMessageStore;
  readonly arrivedRecords: ArrivedRecords;
  readonly topics: TopicConfigManager;
  readonly groups: SubscriptionGroupManager;
  readonly offsets: ConsumerOffsetManager;
  readonly delayOffsets: DelayOffsetTable;
  readonly filters: ConsumerFilterManager;
  readonly requestModes: MessageRequestModeManager;
  readonly consumers: ConsumerManager;
  readonly producers: ProducerManager;
  readonly stats: BrokerStatsManager;
  readonly locks: RebalanceLockManager;
  readonly holdService: PullRequestHoldService;
  readonly fastFailure: BrokerFastFailure;
  private readonly scheduleService: ScheduleMessageService;
  readonly timerService: TimerMessageService;
  private readonly transactions: TransactionalMessageService;
  private readonly pops: PopService;
  private readonly tables: readonly ConfigManager[];
  private readonly dispatcher: RequestDispatcher;
  private isRunning = false;
  private hasStarted = false;
  /** Settles when the last end has. */
  private ended = Promise.resolve();

  constructor(private readonly options: BrokerOptions) {
    const { config, storeConfig, fileSystem, clock, logger } = options;
    this.config = config;
    this.storeConfig = storeConfig;
    this.clock = clock;
    this.random = options.random;
    this.fileSystem = fileSystem;
    this.logger = logger;
    this.delayLevels = parseDelayLevels(storeConfig.messageDelayLevel)!;
    this.brokerProperties = brokerProperties(config);
    const onArriving = (records: readonly DispatchRequest[]) => this.onArriving(records);
    const savedTopics = () => readSavedTopics(fileSystem, storeConfig.storePathRootDir);
    const storeOptions = { fileSystem, clock, logger, onArriving, savedTopics };
    this.store = new DefaultMessageStore({ config: storeConfig, ...storeOptions });
    this.arrivedRecords = new ArrivedRecords(this.store);
    const { storePathRootDir } = storeConfig;
    const isOwner = () => this.store.lock.isOwner();
    const tableOptions = { storePathRootDir, fileSystem, clock, logger, isOwner };
    const onTopicChanged = (topic: TopicConfig) => this.onTopicChanged(topic);
    this.topics = new TopicConfigManager(tableOptions, config, this.delayLevels.length, onTopicChanged);
    this.groups = new SubscriptionGroupManager(tableOptions, config);
    const syncLog = (done: FileCallback) => this.store.syncLog(done);
    this.offsets = new ConsumerOffsetManager(tableOptions, config, syncLog);
    this.delayOffsets = new DelayOffsetTable(tableOptions, config.flushDelayOffsetInterval, syncLog);
    this.filters = new ConsumerFilterManager(tableOptions);
    this.requestModes = new MessageRequestModeManager(tableOptions);
    const { topics, groups, offsets, delayOffsets, filters, requestModes } = this;
    this.consumers = new ConsumerManager(
      clock,
      config.channelExpiredTimeout,
      (group) => this.wantsNotices(group),
      (group) => filters.unregister(group),
      (group, topic) => this.holdService.wakeUpGroup(topic, group),
    );
    this.producers = new ProducerManager(clock, config.channelExpiredTimeout);
    this.stats = new BrokerStatsManager(clock, config.brokerClusterName, () => this.store.stats);
    this.locks = new RebalanceLockManager(clock);
    this.holdService = new PullRequestHoldService(clock, config.maxPullPollingSize);
    this.fastFailure = new BrokerFastFailure(this);
    this.scheduleService = new ScheduleMessageService(this, this.delayOffsets);
    this.timerService = new TimerMessageService(this);
    this.transactions = new TransactionalMessageService(this);
    this.pops = new PopService(this, tableOptions, () => this.timerService.deliveredUntil);
    const kept = [topics, groups, offsets, delayOffsets, filters, requestModes, this.pops.orders];
    this.tables = [...kept, ...options.tables];
    this.dispatcher = new RequestDispatcher(logger, clock);
    this.registerProcessors();
  }

  /** Opens the store and takes up work; `storeHost` is where clients reach it, as `ip:port`. */
  async start(storeHost: string): Promise<void> {
    refuseForeignStore(this.fileSystem, this.storeConfig.storePathRootDir);
    this.brokerAddr = storeHost;
    this.bootTimestamp = this.clock.now();
    this.storeHost = parseSocketHost(storeHost);
    this.storeHostDigits = hostDigits(this.storeHost);
    this.store.open();
    try {
      for (const table of this.tables) table.load();
      this.timerService.start();
    } catch (error) {
      await endFailedStart([() => this.store.close()], this.logger);
      throw error;
    }
    this.forgetLeftOver();
    this.topics.restoreMissing(this.store.topics());
    warnOfCompaction(this.topics.all(), this.logger);
    warnOfStoppedTimers(this);
    for (const topic of this.topics.all()) this.options.registerTopic(topic);
    this.isRunning = this.hasStarted = true;
    this.scheduleService.start();
    this.transactions.start();
    this.pops.start();
    this.stats.start();
  }

  /** Ends work, and brings everything to the disk; who asks again waits, too, and is not told what failed. */
  shutdown(): Promise<void> {
    if (!this.isRunning) return this.ended;
    const ending = this.end();
    this.ended = ending.catch(() => {});
    return ending;
  }

  private async end(): Promise<void> {
    this.isRunning = false;
    this.consumers.stop();
    this.producers.stop();
    this.locks.stop();
    this.stats.stop();
    this.holdService.close();
    await endAll([
      () => this.pops.stop(),
      () => this.scheduleService.stop(),
      () => this.timerService.stop(),
      () => this.transactions.stop(),
      ...this.tables.map((table) => () => table.close()),
      () => this.store.close(),
      () => this.fastFailure.stop(),
    ]);
  }

  handle(request: RemotingRequest, context: RequestContext): void {
    // One that has ended still says of each request why it is refused.
    if (this.hasStarted) return this.dispatcher.dispatch(request, context);
    const remark = `broker ${this.config.brokerName} is starting`;
    context.reply(failure(ResponseCode.SERVICE_NOT_AVAILABLE, remark));
  }

  onChannelClosed(channel: Channel): void {
    this.consumers.onChannelClosed(channel);
    this.producers.onChannelClosed(channel);
    this.holdService.onChannelClosed();
  }

  /** All topics, as name servers are told of them. */
  registeredTopics(): RegisterBrokerBody {
    const topicConfigTable = new Map([...this.topics.all()].map((topic) => [topic.topicName, topic]));
    return { dataVersion: this.topics.dataVersion.toJson(), topicConfigTable };
  }

  private onArriving(records: readonly DispatchRequest[]): void {
    if (!this.isRunning) return;
    this.scheduleService.onArriving(records);
    this.timerService.onArriving(records);
    this.holdService.notifyMessageArriving(records);
    this.pops.onArriving(records);
    this.fastFailure.takeUp();
  }

  /** Why the file system does not let a topic be created; undefined when it is there, or can be. */
  directoryFault(topic: string): string | undefined {
    if (this.topics.selectTopicConfig(topic) !== undefined) return undefined;
    return this.store.directoryFault(topic, this.topics.names());
  }

  /** Deletes a topic, its messages and everything that is known of it. */
  async deleteTopic(topic: string): Promise<void> {
    await this.store.deleteTopic(topic);
    this.topics.delete(topic);
    this.offsets.removeTopic(topic);
    this.requestModes.removeTopic(topic);
    this.options.unregisterTopic(topic);
    this.stats.onTopicDeleted(topic);
    this.holdService.wakeUp(topic);
    this.pops.onTopicDeleted(topic);
  }

  /** A crash that cuts a deletion off leaves offsets of the groups, which would pass over the first messages of a topic of that name. */
  private forgetLeftOver(): void {
    const { store } = this;
    this.offsets.removeLeftOver(
      (topic, queueId, offset) =>
        store.wasDeleted(topic) && offset > store.getMaxOffsetInQueue(topic, queueId),
    );
  }

  /** Who creates a topic asks name servers for its route next, as Apache's proxy does when it starts. */
  whenRegistered(): Promise<void> {
    return this.options.whenRegistered();
  }

  private onTopicChanged(topic: TopicConfig): void {
    this.options.registerTopic(topic);
    this.consumers.onTopicChanged(topic.topicName);
  }

  private wantsNotices(group: string): boolean {
    return this.groups.findSubscriptionGroupConfig(group)?.notifyConsumerIdsChangedEnable ?? true;
  }

  private registerProcessors(): void {
    const { dispatcher } = this;
    const { sends, endTransactions, pulls } = this.fastFailure;
    const send = new SendMessageProcessor(this, new MessageClientIdSetter(this.clock, this.random));
    const replies = new ReplyMessageProcessor(this, send);
    const sendBack = new SendMessageBackProcessor(this);
    const pull = new PullMessageProcessor(this);
    const recall = new RecallMessageProcessor(this);
    const endTransaction = new EndTransactionProcessor(this, this.transactions);
    const resumeCheck = new ResumeCheckProcessor(this, this.transactions);
    dispatcher.register(RequestCode.SEND_MESSAGE, (r, c) => send.processSend(r, c), sends);
    dispatcher.register(RequestCode.SEND_BATCH_MESSAGE, (r, c) => send.processBatch(r, c), sends);
    dispatcher.register(RequestCode.SEND_REPLY_MESSAGE, (r, c) => replies.process(r, c), sends);
    dispatcher.register(RequestCode.CONSUMER_SEND_MSG_BACK, (r, c) => sendBack.process(r, c), sends);
    dispatcher.register(RequestCode.PULL_MESSAGE, (r, c) => pull.process(r, c), pulls);
    dispatcher.register(RequestCode.RECALL_MESSAGE, (r, c) => recall.process(r, c), sends);
    dispatcher.register(RequestCode.END_TRANSACTION, (r, c) => endTransaction.process(r, c), endTransactions);
    const { answer, change } = withChangeLog(dispatcher, this.logger, this.clock);
    change(RequestCode.RESUME_CHECK_HALF_MESSAGE, (r) => resumeCheck.resume(r));
    const assignment = new QueryAssignmentProcessor(this, this.options.routeOf);
    answer(RequestCode.QUERY_ASSIGNMENT, (r) => assignment.queryAssignment(r));
    change(RequestCode.SET_MESSAGE_REQUEST_MODE, (r) => assignment.setMessageRequestMode(r));
    registerClientProcessors(dispatcher, this);
    registerPopProcessors(dispatcher, this, this.pops);
    registerAdminProcessors(dispatcher, this, this.pops);
  }
}

function brokerProperties({ regionId, brokerClusterName }: BrokerConfig): Buffer {
  return Buffer.from(
    encodeProperties(
      new Map([
        [MessageConst.MSG_REGION, regionId],
        [MessageConst.TRACE_SWITCH, 'true'],
        [MessageConst.CLUSTER, brokerClusterName],
      ]),
    ),
  );
}
