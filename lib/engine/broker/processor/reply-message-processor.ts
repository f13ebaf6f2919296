import { MessageConst } from '../../../common/message-const.js';
import { hasQueueOffset } from '../../../common/message-sys-flag.js';
import { formatHostAddress } from '../../../common/socket-host.js';
import { NO_BYTES } from '../../../common/no-bytes.js';
import type { Channel, RequestContext } from '../../../remoting/channel.js';
import type { SendMessageRequestHeader } from '../../../remoting/header/send-message-request-header.js';
import type { SendMessageResponseHeader } from '../../../remoting/header/send-message-response-header.js';
import {
  failure,
  success,
  type RemotingRequest,
  type RemotingResponse,
} from '../../../remoting/remoting-command.js';
import { RequestCode } from '../../../remoting/request-code.js';
import { ResponseCode } from '../../../remoting/response-code.js';
import type { PutMessageCallback } from '../../store/append-batch.js';
import type { MessageExtBrokerInner } from '../../store/message-ext-broker-inner.js';
import { isStored } from '../../store/put-message-status.js';
import type { BrokerController } from '../broker-controller.js';
import { StoredMessageHeader } from './put-message-response.js';
import { refuseWithoutBody, type SendMessageProcessor } from './send-message-processor.js';

type ReplyCode = typeof RequestCode.SEND_REPLY_MESSAGE;
type ReplyContext = RequestContext<ReplyCode>;

/** Milliseconds that a requester has to take its reply (Broker2Client#callClient). */
const PUSH_TIMEOUT = 10_000;

/** Hands replies to the clients that wait for them, and keeps them (ReplyMessageProcessor). */
export class ReplyMessageProcessor {
  constructor(
    private readonly broker: BrokerController,
    private readonly send: SendMessageProcessor,
  ) {}

  process({ header, body }: RemotingRequest<ReplyCode>, context: ReplyContext): void {
    const fault = this.send.refuse(header) ?? refuseTransaction(header) ?? refuseWithoutBody(body);
    if (fault !== undefined) return context.reply(fault);
    const properties = new Map(header.properties)
      .set(MessageConst.MSG_REGION, this.broker.config.regionId)
      .set(MessageConst.TRACE_SWITCH, 'true');
    const inner = this.send.innerMessage(header, header.flag, body, properties, context);
    // Replies get fewer properties from the broker than other messages.
    const message = { ...inner, brokerProperties: NO_BYTES };
    this.push(header, message, (pushFault) => {
      if (this.broker.config.storeReplyMessageEnable) this.store(message, pushFault, context);
      else context.reply(answer(pushFault, notStored(message, this.broker.config.regionId)));
    });
  }

  /** `onEnd` gets the reason when the requester does not have the reply. */
  private push(
    header: SendMessageRequestHeader,
    message: MessageExtBrokerInner,
    onEnd: (fault: string | undefined) => void,
  ): void {
    const clientId = message.properties.get(MessageConst.MESSAGE_REPLY_TO_CLIENT);
    if (clientId === undefined) {
      return onEnd(`reply message properties[${MessageConst.MESSAGE_REPLY_TO_CLIENT}] is null`);
    }
    const channel = this.broker.producers.findChannel(clientId);
    if (channel === undefined) {
      return onEnd(`push reply message fail, channel of <${clientId}> not found.`);
    }
    const failed = () => onEnd(`push reply message to ${clientId}fail.`);
    const onResponse = ({ code }: RemotingResponse) =>
      code === ResponseCode.SUCCESS ? onEnd(undefined) : failed();
    this.invoke(channel, header, message, { onResponse, onError: failed });
  }

  private invoke(
    channel: Channel,
    header: SendMessageRequestHeader,
    message: MessageExtBrokerInner,
    callback: { onResponse: (response: RemotingResponse) => void; onError: () => void },
  ): void {
    const now = this.broker.clock.now();
    const pushed = {
      ...header,
      bornHost: formatHostAddress(message.bornHost),
      storeHost: this.broker.brokerAddr,
      storeTimestamp: now,
      properties: new Map(message.properties).set(MessageConst.PUSH_REPLY_TIME, String(now)),
    };
    const code = RequestCode.PUSH_REPLY_MESSAGE_TO_CLIENT;
    channel.invoke<typeof code>({ code, header: pushed, body: message.body }, PUSH_TIMEOUT, callback);
  }

  /** Whether the requester has it decides; what becomes of the copy only shows in the ids. */
  private store(message: MessageExtBrokerInner, fault: string | undefined, context: ReplyContext): void {
    const { broker } = this;
    const callback: PutMessageCallback = {
      onPut: (status, records, first, count) => {
        const hasCopy = isStored(status);
        const { queueId } = message;
        if (hasCopy) broker.stats.onPut(message.topic, count, records[first]!.msgSize);
        else broker.logger.warn(`A reply of topic ${message.topic} cannot be stored: ${status}`);
        const stored = new StoredMessageHeader(broker, queueId, undefined);
        stored.setStored(records, first, count);
        context.reply(answer(fault, hasCopy ? stored : notStored(message, broker.config.regionId)));
      },
    };
    const isTooLarge = message.body.length > broker.storeConfig.maxMessageSize;
    if (isTooLarge) callback.onPut('MESSAGE_ILLEGAL', [], 0, 0);
    else broker.store.putMessage(message, callback);
  }
}

/** The store would not take it, which should show before the requester has it. */
function refuseTransaction({ sysFlag }: SendMessageRequestHeader): RemotingResponse<never> | undefined {
  if (hasQueueOffset(sysFlag)) return undefined;
  return failure(ResponseCode.MESSAGE_ILLEGAL, 'a reply can not be a message of a transaction');
}

function answer(fault: string | undefined, header: SendMessageResponseHeader): RemotingResponse<ReplyCode> {
  return fault === undefined ? success(header, undefined) : failure(ResponseCode.SYSTEM_ERROR, fault);
}

/** Something that clients can read (#handlePushReplyResult). */
function notStored({ queueId }: MessageExtBrokerInner, regionId: string): SendMessageResponseHeader {
  return { msgId: '0', queueId, queueOffset: 0, transactionId: undefined, regionId, traceOn: true };
}
