import type { MessageQueue } from '../../../common/message-queue.js';
import type { ConsumeStats, OffsetWrapper, QueueTimeSpan } from '../../../remoting/body/consume-stats.js';
import { failure, success, type RemotingResponse } from '../../../remoting/remoting-command.js';
import { ResponseCode } from '../../../remoting/response-code.js';
import type { BrokerController } from '../broker-controller.js';
import { noSuchTopic } from '../topic/topic-not-exist.js';
import type { Request, Response } from '../../../remoting/named-request.js';
import { QueueTurns } from './queue-turns.js';

const TOPIC_SEPARATOR = ';';
/** Queues of which one answer tells: Java's client takes in hardly more, in a frame of 16 MiB. */
const MAX_ANSWERED = 131_072;

/** How far groups are, for administrators (AdminBrokerProcessor). */
export class ConsumeStatsProcessor {
  constructor(private readonly broker: BrokerController) {}

  async getConsumeStats({ header }: Request<'GET_CONSUME_STATS'>): Promise<Response<'GET_CONSUME_STATS'>> {
    const { consumerGroup } = header;
    const topics = this.topicsOf(header);
    if (this.queuesOf(topics) > MAX_ANSWERED) return tooMany('topics by themselves');
    const stats = await this.statsOfAll(consumerGroup, topics, new QueueTurns(this.broker.clock));
    return success(undefined, {
      offsetTable: new Map(stats.flatMap(({ offsetTable }) => [...offsetTable])),
      consumeTps: stats.reduce((sum, { consumeTps }) => sum + consumeTps, 0),
    });
  }

  async getBrokerConsumeStats({
    header: { isOrder },
  }: Request<'GET_BROKER_CONSUME_STATS'>): Promise<Response<'GET_BROKER_CONSUME_STATS'>> {
    const { groups, topics, brokerAddr, clock } = this.broker;
    const topicsByGroup = [...groups.all()].map(({ groupName }): [string, string[]] => [
      groupName,
      this.topicsOf({ consumerGroup: groupName }).filter(
        (topic) => !isOrder || topics.selectTopicConfig(topic)!.order,
      ),
    ]);
    if (this.queuesOf(topicsByGroup.flatMap(([, named]) => named)) > MAX_ANSWERED)
      return tooMany('groups by themselves');
    const turns = new QueueTurns(clock);
    const consumeStatsList: Map<string, ConsumeStats[]>[] = [];
    for (const [group, named] of topicsByGroup)
      consumeStatsList.push(new Map([[group, await this.statsOfAll(group, named, turns)]]));
    const wrappers = consumeStatsList
      .flatMap((groupStats) => [...groupStats.values()].flat())
      .flatMap(({ offsetTable }) => [...offsetTable.values()]);
    const totalDiff = wrappers.reduce((sum, one) => sum + one.brokerOffset - one.consumerOffset, 0);
    const totalInflightDiff = wrappers.reduce((sum, one) => sum + one.pullOffset - one.consumerOffset, 0);
    return success(undefined, { consumeStatsList, brokerAddr, totalDiff, totalInflightDiff });
  }

  async queryConsumeTimeSpan({
    header: { topic, group },
  }: Request<'QUERY_CONSUME_TIME_SPAN'>): Promise<Response<'QUERY_CONSUME_TIME_SPAN'>> {
    const config = this.broker.topics.selectTopicConfig(topic);
    if (config === undefined) return noSuchTopic(topic);
    const turns = new QueueTurns(this.broker.clock);
    const consumeTimeSpanSet: QueueTimeSpan[] = [];
    for (let queueId = 0; queueId < config.writeQueueNums; queueId++) {
      await turns.next();
      consumeTimeSpanSet.push(this.timeSpanOf(group, topic, queueId));
    }
    return success(undefined, { consumeTimeSpanSet });
  }

  /** The topics that were asked for, or in which the group has offsets; not those that its members have left. */
  private topicsOf({
    consumerGroup,
    topic,
    topicList = '',
  }: {
    readonly consumerGroup: string;
    readonly topic?: string;
    readonly topicList?: string;
  }): string[] {
    const { consumers, offsets, topics } = this.broker;
    const listed = topicList.split(TOPIC_SEPARATOR).filter((name) => name !== '');
    const isKnown = (name: string) => topics.selectTopicConfig(name) !== undefined;
    if (listed.length > 0) return [...new Set(listed)].filter(isKnown);
    const asked = topic === undefined || topic === '' ? offsets.whichTopicByConsumer(consumerGroup) : [topic];
    return asked.filter((name) => isKnown(name) && !consumers.hasLeftTopic(consumerGroup, name));
  }

  private queuesOf(topics: readonly string[]): number {
    const configs = topics.map((topic) => this.broker.topics.selectTopicConfig(topic)!);
    return configs.reduce((sum, { readQueueNums }) => sum + readQueueNums, 0);
  }

  private async statsOfAll(
    group: string,
    topics: readonly string[],
    turns: QueueTurns,
  ): Promise<ConsumeStats[]> {
    const stats: ConsumeStats[] = [];
    for (const topic of topics) stats.push(await this.statsOf(group, topic, turns));
    return stats;
  }

  /** A topic may have been deleted in a turn before. */
  private async statsOf(group: string, topic: string, turns: QueueTurns): Promise<ConsumeStats> {
    const { readQueueNums = 0 } = this.broker.topics.selectTopicConfig(topic) ?? {};
    const { brokerName } = this.broker.config;
    const offsetTable = new Map<MessageQueue, OffsetWrapper>();
    for (let queueId = 0; queueId < readQueueNums; queueId++) {
      await turns.next();
      offsetTable.set({ topic, brokerName, queueId }, this.offsetsOf(group, topic, queueId));
    }
    return { offsetTable, consumeTps: this.broker.stats.groupGetTps(group, topic) };
  }

  private offsetsOf(group: string, topic: string, queueId: number): OffsetWrapper {
    const { store, offsets } = this.broker;
    const consumerOffset = offsets.queryOffset(group, topic, queueId) ?? 0;
    const pullOffset = offsets.queryPullOffset(group, topic, queueId) ?? 0;
    const lastTimestamp =
      consumerOffset > 0 ? store.getMessageStoreTimestamp(topic, queueId, consumerOffset - 1) : 0;
    return {
      brokerOffset: store.getMaxOffsetInQueue(topic, queueId),
      consumerOffset,
      pullOffset: Math.max(consumerOffset, pullOffset),
      lastTimestamp: Math.max(lastTimestamp, 0),
    };
  }

  private timeSpanOf(group: string, topic: string, queueId: number): QueueTimeSpan {
    const { store, offsets, config, clock } = this.broker;
    const timeOf = (offset: number) => store.getMessageStoreTimestamp(topic, queueId, offset);
    const minTimeStamp = timeOf(store.getMinOffsetInQueue(topic, queueId));
    const maxOffset = store.getMaxOffsetInQueue(topic, queueId);
    const consumerOffset = offsets.queryOffset(group, topic, queueId) ?? 0;
    const nextTime = consumerOffset < maxOffset ? timeOf(consumerOffset) : -1;
    return {
      messageQueue: { topic, brokerName: config.brokerName, queueId },
      minTimeStamp,
      maxTimeStamp: timeOf(maxOffset - 1),
      consumeTimeStamp: consumerOffset > 0 ? timeOf(consumerOffset - 1) : minTimeStamp,
      delayTime: nextTime < 0 ? 0 : Math.max(0, clock.now() - nextTime),
    };
  }
}

function tooMany(what: string): RemotingResponse<never> {
  const remark = `more than ${MAX_ANSWERED} queues are too many for an answer: ask for ${what}`;
  return failure(ResponseCode.SYSTEM_ERROR, remark);
}
