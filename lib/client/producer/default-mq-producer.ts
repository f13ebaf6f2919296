import { MessageClientIdSetter } from '../../common/message-client-id-setter.js';
import { MessageConst } from '../../common/message-const.js';
import { MessageSysFlag } from '../../common/message-sys-flag.js';
import type { Message } from '../../common/message.js';
import type { MessageExt } from '../../common/message-ext.js';
import type { MessageQueue } from '../../common/message-queue.js';
import { resolveOptions } from '../../common/option-rules.js';
import { TopicNames } from '../../common/topic-validator.js';
import { NO_BYTES } from '../../common/no-bytes.js';
import { MQClientError } from '../../errors/mq-client.error.js';
import type { TopicRouteData } from '../../remoting/body/topic-route-data.js';
import { ClientErrorCode } from '../../remoting/response-code.js';
import type { MQClientInstance } from '../mq-client-instance.js';
import { RequestCode } from '../../remoting/request-code.js';
import { AsyncTraceDispatcher, traceProducerConfig } from '../trace/async-trace-dispatcher.js';
import { SendMessageTrace } from '../trace/send-message-trace.js';
import { checkBody, checkGroup, checkTopic } from '../validators.js';
import { compressOutgoing } from './body-compression.js';
import { checkBatch } from './message-batch.js';
import { chooseQueue, type MessageQueueSelector } from './message-queue-selector.js';
import { MQFaultStrategy } from './mq-fault-strategy.js';
import { Outgoing } from './outgoing.js';
import { producerRules, type ProducerConfig } from './producer-config.js';
import type { ProducerInner } from './producer-inner.js';
import { brokerNameOf } from './recall-handle.js';
import type { SendResult } from './send-result.js';
import { sendRequest, SendTask, type CommunicationMode, type SendEnvironment } from './send-task.js';
import { sendRequestMessage } from './request-sender.js';
import { endedBySignal, SendPermits } from './send-permits.js';
import { SendsUnderWay } from './sends-under-way.js';
import { publishQueuesOf, queuesLike, TopicPublishInfo } from './topic-publish-info.js';

const NOT_RUNNING =
  'The producer is not running, start it first: in a Nest application it runs from app.init() to app.close()';

type HandOver = (info: TopicPublishInfo, body: Buffer, sysFlag: number) => void;

export interface SendOptions {
  /** Milliseconds for all attempts together; the producer's `sendMsgTimeout` by default. */
  readonly timeout?: number;
  /** Chooses the queue by `arg`; such a send is not tried again in another queue. */
  readonly selector?: MessageQueueSelector;
  readonly arg?: string;
  /** Ends the waiting with its reason, and further attempts; what was sent already may be stored, and handled, all the same. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sends messages (DefaultMQProducer). Every method checks the message first and rejects with MQClientError, code 13, when
 * it is illegal; with MQBrokerError when a broker refuses it, or MQClientError with its code after several attempts; with
 * RemotingTimeoutError when the time is over, and MQClientError that is `retryable` when the connection is lost, or the
 * client shut down, before the answer comes: then the message may or may not have been stored.
 */
export class DefaultMQProducer implements ProducerInner {
  readonly config: ProducerConfig;
  private readonly publishInfos = new Map<string, TopicPublishInfo>();
  /** By topic the newest send whose route or body is not ready yet. */
  private readonly preparing = new Map<string, Promise<void>>();
  private readonly ids: MessageClientIdSetter;
  protected readonly environment: SendEnvironment;
  private readonly dispatcher: AsyncTraceDispatcher | undefined;
  /** Undefined: asynchronous sends have no bound. */
  private readonly permits: SendPermits | undefined;
  private isRunning = false;
  private ending: Promise<void> | undefined;

  constructor(
    protected readonly instance: MQClientInstance,
    config: Partial<ProducerConfig> = {},
  ) {
    const resolved = resolveOptions('producer', producerRules, config);
    this.config = { ...resolved, group: instance.withNamespace(resolved.group) };
    const faultStrategy = new MQFaultStrategy(instance.clock, this.config.sendLatencyFaultEnable);
    if (resolved.enableMsgTrace) this.dispatcher = this.createDispatcher(resolved);
    const trace = this.dispatcher && new SendMessageTrace(instance, this.dispatcher, resolved.group);
    this.environment = { instance, config: this.config, faultStrategy, underWay: new SendsUnderWay(), trace };
    this.ids = new MessageClientIdSetter(instance.clock, instance.random);
    if (resolved.enableBackpressureForAsyncMode) this.permits = new SendPermits(instance.clock, resolved);
  }

  get group(): string {
    return this.config.group;
  }

  /** Undefined: what is sent is not traced. */
  protected get trace(): SendMessageTrace | undefined {
    return this.environment.trace;
  }

  /** @throws MQClientError when the group is reserved, or the client has a producer of it already. */
  start(): void {
    checkGroup(this.group);
    this.instance.registerProducer(this);
    this.instance.start();
    this.dispatcher?.start();
    this.isRunning = true;
  }

  /** Waits until the records of what was sent are in the trace topic; what is sent later is not traced. */
  async endTrace(): Promise<void> {
    await this.dispatcher?.shutdown();
  }

  shutdown(): void {
    if (!this.isRunning) return;
    this.isRunning = false;
    this.permits?.close();
    this.ending = this.environment.underWay.thenEnd(this.instance.clock, () => this.endTrace());
    this.instance.unregisterProducer(this);
  }

  /** Settles, after {@link shutdown}, when the sends that were under way have ended, 3 s later at most, and are traced. */
  async ended(): Promise<void> {
    await this.ending;
  }

  /** Sends and waits until the message is stored; errors are tried again. */
  send(message: Message, options: SendOptions = {}): Promise<SendResult> {
    return endedBySignal(this.sendMessage(message, 'SYNC', options), options.signal);
  }

  /** As {@link send}, but an error that a broker answers is not tried again (`retryTimesWhenSendAsyncFailed`). */
  sendAsync(message: Message, options: SendOptions = {}): Promise<SendResult> {
    if (this.permits === undefined)
      return endedBySignal(this.sendMessage(message, 'ASYNC', options), options.signal);
    const send = (given: SendOptions) => this.sendMessage(message, 'ASYNC', given);
    return this.sendPermitted(this.permits, [message], options, send);
  }

  /** Hands the message over without waiting for anything: if it is lost, nobody learns of it. */
  sendOneway(message: Message, options: SendOptions = {}): Promise<void> {
    return endedBySignal(this.sendUnanswered(message, options), options.signal);
  }

  /**
   * Sends a message and waits for the reply to it.
   *
   * @param timeout milliseconds for sending, and for the reply.
   * @throws RequestTimeoutError when no reply came, MQClientError when the message could not be sent.
   */
  async request(message: Message, options: SendOptions = {}): Promise<MessageExt> {
    const { signal } = options;
    const timeout = options.timeout ?? this.config.sendMsgTimeout;
    this.check(message);
    signal?.throwIfAborted();
    return sendRequestMessage(this.instance, message, timeout, signal, (remaining) =>
      this.sendAsync(message, { ...options, timeout: remaining }),
    );
  }

  /** Sends messages of one topic together: all or none of them are stored. */
  sendBatch(messages: readonly Message[], options: SendOptions = {}): Promise<SendResult> {
    return endedBySignal(this.sendMessages(messages, 'SYNC', options), options.signal);
  }

  /** As {@link sendBatch}, with the retries and bounds of {@link sendAsync}. */
  sendBatchAsync(messages: readonly Message[], options: SendOptions = {}): Promise<SendResult> {
    const send = (given: SendOptions) => this.sendMessages(messages, 'ASYNC', given);
    if (this.permits !== undefined) return this.sendPermitted(this.permits, messages, options, send);
    return endedBySignal(send(options), options.signal);
  }

  /**
   * Takes back a timed message that is not due yet.
   *
   * @param recallHandle of the result of its send.
   * @returns the unique id of the message.
   * @throws MQBrokerError code 604 when it is due already, or the handle is of another topic; code 16 when the broker
   * does not allow it (`recallMessageEnable`).
   */
  async recallMessage(topic: string, recallHandle: string): Promise<string> {
    if (!this.isRunning) throw new MQClientError(NOT_RUNNING);
    const fullTopic = this.instance.withNamespace(topic);
    checkTopic(fullTopic);
    const brokerName = brokerNameOf(recallHandle);
    await this.publishInfoOf(fullTopic);
    const header = { producerGroup: this.group, topic: fullTopic, recallHandle, brokerName };
    const request = { code: RequestCode.RECALL_MESSAGE, header, body: undefined };
    const { header: answer } = await this.instance.request(brokerName, request);
    return answer!.msgId;
  }

  onRouteChanged(topic: string): void {
    this.publishInfos.delete(topic);
  }

  private createDispatcher({ group, customizedTraceTopic }: ProducerConfig): AsyncTraceDispatcher {
    const producer = new DefaultMQProducer(this.instance, traceProducerConfig(group, 'PRODUCE'));
    return new AsyncTraceDispatcher(this.instance, producer, customizedTraceTopic ?? TopicNames.TRACE);
  }

  /** Waits for its turn (DefaultMQProducerImpl#executeAsyncMessageSend); the wait counts towards the timeout. */
  private async sendPermitted(
    permits: SendPermits,
    messages: readonly Message[],
    options: SendOptions,
    send: (options: SendOptions) => Promise<SendResult>,
  ): Promise<SendResult> {
    for (const message of messages) this.check(message);
    const bytes = messages.reduce((sum, { body }) => sum + body.length, 0);
    const { timeout = this.config.sendMsgTimeout, signal } = options;
    const request = { bytes, timeout, topic: messages[0]?.topic ?? '', signal };
    return permits.run(request, (timeLeft) => send({ ...options, timeout: timeLeft }));
  }

  private async sendUnanswered(message: Message, options: SendOptions): Promise<void> {
    this.check(message);
    const { clock } = this.instance;
    const bornTimestamp = clock.now();
    await this.inTurn(this.topicOf(message), message.body, (info, body, sysFlag) => {
      options.signal?.throwIfAborted();
      const outgoing = this.outgoing(message, body, sysFlag, clock.monotonicNow());
      const { faultStrategy } = this.environment;
      const queue =
        this.selectQueue(info, message, options) ?? faultStrategy.selectOneMessageQueue(info, undefined);
      const address = this.instance.brokerAddressOf(queue.brokerName);
      const { unitMode } = this.instance.config;
      const request = sendRequest(this.config, outgoing, queue, bornTimestamp, unitMode);
      this.instance.transport.invokeOneway(address, request);
    });
  }

  private sendMessages(
    messages: readonly Message[],
    mode: CommunicationMode,
    options: SendOptions,
  ): Promise<SendResult> {
    return new Promise((resolve, reject) => {
      for (const message of messages) this.check(message);
      checkBatch(messages, this.config.maxMessageSize);
      const outgoing = this.outgoingBatch(messages);
      this.inTurn(outgoing.topic, NO_BYTES, (info) =>
        this.dispatch(outgoing, mode, info, options, resolve, reject),
      ).catch(reject);
    });
  }

  private sendMessage(message: Message, mode: CommunicationMode, options: SendOptions): Promise<SendResult> {
    return new Promise((resolve, reject) => {
      const { body } = message;
      const topic = this.topicOf(message);
      const info = this.publishInfos.get(topic);
      this.check(message, info !== undefined);
      const { clock } = this.instance;
      const startedAt = clock.monotonicNow();
      const isSmall = body.length < this.config.compressMsgBodyOverHowmuch;
      if (info !== undefined && isSmall && !this.preparing.has(topic)) {
        const now = clock.now();
        const outgoing = this.outgoing(message, body, 0, startedAt, now);
        return this.dispatch(outgoing, mode, info, options, resolve, reject, now);
      }
      this.inTurn(topic, body, (found, compressed, sysFlag) => {
        const outgoing = this.outgoing(message, compressed, sysFlag, startedAt);
        this.dispatch(outgoing, mode, found, options, resolve, reject);
      }).catch(reject);
    });
  }

  /**
   * Hands something over when the route of its topic is known and its body is compressed, and behind everything that was
   * sent to the topic before.
   */
  private async inTurn(topic: string, body: Buffer, handOver: HandOver): Promise<void> {
    const turn = this.prepare(topic, body, this.preparing.get(topic), handOver);
    this.preparing.set(topic, turn);
    try {
      await this.environment.underWay.during(turn);
    } finally {
      if (this.preparing.get(topic) === turn) this.preparing.delete(topic);
    }
  }

  private async prepare(
    topic: string,
    plain: Buffer,
    before: Promise<void> | undefined,
    handOver: HandOver,
  ): Promise<void> {
    const [info, { body, sysFlag }] = await Promise.all([
      this.publishInfoOf(topic),
      compressOutgoing(plain, this.config.compressMsgBodyOverHowmuch, this.config.compressLevel),
      before?.catch(() => {}),
    ]);
    handOver(info, body, sysFlag);
  }

  private dispatch(
    outgoing: Outgoing,
    mode: CommunicationMode,
    info: TopicPublishInfo,
    options: SendOptions,
    resolve: (result: SendResult) => void,
    reject: (error: Error) => void,
    now?: number,
  ): void {
    const queue = this.selectQueue(info, outgoing.message, options);
    const { timeout = this.config.sendMsgTimeout, signal } = options;
    this.environment.underWay.begin();
    new SendTask(this.environment, outgoing, mode, info, queue, timeout, signal, resolve, reject).attempt(
      now,
    );
  }

  private outgoing(
    message: Message,
    body: Buffer,
    sysFlag: number,
    startedAt: number,
    now?: number,
  ): Outgoing {
    const msgId = this.idOf(message, now);
    const { properties } = message;
    this.addInstanceId(properties);
    const topic = this.topicOf(message);
    const isPrepared = properties.get(MessageConst.TRANSACTION_PREPARED) === 'true';
    const flags = isPrepared ? sysFlag | MessageSysFlag.TRANSACTION_PREPARED_TYPE : sysFlag;
    return new Outgoing(message, topic, body, flags, properties, msgId, false, startedAt);
  }

  private outgoingBatch(messages: readonly Message[]): Outgoing {
    const [first] = messages;
    const properties = new Map<string, string>();
    if (!first!.waitStoreMsgOK) properties.set(MessageConst.WAIT_STORE_MSG_OK, 'false');
    this.addInstanceId(properties);
    const msgId = messages.map((message) => this.idOf(message)).join(',');
    const startedAt = this.instance.clock.monotonicNow();
    const topic = this.topicOf(first!);
    return new Outgoing(first!, topic, messages, 0, properties, msgId, true, startedAt);
  }

  private topicOf({ topic }: Message): string {
    return this.instance.withNamespace(topic);
  }

  /** DefaultMQProducerImpl#sendKernelImpl. */
  private addInstanceId(properties: Map<string, string>): void {
    const { namespace } = this.instance.config;
    if (namespace !== undefined) properties.set(MessageConst.INSTANCE_ID, namespace);
  }

  /** The unique id of a message, made when it is sent first; `now` is the time, if it was just asked for. */
  private idOf({ properties }: Message, now?: number): string {
    let id = properties.get(MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX);
    if (id === undefined) {
      id = this.ids.createUniqId(now);
      properties.set(MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX, id);
    }
    return id;
  }

  private selectQueue(
    { queues }: TopicPublishInfo,
    message: Message,
    { selector, arg }: SendOptions,
  ): MessageQueue | undefined {
    if (selector === undefined) return undefined;
    const isPlain = this.instance.config.namespace === undefined;
    const offered = isPlain ? queues : queues.map((queue) => ({ ...queue, topic: message.topic }));
    return chooseQueue(selector, offered, message, arg ?? '');
  }

  /** A topic with a route was checked before that was looked for. */
  private check(message: Message, hasRoute = this.publishInfos.has(this.topicOf(message))): void {
    if (!this.isRunning) throw new MQClientError(NOT_RUNNING);
    if (!hasRoute) checkTopic(this.topicOf(message));
    checkBody(message.body, this.config.maxMessageSize);
  }

  private async publishInfoOf(topic: string): Promise<TopicPublishInfo> {
    return this.publishInfos.get(topic) ?? this.findPublishInfo(topic);
  }

  /** The queues of a topic; of one that does not exist yet those that it will be created with. */
  private async findPublishInfo(topic: string): Promise<TopicPublishInfo> {
    const route = await this.findRoute(topic);
    const queues = route === undefined ? await this.queuesOfNewTopic(topic) : publishQueuesOf(topic, route);
    if (queues.length === 0) {
      throw new MQClientError(`No route info of this topic: ${topic}`, {
        responseCode: ClientErrorCode.NOT_FOUND_TOPIC,
        retryable: true,
        topic: this.instance.withoutNamespace(topic),
      });
    }
    const info = new TopicPublishInfo(queues, this.instance.random);
    if (route !== undefined) this.publishInfos.set(topic, info);
    return info;
  }

  /** One without a writable queue is asked for again: its master may be back (DefaultMQProducerImpl#tryToFindTopicPublishInfo). */
  private async findRoute(topic: string): Promise<TopicRouteData | undefined> {
    const known = this.instance.routeOf(topic);
    if (known !== undefined && publishQueuesOf(topic, known).length > 0) return known;
    return (await this.instance.updateTopicRouteInfo(topic)) ?? known;
  }

  private async queuesOfNewTopic(topic: string): Promise<MessageQueue[]> {
    const pattern = await this.instance.updateTopicRouteInfo(this.config.createTopicKey);
    return pattern === undefined ? [] : queuesLike(pattern, topic, this.config.defaultTopicQueueNums);
  }
}
