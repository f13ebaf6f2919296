import { decodeMessageId } from '../common/message-id.js';
import type { MessageExt } from '../common/message-ext.js';
import { KEY_SEPARATOR, MessageConst } from '../common/message-const.js';
import type { MessageQueue } from '../common/message-queue.js';
import { MASTER_ID, NEW_TOPIC_QUEUES, TOOLS_CONSUMER_GROUP } from '../common/mix-all.js';
import { PermName } from '../common/perm-name.js';
import { PullSysFlag } from '../common/pull-sys-flag.js';
import { TopicNames } from '../common/topic-validator.js';
import { MQBrokerError } from '../errors/mq-broker.error.js';
import { MQClientError } from '../errors/mq-client.error.js';
import type { SetMessageRequestModeRequestBody } from '../remoting/body/query-assignment.js';
import { subscribeQueuesOf } from '../remoting/body/subscribe-queues.js';
import type { TopicConfig } from '../remoting/body/topic-config.js';
import type { TopicRouteData } from '../remoting/body/topic-route-data.js';
import type { CreateTopicRequestHeader } from '../remoting/header/create-topic-request-header.js';
import { RequestCode } from '../remoting/request-code.js';
import { ClientErrorCode, ResponseCode } from '../remoting/response-code.js';
import { invoke } from '../remoting/transport/transport.js';
import { unwrapInnerBatches } from './inner-batch.js';
import type { MQClientInstance } from './mq-client-instance.js';
import { checkTopic } from './validators.js';

/** Milliseconds for what a broker has to search for. */
const QUERY_TIMEOUT = 18_000;
const PULL_TIMEOUT = 10_000;
const NEW_TOPIC = {
  perm: PermName.READ | PermName.WRITE,
  topicFilterType: 'SINGLE_TAG',
  topicSysFlag: 0,
  order: false,
};

/** The messages that a key was given, by their time. */
export interface QueryOptions {
  /** Most messages of each broker. */
  readonly maxNum: number;
  /** Milliseconds since the epoch, by the clock of the broker. */
  readonly begin: number;
  readonly end: number;
}

/** A part of a queue, and where it goes on. */
export interface QueuePart {
  readonly messages: readonly MessageExt[];
  readonly nextOffset: number;
}

/** Questions about topics, queues and messages that need no consumer (MQAdminImpl). Topics have their plain names. */
export class MQAdminImpl {
  constructor(private readonly instance: MQClientInstance) {}

  /** @throws MQClientError (10005) when there is no such topic. */
  async fetchMessageQueues(topic: string): Promise<MessageQueue[]> {
    return subscribeQueuesOf(topic, await this.routeOf(topic));
  }

  /**
   * Says in every broker of a topic how a group gets its messages (DefaultMQAdminExt#setMessageRequestMode), if it leaves the
   * sharing of queues to them.
   *
   * @throws MQBrokerError when a broker refuses; others may have it by then.
   */
  async setMessageRequestMode(body: SetMessageRequestModeRequestBody): Promise<void> {
    const { brokerDatas } = await this.routeOf(body.topic);
    const topic = this.instance.withNamespace(body.topic);
    const consumerGroup = this.instance.withNamespace(body.consumerGroup);
    const wrapped = { ...body, topic, consumerGroup };
    const request = { code: RequestCode.SET_MESSAGE_REQUEST_MODE, header: undefined, body: wrapped };
    await Promise.all(brokerDatas.map(({ brokerName }) => this.instance.request(brokerName, request)));
  }

  /**
   * Creates a topic in every broker that has a master. Where there is one of this name it stays as it is, but for its number of queues,
   * which is raised if a larger one is given.
   *
   * @param queueNum Default: 8 where there is no such topic.
   * @throws MQClientError when no broker with a master is known (10003), or one has more queues of the topic than `queueNum`;
   * nothing is changed then.
   * @throws MQBrokerError when a broker refuses; others may have it by then.
   */
  async createTopic(name: string, queueNum?: number): Promise<void> {
    checkTopic(name);
    await this.instance.updateBrokers();
    const masters = this.mastersFor(name);
    const headers = await Promise.all(masters.map((broker) => this.topicChange(broker, name, queueNum)));
    const requests = masters.map(async (broker, i) => {
      const header = headers[i];
      if (header === undefined) return;
      await this.instance.request(broker, {
        code: RequestCode.UPDATE_AND_CREATE_TOPIC,
        header,
        body: undefined,
      });
    });
    await Promise.all(requests);
  }

  async maxOffset(mq: MessageQueue): Promise<number> {
    return this.offset(RequestCode.GET_MAX_OFFSET, mq);
  }

  async minOffset(mq: MessageQueue): Promise<number> {
    return this.offset(RequestCode.GET_MIN_OFFSET, mq);
  }

  /** The first message that was stored at a time or later; the end of the queue when there is none. */
  async searchOffset(mq: MessageQueue, timestamp: number): Promise<number> {
    const header = { ...this.queueHeader(mq), timestamp, boundaryType: 'lower' as const };
    const request = { code: RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, header, body: undefined };
    return (await this.instance.request(await this.brokerOf(mq), request)).header!.offset;
  }

  /** Messages from an offset on; none at the end of the queue. */
  async pull(mq: MessageQueue, queueOffset: number, maxMsgNums: number): Promise<QueuePart> {
    const header = {
      ...this.queueHeader(mq),
      consumerGroup: TOOLS_CONSUMER_GROUP,
      queueOffset,
      maxMsgNums,
      sysFlag: PullSysFlag.SUBSCRIPTION,
      commitOffset: 0,
      suspendTimeoutMillis: 0,
      subscription: '*',
      subVersion: 0,
      expressionType: 'TAG',
    };
    const { transport } = this.instance;
    const address = this.instance.brokerAddressOf(await this.brokerOf(mq));
    const request = { code: RequestCode.PULL_MESSAGE, header, body: undefined };
    const response = await invoke(transport, address, request, PULL_TIMEOUT);
    if (response.header === undefined) throw new MQBrokerError(response.code, response.remark ?? '', address);
    const pulled = response.code === ResponseCode.SUCCESS ? this.instance.decode(response.body!) : [];
    const nextOffset = response.header.nextBeginOffset;
    const messages = this.shown(unwrapInnerBatches(pulled, queueOffset, nextOffset), mq);
    return { messages, nextOffset };
  }

  /**
   * The message that lies where an offset message id says.
   *
   * @throws RangeError when it is no such id, MQClientError when it names no broker of the cluster, MQBrokerError when there is no
   * message.
   */
  async viewMessage(offsetMsgId: string): Promise<MessageExt> {
    const { storeHost, commitLogOffset: offset } = decodeMessageId(offsetMsgId);
    // An id may come from anywhere: it does not decide to whom this client connects.
    if (!this.instance.brokerAddresses().includes(storeHost)) await this.instance.updateBrokers();
    if (!this.instance.brokerAddresses().includes(storeHost))
      throw new MQClientError(`The id ${offsetMsgId} is of ${storeHost}, where the cluster has no broker`);
    const request = { code: RequestCode.VIEW_MESSAGE_BY_ID, header: { offset }, body: undefined };
    const { body } = await this.instance.requestFrom(storeHost, request);
    const [message] = this.instance.decode(body!);
    if (message === undefined) throw new MQClientError(`What ${storeHost} has at ${offset} is no message`);
    return this.shown([message])[0]!;
  }

  /** Messages with a key, from all brokers of the topic (MQAdminImpl#queryMessage). */
  async queryMessage(topic: string, key: string, options: QueryOptions): Promise<MessageExt[]> {
    const found = await this.query(topic, key, options, false);
    return found.filter(({ keys }) => keys?.split(KEY_SEPARATOR).includes(key) === true);
  }

  /** The message with a unique id; the newest, when it was sent several times. */
  async queryMessageByUniqKey(topic: string, msgId: string): Promise<MessageExt | undefined> {
    const options = { maxNum: 32, begin: 0, end: Number.MAX_SAFE_INTEGER };
    const found = await this.query(topic, msgId, options, true);
    const name = MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX;
    return found
      .filter((message) => message.getProperty(name) === msgId)
      .toSorted((a, b) => b.storeTimestamp - a.storeTimestamp)[0];
  }

  /** Names of the brokers in which a topic can be created. */
  private mastersFor(topic: string): string[] {
    const brokers = this.instance.mastersOfCluster();
    if (brokers.length > 0) return brokers;
    const names = this.instance.namesrvAddrs.join(';');
    throw new MQClientError(
      `Topic ${topic} was not created: the name server ${names} knows no broker with a master. Start one, and try again.`,
      { responseCode: ClientErrorCode.BROKER_NOT_EXIST, retryable: true },
    );
  }

  /** What a broker has to be told for a topic to be there with so many queues; undefined when it is. */
  private async topicChange(
    broker: string,
    name: string,
    queueNum: number | undefined,
  ): Promise<CreateTopicRequestHeader | undefined> {
    const topic = this.instance.withNamespace(name);
    const present = await this.topicConfig(broker, topic);
    if (present === undefined) return topicHeader(topic, queueNum ?? NEW_TOPIC_QUEUES, NEW_TOPIC);
    if (queueNum === undefined) return undefined;
    const queues = Math.max(present.readQueueNums, present.writeQueueNums);
    if (queueNum >= queues) return topicHeader(topic, queueNum, present);
    throw new MQClientError(
      `Topic ${name} has ${queues} queues in broker ${broker}, and createTopic takes none away: ask for ${queues} or more ` +
        `instead of ${queueNum}, or leave the number out.`,
    );
  }

  /** A topic as a broker has it, if it does. */
  private async topicConfig(broker: string, topic: string): Promise<TopicConfig | undefined> {
    const request = { code: RequestCode.GET_TOPIC_CONFIG, header: { topic }, body: undefined };
    try {
      return (await this.instance.request(broker, request)).body;
    } catch (error) {
      if (error instanceof MQBrokerError && error.responseCode === ResponseCode.TOPIC_NOT_EXIST)
        return undefined;
      throw error;
    }
  }

  private async query(
    topic: string,
    key: string,
    { maxNum, begin, end }: QueryOptions,
    uniqueKeyQuery: boolean,
  ): Promise<MessageExt[]> {
    const { brokerDatas } = await this.routeOf(topic);
    const header = { topic: this.instance.withNamespace(topic), key, maxNum, uniqueKeyQuery };
    const times = { beginTimestamp: begin, endTimestamp: end };
    const request = { code: RequestCode.QUERY_MESSAGE, header: { ...header, ...times }, body: undefined };
    const answers = brokerDatas.map(async ({ brokerName }) => {
      const broker = this.instance.findBrokerAddressInSubscribe(brokerName, MASTER_ID);
      if (broker === undefined) return [];
      try {
        const { body } = await this.instance.requestFrom(broker.address, request, QUERY_TIMEOUT);
        return this.instance.decode(body!).map((message) => Object.assign(message, { brokerName }));
      } catch (error) {
        if (error instanceof MQBrokerError && error.responseCode === ResponseCode.QUERY_NOT_FOUND) return [];
        throw error;
      }
    });
    return this.shown((await Promise.all(answers)).flat());
  }

  private async offset(
    code: typeof RequestCode.GET_MAX_OFFSET | typeof RequestCode.GET_MIN_OFFSET,
    mq: MessageQueue,
  ): Promise<number> {
    const request = { code, header: this.queueHeader(mq), body: undefined };
    const response = await this.instance.request<typeof code>(await this.brokerOf(mq), request);
    return response.header!.offset;
  }

  private queueHeader({ topic, queueId }: MessageQueue) {
    return { topic: this.instance.withNamespace(topic), queueId };
  }

  /** Its name; the address is known afterwards. */
  private async brokerOf({ topic, brokerName }: MessageQueue): Promise<string> {
    if (this.instance.findBrokerAddressInPublish(brokerName) === undefined) await this.routeOf(topic);
    return brokerName;
  }

  private async routeOf(topic: string): Promise<TopicRouteData> {
    const route = await this.instance.updateTopicRouteInfo(this.instance.withNamespace(topic));
    if (route !== undefined) return route;
    const responseCode = ClientErrorCode.NOT_FOUND_TOPIC;
    throw new MQClientError(`No route info of this topic: ${topic}`, { responseCode, retryable: true });
  }

  private shown(messages: readonly MessageExt[], { brokerName }: Partial<MessageQueue> = {}): MessageExt[] {
    return messages.map((message) => {
      if (brokerName !== undefined) message.brokerName = brokerName;
      message.topic = this.instance.withoutNamespace(message.topic);
      return message;
    });
  }
}

function topicHeader(
  topic: string,
  queueNum: number,
  { perm, topicFilterType, topicSysFlag, order }: typeof NEW_TOPIC,
): CreateTopicRequestHeader {
  const queues = { readQueueNums: queueNum, writeQueueNums: queueNum };
  const defaultTopic = TopicNames.AUTO_CREATE_TOPIC_KEY;
  return { topic, defaultTopic, ...queues, perm, topicFilterType, topicSysFlag, order };
}
