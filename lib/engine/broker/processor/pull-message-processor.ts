import { PullSysFlag } from '../../../common/pull-sys-flag.js';
import { NO_BYTES } from '../../../common/no-bytes.js';
import type { SubscriptionData } from '../../../remoting/body/subscription-data.js';
import type { RequestContext } from '../../../remoting/channel.js';
import type { PullMessageRequestHeader } from '../../../remoting/header/pull-message-request-header.js';
import { failure, type RemotingRequest, type RemotingResponse } from '../../../remoting/remoting-command.js';
import type { RequestCode } from '../../../remoting/request-code.js';
import { ResponseCode } from '../../../remoting/response-code.js';
import type { DispatchRequest } from '../../store/dispatch-request.js';
import type { GetMessageResult } from '../../store/get-message-result.js';
import type { BrokerController } from '../broker-controller.js';
import { filterNotSupported } from '../filter/filter-not-supported.js';
import { SqlFilterCache, tagFilter, tagSelection, type Selection } from '../filter/message-filters.js';
import type { HeldPull } from '../longpolling/pull-request-hold-service.js';
import { refuseGroup, refuseQueue } from '../consumer-checks.js';

type PullCode = typeof RequestCode.PULL_MESSAGE;
type Refusal = RemotingResponse<never>;

/** Longest hold of a pull in milliseconds. */
const MAX_SUSPEND_TIMEOUT = 60_000;
const UNREADABLE = 'the broker cannot read these messages now; its log says why';

/** Answers pulls, at once or when a message arrives (PullMessageProcessor). */
export class PullMessageProcessor {
  private readonly sqlFilters = new SqlFilterCache();

  constructor(private readonly broker: BrokerController) {}

  process({ header }: RemotingRequest<PullCode>, context: RequestContext<PullCode>): void {
    const selected = this.select(header);
    if ('code' in selected) return context.reply(selected);
    this.commit(header);
    const pull = new Pull(this.broker, this, header, selected, context);
    pull.carryOut((header.sysFlag & PullSysFlag.SUSPEND) !== 0);
  }

  /** What a pull selects, or why it may not be carried out. */
  select(header: PullMessageRequestHeader): Selection | Refusal {
    return this.refuse(header) ?? this.filterOf(header);
  }

  /** The checks of PullMessageProcessor#processRequest up to the subscription, in its order. */
  private refuse(header: PullMessageRequestHeader): Refusal | undefined {
    return refuseGroup(this.broker, header.consumerGroup) ?? refuseQueue(this.broker, header, 'pulling');
  }

  private filterOf(header: PullMessageRequestHeader): Selection | Refusal {
    return (header.sysFlag & PullSysFlag.SUBSCRIPTION) !== 0
      ? this.carriedFilter(header)
      : this.registeredFilter(header);
  }

  private carriedFilter(header: PullMessageRequestHeader): Selection | Refusal {
    const { topic, subscription = '', expressionType } = header;
    if (expressionType === 'TAG' || expressionType === '') return tagSelection(topic, subscription);
    if (expressionType !== 'SQL92' || !this.broker.config.enablePropertyFilter)
      return filterNotSupported(expressionType);
    // Apache's broker takes a wrong expression for one that wants everything.
    return this.sqlFilters.select(subscription);
  }

  private registeredFilter(header: PullMessageRequestHeader): Selection | Refusal {
    const data = this.registeredSubscription(header);
    if ('code' in data) return data;
    return data.expressionType === 'TAG'
      ? { filter: tagFilter(data) }
      : this.registeredSqlFilter(header, data);
  }

  private registeredSqlFilter(
    { topic, consumerGroup, subVersion }: PullMessageRequestHeader,
    subscription: SubscriptionData,
  ): Selection | Refusal {
    const data = this.broker.filters.get(topic, consumerGroup);
    if (data?.expression !== subscription.subString) return this.sqlFilterOf(subscription);
    if (data.filter === undefined) return filterDataNotExist();
    if (data.clientVersion < subVersion)
      return failure(ResponseCode.FILTER_DATA_NOT_LATEST, "the consumer's consumer filter data not latest");
    return this.broker.config.enablePropertyFilter
      ? { filter: { ofRecord: data.filter } }
      : filterNotSupported(data.expressionType);
  }

  /** There may have been no such topic at the last heartbeat, or what is kept is of a member that has left, whose clock was ahead. */
  private sqlFilterOf({ subString, expressionType }: SubscriptionData): Selection | Refusal {
    if (!this.broker.config.enablePropertyFilter) return filterNotSupported(expressionType);
    const selection = this.sqlFilters.select(subString);
    return 'code' in selection ? filterDataNotExist() : selection;
  }

  private registeredSubscription(header: PullMessageRequestHeader): SubscriptionData | Refusal {
    const { consumerGroup, topic, subVersion } = header;
    const info = this.broker.consumers.getConsumerGroupInfo(consumerGroup);
    if (info === undefined) {
      return failure(ResponseCode.SUBSCRIPTION_NOT_EXIST, "the consumer's group info not exist");
    }
    const group = this.broker.groups.findSubscriptionGroupConfig(consumerGroup);
    if (info.messageModel === 'BROADCASTING' && !group!.consumeBroadcastEnable) {
      const remark = `the consumer group[${consumerGroup}] can not consume by broadcast way`;
      return failure(ResponseCode.NO_PERMISSION, remark);
    }
    if (this.broker.groups.isReadForbidden(consumerGroup, topic)) {
      const remark = `the consumer group[${consumerGroup}] is forbidden for topic[${topic}]`;
      return failure(ResponseCode.NO_PERMISSION, remark);
    }
    const data = info.subscriptionOf(topic);
    if (data === undefined) {
      return failure(ResponseCode.SUBSCRIPTION_NOT_EXIST, "the consumer's subscription not exist");
    }
    if (data.subVersion < subVersion) {
      return failure(ResponseCode.SUBSCRIPTION_NOT_LATEST, "the consumer's subscription not latest");
    }
    return data;
  }

  private commit({ sysFlag, consumerGroup, topic, queueId, commitOffset }: PullMessageRequestHeader): void {
    if ((sysFlag & PullSysFlag.COMMIT_OFFSET) === 0 || commitOffset < 0) return;
    this.broker.offsets.commitOffset(consumerGroup, topic, queueId, commitOffset);
  }
}

/** One pull, which may be held and carried out a second time. */
class Pull implements HeldPull {
  suspendUntil = 0;
  private readonly startedAt: number;
  private wasHeld = false;

  constructor(
    private readonly broker: BrokerController,
    private readonly processor: PullMessageProcessor,
    private readonly header: PullMessageRequestHeader,
    private selected: Selection,
    private readonly context: RequestContext<PullCode>,
  ) {
    this.startedAt = broker.clock.monotonicNow();
  }

  get consumerGroup(): string {
    return this.header.consumerGroup;
  }

  get topic(): string {
    return this.header.topic;
  }

  get queueId(): number {
    return this.header.queueId;
  }

  get offset(): number {
    return this.header.queueOffset;
  }

  get isAbandoned(): boolean {
    return this.context.channel.isClosed;
  }

  wants(record: DispatchRequest): boolean {
    return this.broker.arrivedRecords.isWanted(record, this.selected.filter);
  }

  /** What it may, and wants, is looked up anew (#executeRequestWhenWakeup). */
  wakeUp(): void {
    const selected = this.processor.select(this.header);
    if ('code' in selected) return this.context.reply(selected);
    this.selected = selected;
    this.wasHeld = true;
    this.carryOut(false);
  }

  carryOut(maySuspend: boolean): void {
    const { consumerGroup, topic, queueId, queueOffset, maxMsgNums } = this.header;
    const reset = this.broker.offsets.takeResetOffset(consumerGroup, topic, queueId);
    if (reset !== undefined) return this.answerReset(reset);
    const onResult = (result: GetMessageResult): void => {
      const code = this.codeOf(result);
      if (code === ResponseCode.PULL_NOT_FOUND && maySuspend) this.suspend();
      else if (code === ResponseCode.SYSTEM_BUSY) this.context.reply(failure(code, UNREADABLE));
      else this.answer(code, result);
      this.broker.fastFailure.pulls.takeUp();
    };
    const { store } = this.broker;
    const { allocator } = this.context;
    store.getMessage(topic, queueId, queueOffset, maxMsgNums, this.selected.filter, onResult, allocator);
  }

  /** Refused, a consumer comes again after a while; told that there is nothing, at once. */
  private suspend(): void {
    const { holdService, config, clock } = this.broker;
    const { longPollingEnable, shortPollingTimeMills } = config;
    const hold = longPollingEnable ? this.header.suspendTimeoutMillis : shortPollingTimeMills;
    this.suspendUntil = clock.monotonicNow() + Math.min(hold, MAX_SUSPEND_TIMEOUT);
    if (!holdService.isFull) return holdService.suspendPullRequest(this);
    const remark = `[POLLING_FULL]broker busy, it holds ${config.maxPullPollingSize} pulls (maxPullPollingSize)`;
    this.context.reply(failure(ResponseCode.SYSTEM_BUSY, remark));
  }

  /** As PullMessageProcessor#composeResponseHeader. */
  private codeOf({ status }: GetMessageResult): ResponseCode {
    switch (status) {
      case 'FOUND':
        return ResponseCode.SUCCESS;
      case 'NO_MATCHED_MESSAGE':
      case 'MESSAGE_WAS_REMOVING':
        return ResponseCode.PULL_RETRY_IMMEDIATELY;
      case 'NO_MATCHED_LOGIC_QUEUE':
      case 'NO_MESSAGE_IN_QUEUE':
        return this.offset === 0 ? ResponseCode.PULL_NOT_FOUND : ResponseCode.PULL_OFFSET_MOVED;
      case 'OFFSET_OVERFLOW_ONE':
        return ResponseCode.PULL_NOT_FOUND;
      case 'SERVICE_NOT_AVAILABLE':
        return ResponseCode.SYSTEM_BUSY;
      default:
        return ResponseCode.PULL_OFFSET_MOVED;
    }
  }

  /** An administrator has set the offset: the group goes on there (GetMessageStatus.OFFSET_RESET). */
  private answerReset(nextBeginOffset: number): void {
    const { store } = this.broker;
    const { topic, queueId } = this.header;
    const minOffset = store.getMinOffsetInQueue(topic, queueId);
    const maxOffset = store.getMaxOffsetInQueue(topic, queueId);
    this.context.reply({
      code: ResponseCode.PULL_OFFSET_MOVED,
      remark: 'OFFSET_RESET',
      header: { suggestWhichBrokerId: 0, nextBeginOffset, minOffset, maxOffset },
      body: NO_BYTES,
    });
  }

  private count({ messageCount, messages, nextBeginOffset }: GetMessageResult): void {
    const { stats, offsets } = this.broker;
    const { consumerGroup, topic, queueId } = this.header;
    if (messageCount > 0) stats.onGet(consumerGroup, topic, messageCount, messages.length);
    else stats.getMissTimes++;
    if (!this.wasHeld) stats.onGetEnded(this.startedAt);
    offsets.commitPullOffset(consumerGroup, topic, queueId, nextBeginOffset);
  }

  private answer(code: ResponseCode, result: GetMessageResult): void {
    const { status, nextBeginOffset, minOffset, maxOffset, messages } = result;
    this.count(result);
    this.context.reply({
      code,
      remark: status,
      header: { suggestWhichBrokerId: 0, nextBeginOffset, minOffset, maxOffset },
      body: messages,
    });
  }
}

function filterDataNotExist(): Refusal {
  const remark = "The broker's consumer filter data is not exist!Your expression may be wrong!";
  return failure(ResponseCode.FILTER_DATA_NOT_EXIST, remark);
}
