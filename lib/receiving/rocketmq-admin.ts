import type { MessageExt } from '../common/message-ext.js';
import type {
  RocketMQBrowseOptions,
  RocketMQQueueRange,
  RocketMQResendOptions,
  RocketMQResendRangeOptions,
} from '../interfaces/admin-options.interface.js';
import { ClientErrorCode } from '../remoting/response-code.js';
import { compareMessageQueues, type MessageQueue } from '../common/message-queue.js';
import {
  aFunction,
  checkOption,
  integer,
  isTable,
  oneOf,
  resolveOptions,
  type OptionChecks,
} from '../common/option-rules.js';
import { dlqTopicOf, NEW_TOPIC_QUEUES } from '../common/mix-all.js';
import {
  MQAdminImpl,
  queryMessageTrace,
  type MessageTrace,
  type MQClientInstance,
  type SendResult,
} from '../client/index.js';
import { MQBrokerError, MQClientError, RocketMQError } from '../errors/index.js';
import { MessageFilter } from '../listener/message-filter.js';
import { byStoreTime } from './by-store-time.js';
import { DeadLetterResender, type MessageSender } from './dead-letter-resender.js';
import { timeRule } from './pull-consumer-rules.js';

/** Messages of one answer to a pull; brokers send at most 32. */
const PAGE = 32;

const queuesRule = integer(NEW_TOPIC_QUEUES, 1, 1024);
const browseMaxRule = integer(100, 1);
const queryMaxRule = integer(32, 1, 64);
const resendMaxRule = integer(Number.MAX_SAFE_INTEGER, 1);
const modeRule = oneOf('PULL', ['PULL', 'POP']);
/** Up to Java's Integer.MAX_VALUE. */
const shareRule = integer(0, 0, 0x7fffffff);

const rangeRules = { from: timeRule, to: timeRule };
const queryRules = { ...rangeRules, max: queryMaxRule };
const browseRules: OptionChecks<RocketMQBrowseOptions> = {
  ...rangeRules,
  max: browseMaxRule,
  queue: { default: undefined, allowed: '{ topic, brokerName, queueId }', accepts: isTable },
};
const resendRules: OptionChecks<RocketMQResendOptions> = { target: oneOf('TOPIC', ['TOPIC', 'GROUP']) };
const resendRangeRules: OptionChecks<RocketMQResendRangeOptions> = {
  ...rangeRules,
  ...resendRules,
  max: resendMaxRule,
  filter: aFunction(),
};

/**
 * Looks at topics and messages without consuming anything, sends dead ones again, and sets how groups consume; injectable.
 *
 * @publicApi
 */
export class RocketMQAdmin {
  private readonly questions: MQAdminImpl;
  private readonly resender: DeadLetterResender;

  constructor(
    private readonly instance: MQClientInstance,
    sender: MessageSender,
  ) {
    this.questions = new MQAdminImpl(instance);
    this.resender = new DeadLetterResender(instance, sender);
  }

  /**
   * Creates a topic in every broker of the cluster; the first message to a topic creates it with four queues. Listeners share out the
   * queues, so that as many members of a group have work. Where there is one of this name it stays as it is, with its permissions and
   * attributes, but for its number of queues, which is raised if a larger one is given.
   *
   * @param queues from 1 to 1,024. Default: 8 where there is no such topic.
   * @throws MQClientError when a topic cannot have this name, no broker with a master is there, or the topic has more than
   * `queues`; nothing is changed then.
   * @throws MQBrokerError when a broker refuses.
   */
  async createTopic(topic: string, queues?: number): Promise<void> {
    if (queues !== undefined) checkOption('queues', queues, queuesRule);
    await this.questions.createTopic(topic, queues);
  }

  /** The queues of a topic with their offsets. */
  async queues(topic: string): Promise<RocketMQQueueRange[]> {
    const queues = (await this.questions.fetchMessageQueues(topic)).toSorted(compareMessageQueues);
    return Promise.all(
      queues.map(async (queue) => {
        const offsets = [this.questions.minOffset(queue), this.questions.maxOffset(queue)];
        const [minOffset, maxOffset] = (await Promise.all(offsets)) as [number, number];
        return { queue, minOffset, maxOffset };
      }),
    );
  }

  /** Messages of a topic in the order of their queues; reads on as long as it is asked for more, up to `max`. */
  async *browse(
    topic: string,
    options: RocketMQBrowseOptions = {},
  ): AsyncGenerator<MessageExt, void, undefined> {
    resolveOptions('browse', browseRules, options);
    const { from, to, max = browseMaxRule.default, queue: only } = options;
    let left = max;
    for (const messages of await this.messagesOf(topic, { from, to, queue: only })) {
      for await (const message of messages) {
        if (left-- === 0) return;
        yield message;
      }
    }
  }

  /** Messages that have a key, the newest last: of each broker its newest `max`, and no more than 16 MiB. */
  async queryByKey(
    topic: string,
    key: string,
    options: Omit<RocketMQBrowseOptions, 'queue'> = {},
  ): Promise<MessageExt[]> {
    resolveOptions('queryByKey', queryRules, options);
    const { from = 0, to = Number.MAX_SAFE_INTEGER, max = queryMaxRule.default } = options;
    const wanted = { maxNum: max, begin: Number(from), end: Number(to) };
    const found = await this.questions.queryMessage(topic, key, wanted);
    return found.toSorted((a, b) => a.storeTimestamp - b.storeTimestamp);
  }

  /**
   * A message by its `msgId`, or of whatever topic by its `offsetMsgId`; undefined when there is none.
   *
   * @throws MQClientError when there is no such topic, or no server answers.
   */
  async findById(topic: string, id: string): Promise<MessageExt | undefined> {
    return (await this.questions.queryMessageByUniqKey(topic, id)) ?? this.findByOffsetId(id);
  }

  /**
   * What happened to a message, oldest first, as its senders and listeners with `enableMsgTrace` told: its send, and every
   * delivery to a group. Records arrive up to five seconds after what they tell of.
   *
   * @param traceTopic their `customizedTraceTopic`. Default: `RMQ_SYS_TRACE_TOPIC`.
   * @throws MQClientError when no server answers.
   */
  queryMessageTrace(msgId: string, traceTopic?: string): Promise<MessageTrace[]> {
    return queryMessageTrace(this.instance, msgId, traceTopic);
  }

  /**
   * Says how the listeners of a group get the messages of a topic that have `clientRebalance: false`: from queues of their own
   * (`PULL`), or each message by itself (`POP`). The brokers keep it; listeners that run follow at once with the
   * engine, and within 20 s with Apache's broker. As of `mqadmin setConsumeMode`.
   *
   * @param popShareQueueNum how many other members pop from the queues that a member would have when it pulled. Default: 0, all
   * members pop from all queues.
   * @throws MQClientError when there is no such topic.
   * @throws MQBrokerError when a broker refuses.
   */
  async setMessageRequestMode(
    topic: string,
    consumerGroup: string,
    mode: 'PULL' | 'POP',
    popShareQueueNum = shareRule.default,
  ): Promise<void> {
    checkOption('mode', mode, modeRule);
    checkOption('popShareQueueNum', popShareQueueNum, shareRule);
    const body = { topic, consumerGroup, mode, popShareQueueNum };
    await this.questions.setMessageRequestMode(body);
  }

  /** The dead messages of a group, as {@link browse} shows a topic, up to `max`; none when there never was one. */
  async *deadLetters(
    group: string,
    options: RocketMQBrowseOptions = {},
  ): AsyncGenerator<MessageExt, void, undefined> {
    resolveOptions('deadLetters', browseRules, options);
    const topic = dlqTopicOf(group);
    if (await this.hasTopic(topic)) yield* this.browse(topic, options);
  }

  /**
   * Sends a dead message of a group again: body, keys, tag, properties and `msgId` as they were, attempts from the beginning. It also stays in
   * the dead-letter queue, since RocketMQ deletes no messages.
   *
   * @throws MQClientError when the group has no such dead message.
   */
  async resendDeadLetter(
    group: string,
    id: string,
    options: RocketMQResendOptions = {},
  ): Promise<SendResult> {
    resolveOptions('resendDeadLetter', resendRules, options);
    const topic = dlqTopicOf(group);
    const dead = (await this.hasTopic(topic)) ? await this.findById(topic, id) : undefined;
    if (dead?.topic !== topic)
      throw new MQClientError(`The dead-letter queue of group "${group}" has no message ${id}`);
    return this.resender.resend(dead, group, options.target === 'GROUP');
  }

  /**
   * Sends all dead messages of a group again that died within a time, the oldest first; how many there were.
   *
   * @throws MQClientError when one of them cannot be sent, with how many were sent before and the time from which to go on.
   */
  async resendDeadLetters(group: string, options: RocketMQResendRangeOptions = {}): Promise<number> {
    resolveOptions('resendDeadLetters', resendRangeRules, options);
    const { from, to, max = resendMaxRule.default, filter, target } = options;
    const wanted = filter && new MessageFilter('resendDeadLetters', filter);
    const topic = dlqTopicOf(group);
    const queues = (await this.hasTopic(topic)) ? await this.messagesOf(topic, { from, to }) : [];
    let count = 0;
    for await (const dead of byStoreTime(queues)) {
      if (count === max) break;
      if (wanted?.accepts(dead) === false) continue;
      try {
        await this.resender.resend(dead, group, target === 'GROUP');
      } catch (cause) {
        const retryable = cause instanceof RocketMQError && cause.retryable;
        throw new MQClientError(notResent(dead, count), { cause, retryable });
      }
      count++;
    }
    return count;
  }

  /** The broker makes the dead-letter queue of a group with its first dead message. */
  private async hasTopic(topic: string): Promise<boolean> {
    try {
      const { length } = await this.questions.fetchMessageQueues(topic);
      if (length === 0)
        throw new MQClientError(
          `Nobody may read topic ${topic}, as older brokers make it: mqadmin updateTopicPerm -t ${topic} -p 6`,
        );
      return true;
    } catch (error) {
      if (error instanceof MQClientError && error.responseCode === ClientErrorCode.NOT_FOUND_TOPIC)
        return false;
      throw error;
    }
  }

  private async findByOffsetId(id: string): Promise<MessageExt | undefined> {
    try {
      return await this.questions.viewMessage(id);
    } catch (error) {
      // It is an id of the other kind, or lies in no broker (any more).
      const isRefused = error instanceof MQClientError && !error.retryable;
      if (isRefused || error instanceof RangeError || error instanceof MQBrokerError) return undefined;
      throw error;
    }
  }

  /** Of each queue those that are asked for. */
  private async messagesOf(
    topic: string,
    { from, to, queue: only }: Omit<RocketMQBrowseOptions, 'max'>,
  ): Promise<AsyncGenerator<MessageExt>[]> {
    const isWanted = ({ queue }: RocketMQQueueRange) =>
      only === undefined || compareMessageQueues(only, queue) === 0;
    const wanted = (await this.queues(topic)).filter(isWanted);
    return Promise.all(
      wanted.map(async ({ queue, minOffset, maxOffset }) => {
        const begin = from === undefined ? minOffset : await this.questions.searchOffset(queue, Number(from));
        const end = to === undefined ? maxOffset : await this.questions.searchOffset(queue, Number(to));
        return this.read(queue, begin, Math.min(end, maxOffset));
      }),
    );
  }

  /** Pages of a queue; offsets that are no more there are passed over. */
  private async *read(queue: MessageQueue, begin: number, end: number): AsyncGenerator<MessageExt> {
    for (let offset = begin; offset < end;) {
      const { messages, nextOffset } = await this.questions.pull(queue, offset, PAGE);
      for (const message of messages) if (message.queueOffset < end) yield message;
      if (nextOffset <= offset) return;
      offset = nextOffset;
    }
  }
}

function notResent({ msgId, storeTimestamp }: MessageExt, count: number): string {
  const time = new Date(storeTimestamp).toISOString();
  return `Dead message ${msgId} cannot be sent again; ${count} before it were. Go on from ${time}.`;
}
