import { MessageConst } from '../../../common/message-const.js';
import type { RequestContext } from '../../../remoting/channel.js';
import { failure, success, type RemotingRequest } from '../../../remoting/remoting-command.js';
import type { RequestCode } from '../../../remoting/request-code.js';
import { ResponseCode } from '../../../remoting/response-code.js';
import type { MessageExtBrokerInner } from '../../store/message-ext-broker-inner.js';
import { isStored, type PutMessageStatus } from '../../store/put-message-status.js';
import type { BrokerController } from '../broker-controller.js';
import { ownMessage } from '../own-message.js';
import { parseRecallHandle, type RecallMessageHandle } from '../timer/recall-message-handle.js';
import { buildDeleteKey } from '../timer/timer-message.js';
import { divertTimed, isMessage } from '../timer/timer-diversion.js';
import { refusal } from './put-message-response.js';

type RecallRequest = RemotingRequest<typeof RequestCode.RECALL_MESSAGE>;
type RecallContext = RequestContext<typeof RequestCode.RECALL_MESSAGE>;

/** RecallMessageProcessor.RECALL_MESSAGE_TAG. */
const RECALL_MESSAGE_TAG = '_RECALL_TAG_';
const BODY = Buffer.from('0');

/** Recalls timed messages that are not due yet (RecallMessageProcessor): a marker in the wheel is met before them. */
export class RecallMessageProcessor {
  constructor(private readonly broker: BrokerController) {}

  process({ header }: RecallRequest, context: RecallContext): void {
    const { config, topics, store, storeConfig, clock } = this.broker;
    if (!config.recallMessageEnable)
      return context.reply(
        failure(ResponseCode.NO_PERMISSION, 'recall failed: recallMessageEnable of this broker is false'),
      );
    if (topics.selectTopicConfig(header.topic) === undefined)
      return context.reply(
        failure(ResponseCode.TOPIC_NOT_EXIST, `recall failed: topic[${header.topic}] not exist`),
      );
    const handle = parseRecallHandle(header.recallHandle);
    const fault = this.faultOf(handle, header.topic);
    if (handle === undefined || fault !== undefined)
      return context.reply(failure(ResponseCode.ILLEGAL_OPERATION, `recall failed: ${fault}`));
    const marker = divertTimed(this.marker(handle, header.producerGroup, context), storeConfig, clock);
    if (!isMessage(marker)) return context.reply(marker);
    store.putMessage(marker, {
      onPut: (status: PutMessageStatus) => {
        if (isStored(status)) context.reply(success({ msgId: handle.messageId }, undefined));
        else context.reply(refusal(this.broker, status));
      },
    });
  }

  private faultOf(handle: RecallMessageHandle | undefined, topic: string): string | undefined {
    const { config, storeConfig, clock } = this.broker;
    if (handle === undefined) return 'the recall handle is invalid';
    if (handle.topic !== topic) return `the handle is of topic ${handle.topic}`;
    if (handle.brokerName !== config.brokerName) return `the handle is of broker ${handle.brokerName}`;
    const timeLeft = /^\d{1,15}$/.test(handle.timestamp) ? Number(handle.timestamp) - clock.now() : -1;
    if (timeLeft > 0 && timeLeft < storeConfig.timerMaxDelaySec * 1000) return undefined;
    return `the message was due at ${handle.timestamp}`;
  }

  private marker(
    { topic, timestamp, messageId }: RecallMessageHandle,
    producerGroup: string | undefined,
    context: RecallContext,
  ): MessageExtBrokerInner {
    const { clock, brokerProperties, config } = this.broker;
    const now = clock.now();
    const deleteKey = config.appendTopicForTimerDeleteKey ? buildDeleteKey(topic, messageId) : messageId;
    const properties = new Map<string, string>([
      [MessageConst.TAGS, RECALL_MESSAGE_TAG],
      [MessageConst.TIMER_DEL_UNIQKEY, deleteKey],
      [MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX, messageId],
      [MessageConst.TIMER_DELIVER_MS, timestamp],
      [MessageConst.BORN_TIMESTAMP, `${now}`],
    ]);
    if (producerGroup !== undefined) properties.set(MessageConst.PRODUCER_GROUP, producerGroup);
    return {
      ...ownMessage(this.broker, topic, 0, BODY, properties),
      bornTimestamp: now,
      bornHost: context.channel.remoteHost,
      brokerProperties,
    };
  }
}
