import { describe, expect, it } from 'vitest';
import { decodeMessages } from '../../../lib/common/message-decoder.js';
import { decodeProperties } from '../../../lib/common/message-properties.js';
import { decodeRequest, decodeResponse, encodeRequest } from '../../../lib/remoting/codec/remoting-codec.js';
import {
  decodeFrame,
  isOneway,
  isResponse,
  type RemotingFrame,
  wantsStandardJson,
} from '../../../lib/remoting/codec/remoting-frame.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { ResponseCode } from '../../../lib/remoting/response-code.js';
import { responseBytes } from '../../support/response-bytes.js';
import { apacheExchanges, comparable, frameBytes, type FrameVector } from '../../support/apache-frames.js';

type Texts = Readonly<Record<string, string>>;

const queue = (f: Texts) => ({ topic: f['topic'], queueId: Number(f['queueId']) });

const pull = (f: Texts) => ({
  ...queue(f),
  consumerGroup: f['consumerGroup'],
  queueOffset: Number(f['queueOffset']),
  maxMsgNums: Number(f['maxMsgNums']),
  sysFlag: Number(f['sysFlag']),
  commitOffset: Number(f['commitOffset']),
  suspendTimeoutMillis: Number(f['suspendTimeoutMillis']),
  subscription: f['subscription'],
  subVersion: Number(f['subVersion']),
  expressionType: f['expressionType'],
});

const sendV2 = (f: Texts) => ({
  producerGroup: f['a'],
  topic: f['b'],
  defaultTopic: f['c'],
  defaultTopicQueueNums: Number(f['d']),
  queueId: Number(f['e']),
  sysFlag: Number(f['f']),
  bornTimestamp: Number(f['g']),
  flag: Number(f['h']),
  properties: decodeProperties(f['i']!),
  reconsumeTimes: Number(f['j']),
  brokerName: f['n'],
  unitMode: f['k'] === 'true',
});

const sendV1 = (f: Texts) => ({
  producerGroup: f['producerGroup'],
  ...queue(f),
  defaultTopic: f['defaultTopic'],
  defaultTopicQueueNums: Number(f['defaultTopicQueueNums']),
  sysFlag: Number(f['sysFlag']),
  bornTimestamp: Number(f['bornTimestamp']),
  flag: Number(f['flag']),
  properties: decodeProperties(f['properties']!),
  reconsumeTimes: Number(f['reconsumeTimes']),
  brokerName: f['bname'],
  unitMode: f['unitMode'] === 'true',
});

/** What the fields of a request mean, written down a second time. */
const REQUEST_HEADERS: Readonly<Record<number, (fields: Texts) => object | undefined>> = {
  10: sendV1,
  310: sendV2,
  320: sendV2,
  11: pull,
  361: pull,
  12: (f) => ({
    topic: f['topic'],
    key: f['key'],
    maxNum: Number(f['maxNum']),
    beginTimestamp: Number(f['beginTimestamp']),
    // Java says Long.MAX_VALUE when it means no end.
    endTimestamp: Number.MAX_SAFE_INTEGER,
    uniqueKeyQuery: f['_UNIQUE_KEY_QUERY'] === 'true',
  }),
  14: (f) => ({ ...queue(f), consumerGroup: f['consumerGroup'] }),
  15: (f) => ({ ...queue(f), consumerGroup: f['consumerGroup'], commitOffset: Number(f['commitOffset']) }),
  29: (f) => ({
    ...queue(f),
    timestamp: Number(f['timestamp']),
    boundaryType: f['boundaryType']!.toLowerCase(),
  }),
  30: queue,
  31: queue,
  32: queue,
  33: (f) => ({ offset: Number(f['offset']) }),
  34: () => undefined,
  35: (f) => ({
    clientID: f['clientID'],
    producerGroup: f['producerGroup'],
    consumerGroup: f['consumerGroup'],
  }),
  36: (f) => ({
    offset: Number(f['offset']),
    group: f['group'],
    delayLevel: Number(f['delayLevel']),
    originMsgId: f['originMsgId'],
    originTopic: f['originTopic'],
    maxReconsumeTimes: Number(f['maxReconsumeTimes']),
  }),
  38: (f) => ({ consumerGroup: f['consumerGroup'] }),
  40: (f) => ({ consumerGroup: f['consumerGroup'] }),
  41: () => undefined,
  42: () => undefined,
  105: (f) => ({ topic: f['topic'] }),
  106: () => undefined,
};

const TYPED_CODES: Readonly<Record<number, number>> = { 310: 10, 361: 11 };

const send = (f: Texts) => ({
  msgId: f['msgId'],
  queueId: Number(f['queueId']),
  queueOffset: Number(f['queueOffset']),
  transactionId: f['transactionId'],
  regionId: f['MSG_REGION'],
  traceOn: f['TRACE_ON'] === 'true',
});

const pulled = (f: Texts) => ({
  suggestWhichBrokerId: Number(f['suggestWhichBrokerId']),
  nextBeginOffset: Number(f['nextBeginOffset']),
  minOffset: Number(f['minOffset']),
  maxOffset: Number(f['maxOffset']),
});

const offset = (f: Texts) => ({ offset: Number(f['offset']) });

const RESPONSE_HEADERS: Readonly<Record<number, (fields: Texts) => object>> = {
  [RequestCode.SEND_MESSAGE]: send,
  [RequestCode.SEND_BATCH_MESSAGE]: send,
  [RequestCode.PULL_MESSAGE]: pulled,
  [RequestCode.QUERY_CONSUMER_OFFSET]: offset,
  [RequestCode.SEARCH_OFFSET_BY_TIMESTAMP]: offset,
  [RequestCode.GET_MAX_OFFSET]: offset,
  [RequestCode.GET_MIN_OFFSET]: offset,
  [RequestCode.GET_EARLIEST_MSG_STORETIME]: (f) => ({ timestamp: Number(f['timestamp']) }),
};

const PULL_CODES: readonly number[] = [
  ResponseCode.SUCCESS,
  ResponseCode.PULL_NOT_FOUND,
  ResponseCode.PULL_RETRY_IMMEDIATELY,
  ResponseCode.PULL_OFFSET_MOVED,
];

function expectFrame(frame: RemotingFrame, vector: FrameVector): void {
  const { code, language, version, opaque, flag, remark, serializeType } = frame;
  expect({ code, language, version, opaque, flag, serializeType }).toEqual({
    code: vector.code,
    language: vector.language,
    version: vector.version,
    opaque: vector.opaque,
    flag: vector.flag,
    serializeType: vector.serializeType,
  });
  // The binary form cannot tell an empty remark from none.
  expect(remark ?? '').toBe(vector.remark ?? '');
  expect(Object.fromEntries(frame.fields)).toEqual(vector.extFields ?? {});
  expect(frame.body.length).toBe(vector.bodyLength);
}

/** Java's beans have members that the typed bodies leave out. */
function expectBody(body: unknown, vector: FrameVector): void {
  if (vector.body !== undefined) expect(comparable(vector.body)).toMatchObject(comparable(body) as object);
  else if (Buffer.isBuffer(body)) expect(body.length).toBe(vector.bodyLength);
  else expect(body).toBeUndefined();
}

describe.each(apacheExchanges.map((exchange) => [exchange.request.code, exchange] as const))(
  'a request of code %i by Apache',
  (_code, { request, response }) => {
    const requestFrame = decodeFrame(frameBytes(request));
    const typed = decodeRequest(requestFrame)!;

    it('is read as by Java', () => {
      expectFrame(requestFrame, request);
      expect(isResponse(requestFrame)).toBe(false);
      expect(isOneway(requestFrame)).toBe(response === null);
      expect(typed.code).toBe(TYPED_CODES[request.code] ?? request.code);
      expect(typed.header).toEqual(REQUEST_HEADERS[request.code]!(request.extFields ?? {}));
      expectBody(typed.body, request);
    });

    it.each(['JSON', 'ROCKETMQ'] as const)('survives being written again in %s', (serializeType) => {
      const frame = decodeFrame(encodeRequest(typed, 7, response === null, serializeType).subarray(4));
      expect(decodeRequest(frame)).toEqual(typed);
      expect(frame).toMatchObject({ opaque: 7, serializeType, language: 'OTHER', version: 479 });
      expect(isOneway(frame)).toBe(response === null);
    });

    // A one-way request has none.
    if (response === null) return;

    it('gets an answer that is read as by Java', () => {
      const vector = response;
      const frame = decodeFrame(frameBytes(vector));
      expectFrame(frame, vector);
      expect(isResponse(frame)).toBe(true);
      const decoded = decodeResponse(typed.code, frame);
      expect(decoded.code).toBe(vector.code);
      const isPull = typed.code === RequestCode.PULL_MESSAGE;
      if (vector.code !== 0 && !(isPull && PULL_CODES.includes(vector.code))) {
        expect(decoded).toMatchObject({ remark: vector.remark, header: undefined, body: undefined });
        return;
      }
      expect(decoded.header).toEqual(RESPONSE_HEADERS[typed.code]?.(vector.extFields ?? {}));
      expectBody(decoded.body, vector);
      if (Buffer.isBuffer(decoded.body) && vector.bodyLength > 0) {
        expect(decodeMessages(decoded.body).length).toBeGreaterThan(0);
      }
    });

    it('gets an answer that survives being written again', () => {
      const decoded = decodeResponse(typed.code, decodeFrame(frameBytes(response)));
      for (const isStandardJson of [true, false]) {
        const bytes = responseBytes(request.code, decoded, 7, response.serializeType, isStandardJson);
        expect(decodeResponse(typed.code, decodeFrame(bytes.subarray(4)))).toEqual(decoded);
      }
    });
  },
);

describe('the frames of Apache', () => {
  it('cover every code in both forms', () => {
    for (const form of ['JSON', 'ROCKETMQ']) {
      const requests = apacheExchanges.map(({ request }) => request);
      const codes = requests.filter(({ serializeType }) => serializeType === form).map(({ code }) => code);
      expect([...new Set(codes)].toSorted((a, b) => a - b)).toEqual(
        Object.keys(REQUEST_HEADERS)
          .map(Number)
          .toSorted((a, b) => a - b),
      );
    }
  });

  it('have bodies that are written as Java writes them', () => {
    const codes: readonly number[] = [
      RequestCode.GET_ROUTEINFO_BY_TOPIC,
      RequestCode.GET_BROKER_CLUSTER_INFO,
    ];
    const answers = apacheExchanges.filter(({ request, response }) => {
      return codes.includes(request.code) && response!.code === 0;
    });
    expect(answers.length).toBeGreaterThanOrEqual(6);
    for (const { request, response } of answers) {
      const requestFrame = decodeFrame(frameBytes(request));
      const frame = decodeFrame(frameBytes(response!));
      // The cluster has fastjson's form for everybody.
      const isStandard =
        request.code === RequestCode.GET_ROUTEINFO_BY_TOPIC && wantsStandardJson(requestFrame);
      const code = request.code as typeof RequestCode.GET_ROUTEINFO_BY_TOPIC;
      const again = responseBytes(code, decodeResponse(code, frame), 1, 'JSON', isStandard);
      expect(decodeFrame(again.subarray(4)).body.toString()).toBe(frame.body.toString());
    }
  });
});
