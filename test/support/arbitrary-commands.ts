import fc from 'fast-check';
import type { RemotingRequest, RemotingResponse } from '../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { ResponseCode } from '../../lib/remoting/response-code.js';
import { propertyText } from './arbitrary-message.js';

/** Any request of one code, and any answer to it that is not an error. */
export interface ArbitraryExchange {
  readonly code: RequestCode;
  readonly request: fc.Arbitrary<RemotingRequest>;
  readonly response: fc.Arbitrary<RemotingResponse>;
}

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.constantFrom('__proto__', 'constructor', '"\\\u0001\n'),
);
const int = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const long = fc.maxSafeInteger();
const optionalText = fc.option(text, { nil: undefined });
const properties = fc.array(fc.tuple(propertyText, propertyText), { maxLength: 5 }).map((p) => new Map(p));
const bytes = fc.uint8Array({ maxLength: 200 }).map((b) => Buffer.from(b));
const none = fc.constant(undefined);
const remark = fc.option(fc.string({ unit: 'grapheme', minLength: 1 }), { nil: undefined });

const queue = { topic: text, queueId: int };
const messageQueue = fc.record({ ...queue, brokerName: text });
const few = <T>(item: fc.Arbitrary<T>) => fc.array(item, { maxLength: 4 });
const setOf = <T>(item: fc.Arbitrary<T>) => few(item).map((items) => new Set(items));

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

const subscription = fc.record({
  topic: text,
  subString: text,
  tagsSet: setOf(text),
  codeSet: setOf(int),
  subVersion: long,
  expressionType: fc.constantFrom('TAG', 'SQL92'),
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

interface Parts {
  readonly header?: fc.Arbitrary<unknown>;
  readonly body?: fc.Arbitrary<unknown>;
  readonly answer?: fc.Arbitrary<unknown>;
  readonly answerBody?: fc.Arbitrary<unknown>;
  readonly codes?: readonly ResponseCode[];
}

const offset = fc.record({ offset: long });
const group = fc.record({ consumerGroup: text });

const PARTS: Readonly<Record<RequestCode, Parts>> = {
  [RequestCode.SEND_MESSAGE]: { header: sendHeader, body: bytes, answer: sendAnswer, codes: STORED },
  [RequestCode.SEND_BATCH_MESSAGE]: {
    header: sendHeader,
    body: few(fc.record({ flag: int, body: bytes, properties })),
    answer: sendAnswer,
    codes: STORED,
  },
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
