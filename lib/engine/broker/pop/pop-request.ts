import { popRetryFlagOf, POP_ORDER_REVIVE_QUEUE } from '../../../common/extra-info.js';
import { formatPopInfo, type PopInfo } from '../../../common/pop-info.js';
import { NO_BYTES } from '../../../common/no-bytes.js';
import type { RequestContext } from '../../../remoting/channel.js';
import type {
  PopMessageRequestHeader,
  PopMessageResponseHeader,
} from '../../../remoting/header/pop-message-request-header.js';
import { failure } from '../../../remoting/remoting-command.js';
import type { RequestCode } from '../../../remoting/request-code.js';
import { ResponseCode } from '../../../remoting/response-code.js';
import type { DispatchRequest } from '../../store/dispatch-request.js';
import type { MessageFilter } from '../../store/get-message-result.js';
import { isStored, type PutMessageStatus } from '../../store/put-message-status.js';
import type { BrokerController } from '../broker-controller.js';
import { expiryOf, type HeldPop } from '../longpolling/pop-long-polling-service.js';
import { refuseConsumer } from './pop-checks.js';
import type { PopPortion } from './pop-portion.js';
import { PopQueueReader } from './pop-queue-reader.js';
import { popQueues, type PopQueue } from './pop-queues.js';
import type { PopService } from './pop-service.js';

/** One request for messages, which may wait and be carried out again (PopMessageProcessor#processRequest). */
export class PopRequest implements HeldPop {
  expiresAt: number;
  private orderCountInfo: PopInfo[] = [];

  constructor(
    private readonly broker: BrokerController,
    private readonly pops: PopService,
    private readonly header: PopMessageRequestHeader,
    private readonly filter: MessageFilter | undefined,
    private readonly context: RequestContext<typeof RequestCode.POP_MESSAGE>,
  ) {
    this.expiresAt = expiryOf(header, broker.clock);
  }

  get topic(): string {
    return this.header.topic;
  }

  get consumerGroup(): string {
    return this.header.consumerGroup;
  }

  get queueId(): number {
    return Math.max(this.header.queueId, -1);
  }

  get isAbandoned(): boolean {
    return this.context.channel.isClosed;
  }

  wants(record: DispatchRequest): boolean {
    return this.broker.arrivedRecords.isWanted(record, this.filter);
  }

  /** What it may is looked up anew: topic and group may be other ones by now, or gone. */
  wakeUp(): void {
    const fault = refuseConsumer(this.broker, this.header);
    if (fault === undefined) this.carryOut();
    else this.context.reply(fault);
  }

  carryOut(): void {
    this.run().catch((error: Error) => {
      this.broker.logger.error(`A pop of topic ${this.topic} failed: ${error.stack}`);
      this.context.reply(failure(ResponseCode.SYSTEM_ERROR, String(error)));
    });
  }

  private async run(): Promise<void> {
    const popTime = this.broker.clock.now();
    const reviveQid = this.header.order ? POP_ORDER_REVIVE_QUEUE : this.pops.nextReviveQid();
    const reader = new PopQueueReader(this.broker, this.pops, this.header, this.filter);
    this.orderCountInfo = [];
    const taking: Promise<PopPortion | PutMessageStatus>[] = [];
    try {
      for (const queue of this.queues()) {
        const portion = await reader.read(queue);
        if (portion !== undefined) taking.push(this.take(portion, popTime, reviveQid));
      }
      const results = await Promise.all(taking);
      reader.unlockAll();
      if (reader.error !== undefined) this.pops.logFailure(`A pop of topic ${this.topic}`, reader.error);
      const taken = results.filter((result) => typeof result !== 'string');
      const refused = results.find((result) => typeof result === 'string');
      if (taken.length > 0) this.answer(taken, popTime, reviveQid, reader.rest);
      else if (refused !== undefined)
        this.context.reply(this.pops.reviveTopic.refusal('the check point of the popped messages', refused));
      else if (reader.error !== undefined)
        this.context.reply(failure(ResponseCode.SYSTEM_BUSY, reader.error.message));
      else this.waitOrEnd(reader, popTime, reviveQid);
    } finally {
      reader.unlockAll();
    }
  }

  private queues(): PopQueue[] {
    return popQueues(this.broker, this.header, this.header.order);
  }

  /**
   * Stores what brings the messages back; the offset of the group is moved afterwards. Resolves to the status when they cannot be
   * given away.
   */
  private async take(
    portion: PopPortion,
    popTime: number,
    reviveQid: number,
  ): Promise<PopPortion | PutMessageStatus> {
    const { consumerGroup, invisibleTime, order } = this.header;
    if (order) {
      const { topic, queueId, offsets } = portion;
      const { attemptId } = this.header;
      const pop = { topic, consumerGroup, queueId, attemptId, invisibleTime, popTime, offsets };
      this.orderCountInfo.push(...this.pops.orders.update(pop));
      return portion;
    }
    const { brokerName } = this.broker.config;
    const point = portion.checkPoint(consumerGroup, popTime, invisibleTime, brokerName);
    const status = await this.pops.reviveTopic.putCheckPoint(point, reviveQid);
    if (!isStored(status)) return status;
    this.pops.inflight.add(point);
    const { topic, queueId, nextOffset } = portion;
    this.broker.offsets.commitOffset(consumerGroup, topic, queueId, nextOffset);
    // What came too late to the disk stays in the log: the messages are left to it, or they would come twice.
    return status === 'PUT_OK' ? portion : status;
  }

  private answer(portions: readonly PopPortion[], popTime: number, reviveQid: number, restNum: number): void {
    const { topic, consumerGroup, queueId, invisibleTime } = this.header;
    const { brokerName } = this.broker.config;
    const ck = { popTime, invisibleTime, reviveQid, brokerName };
    for (const portion of portions)
      this.broker.stats.onGet(consumerGroup, portion.topic, portion.offsets.length, portion.size);
    const body = Buffer.concat(portions.flatMap((portion) => portion.messagesFor(topic, ck)));
    this.context.reply({
      code: ResponseCode.SUCCESS,
      remark: 'FOUND',
      header: this.responseHeader(portions, popTime, reviveQid, restNum),
      body,
    });
    if (restNum > 0) this.pops.polling.wakeOne(topic, consumerGroup, queueId);
  }

  private responseHeader(
    portions: readonly PopPortion[],
    popTime: number,
    reviveQid: number,
    restNum: number,
  ): PopMessageResponseHeader {
    const { invisibleTime, order } = this.header;
    const infoOf = (value: (portion: PopPortion) => string) =>
      formatPopInfo(
        portions.map((portion) => ({
          retry: popRetryFlagOf(portion.topic),
          queue: `${portion.queueId}`,
          value: value(portion),
        })),
      );
    return {
      popTime,
      invisibleTime,
      reviveQid,
      restNum,
      startOffsetInfo: infoOf(({ startOffset }) => `${startOffset}`),
      msgOffsetInfo: infoOf(({ offsets }) => offsets.join(',')),
      ...(order ? { orderCountInfo: formatPopInfo(this.orderCountInfo) } : {}),
    };
  }

  private waitOrEnd(reader: PopQueueReader, popTime: number, reviveQid: number): void {
    if (reader.hasNews(this.queues())) return this.broker.clock.setImmediate(() => this.wakeUp());
    const result = this.pops.polling.polling(this);
    if (result === 'HELD') return;
    this.broker.stats.getMissTimes++;
    this.context.reply({
      code: result === 'FULL' ? ResponseCode.POLLING_FULL : ResponseCode.POLLING_TIMEOUT,
      remark: 'NO_MESSAGE_IN_QUEUE',
      header: this.responseHeader([], popTime, reviveQid, reader.rest),
      body: NO_BYTES,
    });
  }
}
