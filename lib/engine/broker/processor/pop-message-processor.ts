import { normalTopicOf, popRetryTopicV1Of } from '../../../common/mix-all.js';
import { topicNameFault } from '../../../common/topic-validator.js';
import { NO_BYTES } from '../../../common/no-bytes.js';
import type { RequestContext } from '../../../remoting/channel.js';
import { SUB_ALL } from '../../../remoting/filter/filter-api.js';
import type { PopMessageRequestHeader } from '../../../remoting/header/pop-message-request-header.js';
import { failure, type RemotingRequest, type RemotingResponse } from '../../../remoting/remoting-command.js';
import type { RequestCode } from '../../../remoting/request-code.js';
import { ResponseCode } from '../../../remoting/response-code.js';
import type { BrokerController } from '../broker-controller.js';
import { filterNotSupported } from '../filter/filter-not-supported.js';
import { parseFailed, SqlFilterCache, tagSelection, type Selection } from '../filter/message-filters.js';
import { PopRequest } from '../pop/pop-request.js';
import type { PopService } from '../pop/pop-service.js';
import { MAX_MSG_NUMS, refuseConsumer, refuseInvisibleTime } from '../pop/pop-checks.js';

type PopCode = typeof RequestCode.POP_MESSAGE;

/** Milliseconds after its time in which a request is still carried out (PopMessageRequestHeader#isTimeoutTooMuch). */
const MAX_LATE = 500;

/** Gives a consumer messages that nobody else of its group gets for a while (PopMessageProcessor). */
export class PopMessageProcessor {
  private readonly sqlFilters = new SqlFilterCache();

  constructor(
    private readonly broker: BrokerController,
    private readonly pops: PopService,
  ) {}

  process({ header }: RemotingRequest<PopCode>, context: RequestContext<PopCode>): void {
    const fault = this.refuse(header);
    if (fault !== undefined) return context.reply(fault);
    const selection = this.select(header);
    if ('code' in selection) return context.reply(selection);
    new PopRequest(this.broker, this.pops, header, selection.filter, context).carryOut();
  }

  private select({ topic, exp, expType }: PopMessageRequestHeader): Selection | RemotingResponse<never> {
    if (exp === undefined || exp === '' || exp === SUB_ALL) return { filter: undefined };
    if (expType === undefined || expType === '' || expType === 'TAG') return tagSelection(topic, exp);
    if (expType !== 'SQL92') return parseFailed(`: expType ${expType}, allowed are TAG and SQL92`);
    return this.broker.config.enablePropertyFilter
      ? this.sqlFilters.select(exp)
      : filterNotSupported(expType);
  }

  private refuse(header: PopMessageRequestHeader): RemotingResponse<PopCode> | undefined {
    return (
      this.refuseTime(header) ??
      this.refuseNumbers(header) ??
      refuseConsumer(this.broker, header) ??
      this.refuseNames(header)
    );
  }

  private refuseTime({ bornTime, pollTime }: PopMessageRequestHeader): RemotingResponse<PopCode> | undefined {
    if (bornTime === 0 || this.broker.clock.now() - bornTime - pollTime <= MAX_LATE) return undefined;
    return {
      code: ResponseCode.POLLING_TIMEOUT,
      remark: `the broker[${this.broker.config.brokerIP1}] pop message is timeout too much`,
      header: { popTime: 0, invisibleTime: 0, reviveQid: 0, restNum: 0 },
      body: NO_BYTES,
    };
  }

  private refuseNumbers(header: PopMessageRequestHeader): RemotingResponse<never> | undefined {
    const { maxMsgNums, invisibleTime } = header;
    const { config, storeConfig } = this.broker;
    if (maxMsgNums > MAX_MSG_NUMS) {
      const remark = `the broker[${config.brokerIP1}] pop message's num is greater than ${MAX_MSG_NUMS}`;
      return failure(ResponseCode.INVALID_PARAMETER, remark);
    }
    if (maxMsgNums < 1) {
      const remark = `maxMsgNums is ${maxMsgNums}; allowed: 1 to ${MAX_MSG_NUMS}`;
      return failure(ResponseCode.INVALID_PARAMETER, remark);
    }
    if (!storeConfig.timerWheelEnable) {
      const remark = `the broker[${config.brokerIP1}] pop message is forbidden because timerWheelEnable is false`;
      return failure(ResponseCode.SYSTEM_ERROR, remark);
    }
    return refuseInvisibleTime(invisibleTime, storeConfig.timerMaxDelaySec);
  }

  /** What cannot be brought back to the group must not be given to it. */
  private refuseNames({ topic, consumerGroup, order }: PopMessageRequestHeader) {
    const retryTopic = popRetryTopicV1Of(topic, consumerGroup);
    if (topicNameFault(retryTopic) !== undefined) {
      const remark = `the retry topic[${retryTopic}] of group and topic is longer than topics may be`;
      return failure(ResponseCode.INVALID_PARAMETER, remark);
    }
    const normalTopic = normalTopicOf(topic, consumerGroup) ?? '';
    if (order || this.broker.topics.selectTopicConfig(normalTopic) !== undefined) return undefined;
    const remark = `the topic[${topic}] is no retry topic that the group[${consumerGroup}] has for a topic it pops from`;
    return failure(ResponseCode.INVALID_PARAMETER, remark);
  }
}
