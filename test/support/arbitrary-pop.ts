import fc from 'fast-check';
import type { PopProtocol } from '../../lib/remoting/pop-protocol.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { ResponseCode } from '../../lib/remoting/response-code.js';
import type { Parts } from './arbitrary-commands.js';
import { bytes, few, int, long, optionalText, queue, text } from './arbitrary-values.js';

const groupQueue = { ...queue, consumerGroup: text };
const ack = { ...groupQueue, extraInfo: text, offset: long };
const mode = fc.constantFrom('PULL', 'POP');

const popAnswer = fc.record({
  popTime: long,
  invisibleTime: long,
  reviveQid: int,
  restNum: long,
  startOffsetInfo: optionalText,
  msgOffsetInfo: optionalText,
  orderCountInfo: optionalText,
});

const batchAck = fc.record({
  consumerGroup: text,
  topic: text,
  retry: text,
  startOffset: long,
  queueId: int,
  reviveQueueId: int,
  popTime: long,
  invisibleTime: long,
  bitSet: bytes,
});

/** Any request of `PopProtocol`, and any answer to it. */
export const POP_PARTS: Readonly<Record<keyof PopProtocol, Parts>> = {
  [RequestCode.POP_MESSAGE]: {
    header: fc.record({
      ...groupQueue,
      maxMsgNums: int,
      invisibleTime: long,
      pollTime: long,
      bornTime: long,
      initMode: int,
      expType: optionalText,
      exp: optionalText,
      order: fc.boolean(),
      attemptId: optionalText,
    }),
    answer: popAnswer,
    answerBody: bytes,
    codes: [ResponseCode.SUCCESS, ResponseCode.POLLING_FULL, ResponseCode.POLLING_TIMEOUT],
  },
  [RequestCode.PEEK_MESSAGE]: {
    header: fc.record({ ...groupQueue, maxMsgNums: int }),
    answer: popAnswer,
    answerBody: bytes,
  },
  [RequestCode.ACK_MESSAGE]: { header: fc.record(ack) },
  [RequestCode.BATCH_ACK_MESSAGE]: { body: fc.record({ brokerName: text, acks: few(batchAck) }) },
  [RequestCode.CHANGE_MESSAGE_INVISIBLETIME]: {
    header: fc.record({ ...ack, invisibleTime: long }),
    answer: fc.record({ popTime: long, invisibleTime: long, reviveQid: int }),
  },
  [RequestCode.NOTIFICATION]: {
    header: fc.record({
      ...groupQueue,
      pollTime: long,
      bornTime: long,
      order: fc.boolean(),
      attemptId: optionalText,
    }),
    answer: fc.record({ hasMsg: fc.boolean(), pollingFull: fc.boolean() }),
  },
  [RequestCode.POLLING_INFO]: { header: fc.record(groupQueue), answer: fc.record({ pollingNum: int }) },
  [RequestCode.QUERY_ASSIGNMENT]: {
    body: fc.record({
      topic: text,
      consumerGroup: text,
      clientId: text,
      strategyName: text,
      messageModel: fc.constantFrom('BROADCASTING', 'CLUSTERING'),
    }),
    answerBody: fc.record({
      messageQueueAssignments: few(
        fc.record({ messageQueue: fc.record({ ...queue, brokerName: text }), mode }),
      ),
    }),
  },
  [RequestCode.SET_MESSAGE_REQUEST_MODE]: {
    body: fc.record({ topic: text, consumerGroup: text, mode, popShareQueueNum: int }),
  },
};
