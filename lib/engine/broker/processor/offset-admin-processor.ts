import type { MessageQueue } from '../../../common/message-queue.js';
import type { ResetOffsetRequestHeader } from '../../../remoting/header/reset-offset-request-header.js';
import { failure, success, type RemotingResponse } from '../../../remoting/remoting-command.js';
import { RequestCode } from '../../../remoting/request-code.js';
import { ResponseCode } from '../../../remoting/response-code.js';
import type { BrokerController } from '../broker-controller.js';
import type { PopService } from '../pop/pop-service.js';
import { QueueTurns } from './queue-turns.js';
import type { Request, Response } from '../../../remoting/named-request.js';

type Refusal = RemotingResponse<never>;

/** Sets the offsets of groups, for administrators (AdminBrokerProcessor#resetOffset, Broker2Client#resetOffset). */
export class OffsetAdminProcessor {
  constructor(
    private readonly broker: BrokerController,
    private readonly pops: PopService,
  ) {}

  async resetOffset({
    header,
  }: Request<'INVOKE_BROKER_TO_RESET_OFFSET'>): Promise<Response<'INVOKE_BROKER_TO_RESET_OFFSET'>> {
    const { topics, groups, config } = this.broker;
    const { topic, group } = header;
    if (topics.selectTopicConfig(topic) === undefined) {
      return failure(ResponseCode.TOPIC_NOT_EXIST, `Topic ${topic} does not exist`);
    }
    if (!groups.containsSubscriptionGroup(group)) {
      return failure(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, `Group ${group} does not exist`);
    }
    return config.useServerSideResetOffset ? this.resetHere(header) : this.resetInClients(header);
  }

  async cloneGroupOffset({ header }: Request<'CLONE_GROUP_OFFSET'>): Promise<Response<'CLONE_GROUP_OFFSET'>> {
    const { offsets, consumers, groups, topics } = this.broker;
    const { srcGroup, destGroup, topic = '', offline } = header;
    // Offsets of what is no group would never go.
    if (groups.findSubscriptionGroupConfig(destGroup) === undefined) {
      return failure(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, `Group ${destGroup} does not exist`);
    }
    const asked = topic === '' ? offsets.whichTopicByConsumer(srcGroup) : [topic];
    for (const name of asked) {
      const isLeft = !offline && consumers.hasLeftTopic(srcGroup, name);
      if (topics.selectTopicConfig(name) === undefined || isLeft) continue;
      offsets.cloneOffset(srcGroup, destGroup, name);
    }
    await offsets.flush();
    return success(undefined, undefined);
  }

  /** The next pull of each queue is answered with the new offset; what was committed before is overwritten. */
  private async resetHere(
    header: ResetOffsetRequestHeader,
  ): Promise<Response<'INVOKE_BROKER_TO_RESET_OFFSET'>> {
    const { offsets, holdService } = this.broker;
    const { topic, group } = header;
    const table = await this.newOffsets(header);
    if (!(table instanceof Map)) return table;
    for (const [queueId, offset] of table) {
      offsets.assignResetOffset(group, topic, queueId, offset);
      // Who is held would notice only when the wait is over.
      holdService.wakeUp(topic, queueId);
      this.pops.notify(topic, group, queueId);
    }
    this.pops.inflight.clear(topic, [group], header.queueId);
    await offsets.flush();
    return success(undefined, { offsetTable: this.byQueue(topic, table) });
  }

  private async newOffsets(header: ResetOffsetRequestHeader): Promise<Map<number, number> | Refusal> {
    const { topic, queueId, timestamp, offset } = header;
    const { readQueueNums } = this.broker.topics.selectTopicConfig(topic)!;
    if (queueId < 0) {
      if (readQueueNums === 0) return failure(ResponseCode.SYSTEM_ERROR, 'No queues to reset.');
      const table = new Map<number, number>();
      const turns = new QueueTurns(this.broker.clock);
      for (let id = 0; id < readQueueNums; id++) {
        await turns.next();
        table.set(id, this.offsetByTime(topic, id, timestamp));
      }
      return table;
    }
    if (queueId >= readQueueNums) {
      const remark = `queueId ${queueId} is illegal, topic ${topic} has ${readQueueNums} queues to read`;
      return failure(ResponseCode.INVALID_PARAMETER, remark);
    }
    if (offset === -1) return new Map([[queueId, this.offsetByTime(topic, queueId, timestamp)]]);
    const min = this.broker.store.getMinOffsetInQueue(topic, queueId);
    const max = this.broker.store.getMaxOffsetInQueue(topic, queueId);
    if (offset >= min && offset <= max + 1) return new Map([[queueId, offset]]);
    const remark = `Target offset ${offset} not in consume queue range [${min}-${max}]`;
    return failure(ResponseCode.SYSTEM_ERROR, remark);
  }

  /** As brokers before 5.0 did it: consumers that are online are told, and none other can be reset. */
  private resetInClients(header: ResetOffsetRequestHeader): Response<'INVOKE_BROKER_TO_RESET_OFFSET'> {
    const { offsets, topics, consumers } = this.broker;
    const { topic, group, timestamp, isForce } = header;
    const table = new Map<number, number>();
    for (let queueId = 0; queueId < topics.selectTopicConfig(topic)!.writeQueueNums; queueId++) {
      const present = offsets.queryOffset(group, topic, queueId);
      if (present === undefined) {
        const remark = `THe consumer group <${group}> not exist`;
        return failure(ResponseCode.SYSTEM_ERROR, remark);
      }
      const target = this.offsetByTime(topic, queueId, timestamp);
      table.set(queueId, isForce ? target : Math.min(target, present));
    }
    const info = consumers.getConsumerGroupInfo(group);
    if (info === undefined) {
      const remark = `Consumer not online, so can not reset offset, Group: ${group} Topic: ${topic} Timestamp: ${timestamp}`;
      return failure(ResponseCode.CONSUMER_NOT_ONLINE, remark);
    }
    const body = { offsetTable: this.byQueue(topic, table) };
    const code = RequestCode.RESET_CONSUMER_CLIENT_OFFSET;
    for (const channel of info.channels()) channel.push({ code, header, body });
    return success(undefined, body);
  }

  private offsetByTime(topic: string, queueId: number, timestamp: number): number {
    const { store } = this.broker;
    if (timestamp < 0) return store.getMaxOffsetInQueue(topic, queueId);
    return store.getOffsetInQueueByTime(topic, queueId, timestamp);
  }

  private byQueue(topic: string, table: ReadonlyMap<number, number>): ReadonlyMap<MessageQueue, number> {
    const { brokerName } = this.broker.config;
    return new Map([...table].map(([queueId, offset]) => [{ topic, brokerName, queueId }, offset]));
  }
}
