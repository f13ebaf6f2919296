import fc from 'fast-check';
import type { RemotingRequest, RemotingResponse } from '../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { ResponseCode } from '../../lib/remoting/response-code.js';
import { ADMIN_PARTS } from './arbitrary-admin.js';
import { propertyText } from './arbitrary-message.js';
import { POP_PARTS } from './arbitrary-pop.js';
import { bytes, few, int, long, optionalText, queue, subscription, text } from './arbitrary-values.js';

/** Any request of one code, and any answer to it that is not an error. */
export interface ArbitraryExchange {
  readonly code: RequestCode;
  readonly request: fc.Arbitrary<RemotingRequest>;
  readonly response: fc.Arbitrary<RemotingResponse>;
}

const properties = fc.array(fc.tuple(propertyText, propertyText), { maxLength: 5 }).map((p) => new Map(p));
const none = fc.constant(undefined);
const remark = fc.option(fc.string({ unit: 'grapheme', minLength: 1 }), { nil: undefined });

const messageQueue = fc.record({ ...queue, brokerName: text });

const sendHeader = fc.record({
  producerGroup: text,
  topic: text,
  defaultTopic: text,
  defaultTopicQueueNums: int,
  queueId: int,
  sysFlag: int,
  bornTimestamp: long,
  flag: int,
  properties,
  reconsumeTimes: int,
  maxReconsumeTimes: fc.option(int, { nil: undefined }),
  brokerName: text,
});

const replyHeader = fc.record({
  bornHost: text,
  storeHost: text,
  storeTimestamp: long,
  producerGroup: text,
  topic: text,
  defaultTopic: text,
  defaultTopicQueueNums: int,
  queueId: int,
  sysFlag: int,
  bornTimestamp: long,
  flag: int,
  properties,
  reconsumeTimes: int,
  unitMode: fc.option(fc.boolean(), { nil: undefined }),
});

const sendAnswer = fc.record({
  msgId: text,
  queueId: int,
  queueOffset: long,
  transactionId: optionalText,
  regionId: text,
  traceOn: fc.boolean(),
});

const pullHeader = fc.record({
  ...queue,
  consumerGroup: text,
  queueOffset: long,
  maxMsgNums: int,
  sysFlag: int,
  commitOffset: long,
  suspendTimeoutMillis: long,
  subscription: optionalText,
  subVersion: long,
  expressionType: text,
});

const pullAnswer = fc.record({
  suggestWhichBrokerId: long,
  nextBeginOffset: long,
  minOffset: long,
  maxOffset: long,
});

const consumer = fc.record({
  groupName: text,
  consumeType: fc.constantFrom('CONSUME_ACTIVELY', 'CONSUME_PASSIVELY', 'CONSUME_POP'),
  messageModel: fc.constantFrom('CLUSTERING', 'BROADCASTING'),
  consumeFromWhere: fc.constantFrom(
    'CONSUME_FROM_LAST_OFFSET',
    'CONSUME_FROM_FIRST_OFFSET',
    'CONSUME_FROM_TIMESTAMP',
  ),
  subscriptionDataSet: few(subscription),
  unitMode: fc.boolean(),
});

const heartbeat = fc.record({
  clientID: text,
  producerDataSet: few(fc.record({ groupName: text })),
  consumerDataSet: few(consumer),
});

const lock = fc.record({ consumerGroup: text, clientId: text, mqSet: few(messageQueue) });

const broker = fc.record({
  cluster: text,
  brokerName: text,
  brokerAddrs: few(fc.tuple(fc.maxSafeNat(), text)).map((entries) => new Map(entries)),
});

const route = fc.record({
  queueDatas: few(
    fc.record({
      brokerName: text,
      readQueueNums: int,
      writeQueueNums: int,
      perm: int,
      topicSysFlag: int,
    }),
  ),
  brokerDatas: few(broker),
  orderTopicConf: optionalText,
});

const cluster = fc.record({
  brokerAddrTable: few(fc.tuple(text, broker)).map((entries) => new Map(entries)),
});

const STORED: readonly ResponseCode[] = [
  ResponseCode.SUCCESS,
  ResponseCode.FLUSH_DISK_TIMEOUT,
  ResponseCode.SLAVE_NOT_AVAILABLE,
  ResponseCode.FLUSH_SLAVE_TIMEOUT,
];

const PULLED: readonly ResponseCode[] = [
  ResponseCode.SUCCESS,
  ResponseCode.PULL_NOT_FOUND,
  ResponseCode.PULL_RETRY_IMMEDIATELY,
  ResponseCode.PULL_OFFSET_MOVED,
];

export interface Parts {
  readonly header?: fc.Arbitrary<unknown>;
  readonly body?: fc.Arbitrary<unknown>;
  readonly answer?: fc.Arbitrary<unknown>;
  readonly answerBody?: fc.Arbitrary<unknown>;
  readonly codes?: readonly ResponseCode[];
}

const offset = fc.record({ offset: long });
const group = fc.record({ consumerGroup: text });

const brokerIdentity = { clusterName: text, brokerName: text, brokerAddr: text };
const dataVersion = fc.record({ counter: long, stateVersion: long, timestamp: long });

const PARTS: Readonly<Record<RequestCode, Parts>> = {
  ...ADMIN_PARTS,
  ...POP_PARTS,
  [RequestCode.END_TRANSACTION]: {
    header: fc.record({
      topic: optionalText,
      producerGroup: text,
      tranStateTableOffset: long,
      commitLogOffset: long,
      commitOrRollback: int,
      fromTransactionCheck: fc.boolean(),
      msgId: text,
      transactionId: optionalText,
      brokerName: optionalText,
    }),
  },
  [RequestCode.CHECK_TRANSACTION_STATE]: {
    header: fc.record({
      topic: optionalText,
      tranStateTableOffset: long,
      commitLogOffset: long,
      msgId: optionalText,
      transactionId: optionalText,
      offsetMsgId: optionalText,
      brokerName: optionalText,
    }),
    body: bytes,
  },
  [RequestCode.RESUME_CHECK_HALF_MESSAGE]: {
    header: fc.record({ topic: optionalText, msgId: optionalText }),
  },
  [RequestCode.SEND_MESSAGE]: { header: sendHeader, body: bytes, answer: sendAnswer, codes: STORED },
  [RequestCode.SEND_BATCH_MESSAGE]: {
    header: sendHeader,
    body: few(fc.record({ flag: int, body: bytes, properties })),
    answer: sendAnswer,
    codes: STORED,
  },
  [RequestCode.SEND_REPLY_MESSAGE]: { header: sendHeader, body: bytes, answer: sendAnswer, codes: STORED },
  [RequestCode.PUSH_REPLY_MESSAGE_TO_CLIENT]: { header: replyHeader, body: bytes },
  [RequestCode.PULL_MESSAGE]: { header: pullHeader, answer: pullAnswer, answerBody: bytes, codes: PULLED },
  [RequestCode.QUERY_MESSAGE]: {
    header: fc.record({
      topic: text,
      key: text,
      maxNum: int,
      beginTimestamp: long,
      endTimestamp: long,
      uniqueKeyQuery: fc.boolean(),
    }),
    answerBody: bytes,
  },
  [RequestCode.VIEW_MESSAGE_BY_ID]: { header: offset, answerBody: bytes },
  [RequestCode.RECALL_MESSAGE]: {
    header: fc.record({
      producerGroup: optionalText,
      topic: text,
      recallHandle: text,
      brokerName: optionalText,
    }),
    answer: fc.record({ msgId: text }),
  },
  [RequestCode.QUERY_CONSUMER_OFFSET]: {
    header: fc.record({ ...queue, consumerGroup: text }),
    answer: offset,
  },
  [RequestCode.UPDATE_CONSUMER_OFFSET]: {
    header: fc.record({ ...queue, consumerGroup: text, commitOffset: long }),
  },
  [RequestCode.SEARCH_OFFSET_BY_TIMESTAMP]: {
    header: fc.record({ ...queue, timestamp: long, boundaryType: fc.constantFrom('lower', 'upper') }),
    answer: offset,
  },
  [RequestCode.GET_MAX_OFFSET]: { header: fc.record(queue), answer: offset },
  [RequestCode.GET_MIN_OFFSET]: { header: fc.record(queue), answer: offset },
  [RequestCode.GET_EARLIEST_MSG_STORETIME]: {
    header: fc.record(queue),
    answer: fc.record({ timestamp: long }),
  },
  [RequestCode.HEART_BEAT]: { body: heartbeat },
  [RequestCode.UNREGISTER_CLIENT]: {
    header: fc.record({ clientID: text, producerGroup: optionalText, consumerGroup: optionalText }),
  },
  [RequestCode.CONSUMER_SEND_MSG_BACK]: {
    header: fc.record({
      offset: long,
      group: text,
      delayLevel: int,
      originMsgId: text,
      originTopic: text,
      maxReconsumeTimes: int,
    }),
  },
  [RequestCode.GET_CONSUMER_LIST_BY_GROUP]: {
    header: group,
    answerBody: fc.record({ consumerIdList: few(text) }),
  },
  [RequestCode.NOTIFY_CONSUMER_IDS_CHANGED]: { header: group },
  [RequestCode.LOCK_BATCH_MQ]: { body: lock, answerBody: fc.record({ lockOKMQSet: few(messageQueue) }) },
  [RequestCode.UNLOCK_BATCH_MQ]: { body: lock },
  [RequestCode.GET_ROUTEINFO_BY_TOPIC]: { header: fc.record({ topic: text }), answerBody: route },
  [RequestCode.GET_BROKER_CLUSTER_INFO]: { answerBody: cluster },
  [RequestCode.REGISTER_BROKER]: {
    header: fc.record({
      ...brokerIdentity,
      brokerId: long,
      haServerAddr: text,
      heartbeatTimeoutMillis: fc.option(long, { nil: undefined }),
      compressed: fc.boolean(),
      bodyCrc32: int,
    }),
    body: bytes,
    answer: fc.record({ haServerAddr: optionalText, masterAddr: optionalText }),
  },
  [RequestCode.UNREGISTER_BROKER]: { header: fc.record({ ...brokerIdentity, brokerId: long }) },
  [RequestCode.QUERY_DATA_VERSION]: {
    header: fc.record({ ...brokerIdentity, brokerId: long }),
    body: dataVersion,
    answer: fc.record({ changed: fc.boolean() }),
    answerBody: fc.option(dataVersion, { nil: undefined }),
  },
  [RequestCode.BROKER_HEARTBEAT]: { header: fc.record(brokerIdentity) },
};

/** One for every request code. */
export const arbitraryExchanges: readonly ArbitraryExchange[] = Object.values(RequestCode).map((code) => {
  const { header = none, body = none, answer = none, answerBody = none, codes } = PARTS[code];
  return {
    code,
    request: fc.record({ code: fc.constant(code), header, body }) as fc.Arbitrary<RemotingRequest>,
    response: fc.record({
      code: fc.constantFrom(...(codes ?? [ResponseCode.SUCCESS])),
      remark,
      header: answer,
      body: answerBody,
    }) as fc.Arbitrary<RemotingResponse>,
  };
});
