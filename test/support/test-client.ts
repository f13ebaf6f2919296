import { onTestFinished } from 'vitest';
import { decodeMessages } from '../../lib/common/message-decoder.js';
import type { MessageExt } from '../../lib/common/message-ext.js';
import { PullSysFlag } from '../../lib/common/pull-sys-flag.js';
import type { InnerMessage } from '../../lib/common/message-ext.js';
import type { ConsumerData } from '../../lib/remoting/body/heartbeat-data.js';
import type { SubscriptionData } from '../../lib/remoting/body/subscription-data.js';
import { buildSubscriptionData } from '../../lib/remoting/filter/filter-api.js';
import type { PullMessageRequestHeader } from '../../lib/remoting/header/pull-message-request-header.js';
import type { SendMessageRequestHeader } from '../../lib/remoting/header/send-message-request-header.js';
import type { RequestHeader, RequestBody } from '../../lib/remoting/remoting-protocol.js';
import {
  failure,
  success,
  type RemotingRequest,
  type RemotingResponse,
} from '../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { ResponseCode } from '../../lib/remoting/response-code.js';
import { invoke, type Transport } from '../../lib/remoting/transport/transport.js';
import type { Cluster } from '../conformance/cluster.js';

const TIMEOUT = 10_000;
const LONG_AGO = 1_600_000_000_000;
/** What a pull is answered behind the last message, or when there is no such queue. */
const ENDS: ReadonlySet<number> = new Set([
  ResponseCode.PULL_NOT_FOUND,
  ResponseCode.PULL_OFFSET_MOVED,
  ResponseCode.TOPIC_NOT_EXIST,
]);

/** What a {@link TestClient} sends, where it differs from a plain message to queue 0. */
export type SendFields = Partial<Omit<SendMessageRequestHeader, 'properties'>> & {
  readonly body?: string | Buffer;
  readonly properties?: Readonly<Record<string, string>>;
};

/** A message of a batch, where it differs from a plain one. */
export type BatchItem = Partial<Omit<InnerMessage, 'properties'>> & Pick<SendFields, 'properties'>;

/** One connection to a cluster, for tests that speak the protocol themselves. */
export class TestClient {
  readonly pushed: RemotingRequest[] = [];
  /** The body of the answer to a request of the broker. */
  answer: ((request: RemotingRequest) => unknown) | undefined;
  /** Answers requests of the broker with an error. */
  refuses = false;
  brokerName!: string;
  brokerAddr!: string;

  private constructor(
    readonly transport: Transport,
    private readonly namesrvAddr: string,
  ) {
    transport.onRequest((request, reply) => {
      this.pushed.push(request);
      if (this.refuses) return reply(failure(ResponseCode.SYSTEM_ERROR, 'refused'));
      if (this.answer !== undefined) reply(success(undefined as never, this.answer(request) as never));
    });
  }

  /** Connects to the first broker; the connection is closed when the test ends. */
  static async open(cluster: Cluster): Promise<TestClient> {
    const client = new TestClient(cluster.connect(), cluster.namesrvAddrs[0]!);
    onTestFinished(() => client.transport.close());
    const { body } = await client.route('BenchmarkTest');
    const [broker] = body!.brokerDatas;
    client.brokerName = broker!.brokerName;
    client.brokerAddr = broker!.brokerAddrs.get(0)!;
    return client;
  }

  route(topic: string): Promise<RemotingResponse<typeof RequestCode.GET_ROUTEINFO_BY_TOPIC>> {
    const request = { code: RequestCode.GET_ROUTEINFO_BY_TOPIC, header: { topic }, body: undefined };
    return invoke(this.transport, this.namesrvAddr, request, TIMEOUT);
  }

  /** Sends any request to the name server. */
  callNamesrv<C extends RequestCode>(code: C, header: RequestHeader<C>): Promise<RemotingResponse<C>> {
    const request = { code, header, body: undefined as RequestBody<C> };
    return invoke(this.transport, this.namesrvAddr, request, TIMEOUT);
  }

  /** Sends any request to the broker. */
  call<C extends RequestCode>(
    code: C,
    header: RequestHeader<C>,
    body?: RequestBody<C>,
  ): Promise<RemotingResponse<C>> {
    return invoke(this.transport, this.brokerAddr, { code, header, body: body as RequestBody<C> }, TIMEOUT);
  }

  oneway<C extends RequestCode>(code: C, header: RequestHeader<C>, body?: RequestBody<C>): void {
    this.transport.invokeOneway(this.brokerAddr, { code, header, body: body as RequestBody<C> });
  }

  send(topic: string, fields: SendFields = {}): Promise<RemotingResponse<typeof RequestCode.SEND_MESSAGE>> {
    const { body = 'hello', ...header } = fields;
    return this.call(RequestCode.SEND_MESSAGE, this.sendHeader(topic, header), Buffer.from(body));
  }

  sendReply(
    topic: string,
    fields: SendFields = {},
  ): Promise<RemotingResponse<typeof RequestCode.SEND_REPLY_MESSAGE>> {
    const { body = 'hello', ...header } = fields;
    return this.call(RequestCode.SEND_REPLY_MESSAGE, this.sendHeader(topic, header), Buffer.from(body));
  }

  sendBatch(
    topic: string,
    batch: readonly BatchItem[],
    header: Omit<SendFields, 'body'> = {},
  ): Promise<RemotingResponse<typeof RequestCode.SEND_BATCH_MESSAGE>> {
    const messages = batch.map(({ flag = 0, body = Buffer.from('hello'), properties = {} }) => {
      return { flag, body, properties: new Map(Object.entries(properties)) };
    });
    return this.call(RequestCode.SEND_BATCH_MESSAGE, this.sendHeader(topic, header), messages);
  }

  /** Pulls with a subscription of its own, so that the group needs no members. */
  pull(
    topic: string,
    consumerGroup: string,
    fields: Partial<PullMessageRequestHeader> = {},
  ): Promise<RemotingResponse<typeof RequestCode.PULL_MESSAGE>> {
    return this.call(RequestCode.PULL_MESSAGE, {
      consumerGroup,
      topic,
      queueId: 0,
      queueOffset: 0,
      maxMsgNums: 32,
      sysFlag: PullSysFlag.SUBSCRIPTION,
      commitOffset: 0,
      suspendTimeoutMillis: 0,
      subscription: '*',
      subVersion: LONG_AGO,
      expressionType: 'TAG',
      ...fields,
    });
  }

  /** All messages of a queue, none of one that does not exist. */
  async read(topic: string, queueId = 0): Promise<MessageExt[]> {
    const messages: MessageExt[] = [];
    for (let queueOffset = 0; ;) {
      const { code, remark, header, body } = await this.pull(topic, 'TestClient', { queueId, queueOffset });
      if (ENDS.has(code)) return messages;
      if (code === ResponseCode.SUCCESS) messages.push(...decodeMessages(body!));
      else if (code !== ResponseCode.PULL_RETRY_IMMEDIATELY)
        throw new Error(`${topic}/${queueId} cannot be read at ${queueOffset}: ${code} ${remark}`);
      queueOffset = header!.nextBeginOffset;
    }
  }

  heartbeat(
    clientID: string,
    groupName: string,
    subscriptions: Readonly<Record<string, string | SubscriptionData>>,
    fields: Partial<ConsumerData> = {},
  ): Promise<RemotingResponse<typeof RequestCode.HEART_BEAT>> {
    const consumer: ConsumerData = {
      groupName,
      consumeType: 'CONSUME_PASSIVELY',
      messageModel: 'CLUSTERING',
      consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
      subscriptionDataSet: Object.entries(subscriptions).map(([topic, subscription]) =>
        typeof subscription === 'string'
          ? buildSubscriptionData(topic, subscription, LONG_AGO)!
          : subscription,
      ),
      ...fields,
    };
    const body = { clientID, producerDataSet: [], consumerDataSet: [consumer] };
    return this.call(RequestCode.HEART_BEAT, undefined, body);
  }

  producerHeartbeat(
    clientID: string,
    groupName: string,
  ): Promise<RemotingResponse<typeof RequestCode.HEART_BEAT>> {
    const body = { clientID, producerDataSet: [{ groupName }], consumerDataSet: [] };
    return this.call(RequestCode.HEART_BEAT, undefined, body);
  }

  subscription(topic: string, expression: string): SubscriptionData {
    return buildSubscriptionData(topic, expression, LONG_AGO)!;
  }

  async consumerIds(consumerGroup: string): Promise<readonly string[] | undefined> {
    const { body } = await this.call(RequestCode.GET_CONSUMER_LIST_BY_GROUP, { consumerGroup });
    return body?.consumerIdList;
  }

  private sendHeader(topic: string, fields: Omit<SendFields, 'body'>): SendMessageRequestHeader {
    return {
      producerGroup: 'test-producer',
      topic,
      defaultTopic: 'TBW102',
      defaultTopicQueueNums: 4,
      queueId: 0,
      sysFlag: 0,
      bornTimestamp: LONG_AGO,
      flag: 0,
      reconsumeTimes: 0,
      brokerName: this.brokerName,
      ...fields,
      properties: new Map(Object.entries(fields.properties ?? {})),
    };
  }
}
