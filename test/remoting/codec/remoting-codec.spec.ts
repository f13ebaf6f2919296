import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseFastjson } from '../../../lib/common/fastjson.js';
import { RemotingCodecError } from '../../../lib/errors/remoting-codec.error.js';
import { subscriptionData } from '../../../lib/remoting/codec/body-types.js';
import { MAX_FRAME_SIZE } from '../../../lib/remoting/codec/frame-cutter.js';
import { decodeRequest, decodeResponse, encodeRequest } from '../../../lib/remoting/codec/remoting-codec.js';
import {
  decodeFrame,
  isOneway,
  isResponse,
  type SerializeType,
} from '../../../lib/remoting/codec/remoting-frame.js';
import { failure, success } from '../../../lib/remoting/remoting-command.js';
import type { RequestBody, RequestHeader } from '../../../lib/remoting/remoting-protocol.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { ResponseCode } from '../../../lib/remoting/response-code.js';
import { responseBytes } from '../../support/response-bytes.js';
import { arbitraryExchanges } from '../../support/arbitrary-commands.js';
import { jsonFrame } from '../../support/json-frame.js';

const serializeType = fc.constantFrom<SerializeType>('JSON', 'ROCKETMQ');
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const exchanges = arbitraryExchanges.map((exchange) => [exchange.code, exchange] as const);

/** Frames of a request, without the length field that a cutter takes off. */
function decode(bytes: Buffer) {
  expect(bytes.readInt32BE(0)).toBe(bytes.length - 4);
  return decodeFrame(bytes.subarray(4));
}

/** What a request says when it comes as JSON with these fields. */
function read<C extends RequestCode>(code: C, extFields: object, body = '') {
  const request = decodeRequest(decodeFrame(jsonFrame({ code, extFields }, body)));
  return request as { header: RequestHeader<C>; body: RequestBody<C> };
}

const QUEUE = { topic: 'T', queueId: 1 };
const QUERY = { topic: 'T', key: 'k', maxNum: 1, beginTimestamp: 0 };
const PULL_ANSWER = { suggestWhichBrokerId: 0, nextBeginOffset: 5, minOffset: 0, maxOffset: 9 };

describe.each(exchanges)('code %i', (code, { request, response }) => {
  it('keeps every request in both forms', () => {
    fc.assert(
      fc.property(request, int32, fc.boolean(), serializeType, (value, opaque, oneway, type) => {
        const frame = decode(encodeRequest(value, opaque, oneway, type));
        expect(frame).toMatchObject({
          opaque,
          serializeType: code > 0x7fff ? 'JSON' : type,
          remark: undefined,
        });
        expect([isResponse(frame), isOneway(frame)]).toEqual([false, oneway]);
        expect(decodeRequest(frame)).toEqual(value);
      }),
    );
  });

  it('keeps every answer in both forms', () => {
    fc.assert(
      fc.property(response, int32, serializeType, fc.boolean(), (value, opaque, type, isStandard) => {
        const frame = decode(responseBytes(code, value, opaque, type, isStandard));
        expect(frame).toMatchObject({ opaque, serializeType: type, flag: 1 });
        expect(decodeResponse(code, frame)).toEqual(value);
      }),
    );
  });

  it('keeps code and remark of an error', () => {
    const error = failure(ResponseCode.NO_PERMISSION, 'nö 😀 "quoted"');
    for (const type of ['JSON', 'ROCKETMQ'] as const) {
      const frame = decode(responseBytes(code, error, 1, type));
      expect(decodeResponse(code, frame)).toEqual(error);
      expect([frame.fields.size, frame.body.length]).toEqual([0, 0]);
    }
  });
});

describe('a request', () => {
  it('is sent with short names', () => {
    const header = { producerGroup: 'g', topic: 't', defaultTopic: 'd', defaultTopicQueueNums: 4 };
    const rest = {
      queueId: 0,
      sysFlag: 0,
      bornTimestamp: 1,
      flag: 0,
      reconsumeTimes: 0,
      brokerName: 'b',
      unitMode: false,
    };
    const send = { ...header, ...rest, properties: new Map([['a', 'b']]) };
    const single = { code: RequestCode.SEND_MESSAGE, header: send, body: Buffer.from('x') };
    const batch = { code: RequestCode.SEND_BATCH_MESSAGE, header: send, body: [] };
    const fields = 'a=g b=t c=d d=4 e=0 f=0 g=1 h=0 i=a\u0001b\u0002 j=0 n=b k=false';
    for (const [request, code, m] of [[single, 310, 'false'] as const, [batch, 320, 'true'] as const]) {
      const frame = decode(encodeRequest(request, 1, false));
      expect(frame.code).toBe(code);
      expect([...frame.fields].map((entry) => entry.join('=')).join(' ')).toBe(`${fields} m=${m}`);
    }
  });

  it('of a batch is told by its header too', () => {
    const fields = { a: 'g', b: 't', c: 'd', d: 4, e: 0, f: 0, g: 1, h: 0 };
    const codeOf = (code: number, extFields: object) =>
      decodeRequest(decodeFrame(jsonFrame({ code, extFields })))!.code;
    expect(codeOf(310, { ...fields, m: true })).toBe(RequestCode.SEND_BATCH_MESSAGE);
    expect(codeOf(310, { ...fields, m: 'false' })).toBe(RequestCode.SEND_MESSAGE);
    expect(codeOf(310, fields)).toBe(RequestCode.SEND_MESSAGE);
    const names = { producerGroup: 'g', topic: 't', defaultTopic: 'd', defaultTopicQueueNums: 4, queueId: 0 };
    const fullNames = { ...names, sysFlag: 0, bornTimestamp: 1, flag: 0 };
    expect(codeOf(10, { ...fullNames, batch: 'true' })).toBe(RequestCode.SEND_BATCH_MESSAGE);
    expect(codeOf(10, fullNames)).toBe(RequestCode.SEND_MESSAGE);
  });

  it('takes all but `true` for false, such as the 0 of clients in C++', () => {
    const fields = { a: 'g', b: 't', c: 'd', d: 4, e: 0, f: 0, g: 1, h: 0, k: '0', m: '0' };
    expect(decodeRequest(decodeFrame(jsonFrame({ code: 310, extFields: fields })))).toMatchObject({
      code: RequestCode.SEND_MESSAGE,
      header: { unitMode: false },
    });
    const half = { producerGroup: 'g', tranStateTableOffset: 0, commitLogOffset: 0, msgId: '' };
    const isFromCheck = (fromTransactionCheck: string) =>
      read(RequestCode.END_TRANSACTION, { ...half, commitOrRollback: 8, fromTransactionCheck }).header
        .fromTransactionCheck;
    expect(['0', '1', '', 'True', 'true', 'trueish'].filter(isFromCheck)).toEqual(['True', 'true']);
  });

  it('of an unknown code is none', () => {
    for (const code of [0, -1, 9, 99, 200056, 2 ** 31 - 1]) {
      expect(decodeRequest(decodeFrame(jsonFrame({ code })))).toBeUndefined();
    }
    const answer = responseBytes(200056, failure(ResponseCode.REQUEST_CODE_NOT_SUPPORTED, 'no'), 1, 'JSON');
    expect(decode(answer)).toMatchObject({ code: 3, remark: 'no' });
  });

  it('may lack fields that have a meaning by themselves', () => {
    expect(read(RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, { ...QUEUE, timestamp: 5 }).header).toEqual({
      ...QUEUE,
      timestamp: 5,
      boundaryType: 'lower',
    });
    const back = { offset: 1, group: 'g', delayLevel: 0 };
    expect(read(RequestCode.CONSUMER_SEND_MSG_BACK, back).header.originMsgId).toBe('');
  });

  it.each([
    ['queueId', { topic: 'T' }, 'The header field queueId is missing'],
    ['queueId', { topic: 'T', queueId: null }, 'The header field queueId is missing'],
    ['queueId', { topic: 'T', queueId: 'x1' }, 'The header field queueId is not an integer of 32 bits: "x1"'],
    ['queueId', { topic: 'T', queueId: '' }, 'The header field queueId is not an integer of 32 bits: ""'],
    ['queueId', { topic: 'T', queueId: 2 ** 31 }, 'queueId is not an integer of 32 bits: "2147483648"'],
    ['timestamp', { ...QUEUE, timestamp: '1e3' }, 'timestamp is not an integer of 64 bits: "1e3"'],
  ])('without a proper %s is refused', (_name, extFields, message) => {
    const search = () => read(RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, { timestamp: 0, ...extFields });
    expect(search).toThrow(RemotingCodecError);
    expect(search).toThrow(message);
  });

  it('with a number beyond 2^53 is refused, with a bound of time beyond it is not', () => {
    const commit = (commitOffset: string) =>
      read(RequestCode.UPDATE_CONSUMER_OFFSET, { ...QUEUE, consumerGroup: 'g', commitOffset }).header
        .commitOffset;
    expect(commit('9007199254740991')).toBe(Number.MAX_SAFE_INTEGER);
    expect(commit('-9007199254740991')).toBe(Number.MIN_SAFE_INTEGER);
    expect(() => commit('9007199254740992')).toThrow('commitOffset is not an integer within ±2^53');
    const end = (endTimestamp: string) => read(RequestCode.QUERY_MESSAGE, { ...QUERY, endTimestamp }).header;
    expect(end('9223372036854775807').endTimestamp).toBe(Number.MAX_SAFE_INTEGER);
    expect(end('-9223372036854775808').endTimestamp).toBe(Number.MIN_SAFE_INTEGER);
  });

  it('rounds versions of subscriptions, which are nanoseconds of clients in Go, in header and body alike', () => {
    const subVersion = 1_763_843_044_123_456_789n;
    const pull = { ...QUEUE, consumerGroup: 'g', queueOffset: 0, maxMsgNums: 1, sysFlag: 4, commitOffset: 0 };
    const fields = { ...pull, suspendTimeoutMillis: 0, subVersion: String(subVersion) };
    expect(read(RequestCode.PULL_MESSAGE, fields).header.subVersion).toBe(Number(subVersion));
    const data = `{"topic":"T","subString":"*","tagsSet":[],"codeSet":[],"subVersion":${subVersion},"expressionType":"TAG"}`;
    expect(subscriptionData.read(parseFastjson(data), 'data').subVersion).toBe(Number(subVersion));
  });

  it('takes the last of equal fields, and none of those that it does not know', () => {
    const header =
      '{"code":30,"extFields":{"topic":"A","queueId":"1","topic":"B","__proto__":"x","bname":"b"}}';
    const frame = decodeFrame(jsonFrame(header));
    expect(decodeRequest(frame)!.header).toEqual({ topic: 'B', queueId: 1 });
    expect(frame.fields.get('__proto__')).toBe('x');
    expect(frame.fields.get('constructor')).toBeUndefined();
  });

  it('cannot have a number that is none', () => {
    const request = {
      code: RequestCode.GET_MAX_OFFSET,
      header: { topic: 'T', queueId: NaN },
      body: undefined,
    };
    expect(() => encodeRequest(request, 1, false)).toThrow('The number NaN cannot travel in a header');
    const offset = { code: RequestCode.VIEW_MESSAGE_BY_ID, header: { offset: 2 ** 53 }, body: undefined };
    expect(() => encodeRequest(offset, 1, false)).toThrow(RemotingCodecError);
  });

  it('cannot be longer than a frame may be', () => {
    const offset = success(undefined, Buffer.alloc(MAX_FRAME_SIZE));
    expect(() => responseBytes(RequestCode.VIEW_MESSAGE_BY_ID, offset, 1, 'ROCKETMQ')).toThrow(
      RemotingCodecError,
    );
  });
});

describe('a heartbeat', () => {
  const heartbeat = (body: string) => read(RequestCode.HEART_BEAT, {}, body).body;
  const consumerOf = (fields: string) =>
    heartbeat(`{clientID:"c",consumerDataSet:[{${fields}}]}`).consumerDataSet[0];

  it('may lack sets, and name constants in any case or by number', () => {
    expect(heartbeat("{'clientID':'c',producerDataSet:null}")).toEqual({
      clientID: 'c',
      producerDataSet: [],
      consumerDataSet: [],
    });
    expect(consumerOf('groupName:"g",messageModel:"Broadcasting",consumeType:0,consumeFromWhere:2')).toEqual({
      groupName: 'g',
      messageModel: 'BROADCASTING',
      consumeType: 'CONSUME_ACTIVELY',
      consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
      subscriptionDataSet: [],
      unitMode: false,
    });
  });

  it('selects by tags without a kind of expression, which clients in Go leave empty', () => {
    const subscription = 'topic:"t",subString:"a || b",subVersion:1,expressionType:""';
    const { subscriptionDataSet } = consumerOf(`groupName:"g",subscriptionDataSet:[{${subscription}}]`)!;
    expect(subscriptionDataSet).toMatchObject([{ subString: 'a || b', expressionType: 'TAG' }]);
  });

  it.each([
    ['{}', 'The body has no text at body.clientID'],
    ['[]', 'The body has no object at body'],
    ['', 'A JSON body that cannot be parsed'],
    ['{"clientID":"c","producerDataSet":{}}', 'no list at body.producerDataSet'],
    ['{"clientID":"c","producerDataSet":[1]}', 'no object at body.producerDataSet[0]'],
    ['['.repeat(100), 'A JSON body that cannot be parsed'],
    [`{"clientID":"${'c'.repeat(1024 * 1024)}"}`, 'A JSON body of 1048591 bytes'],
  ])('of %.40s is refused', (body, message) => {
    expect(() => heartbeat(body)).toThrow(RemotingCodecError);
    expect(() => heartbeat(body)).toThrow(message);
  });

  it('with an unknown constant or an unsafe number is refused', () => {
    expect(() => consumerOf('groupName:"g",messageModel:"X"')).toThrow('consumerDataSet[0].messageModel');
    const subscription = 'topic:"t",subString:"*",codeSet:[9007199254740993]';
    expect(() => consumerOf(`groupName:"g",subscriptionDataSet:[{${subscription}}]`)).toThrow('codeSet');
  });
});

describe('an answer', () => {
  it('to a pull says where to go on although there is nothing', () => {
    const response = {
      code: ResponseCode.PULL_NOT_FOUND,
      remark: 'x',
      header: PULL_ANSWER,
      body: Buffer.of(),
    };
    for (const requestCode of [RequestCode.PULL_MESSAGE, 361]) {
      const frame = decode(responseBytes(requestCode, response, 1, 'ROCKETMQ'));
      expect(decodeResponse(RequestCode.PULL_MESSAGE, frame).header).toEqual(PULL_ANSWER);
    }
  });

  it('without a required field is refused', () => {
    const frame = decodeFrame(jsonFrame({ code: 0, flag: 1, extFields: { queueId: 1, queueOffset: 2 } }));
    expect(() => decodeResponse(RequestCode.SEND_MESSAGE, frame)).toThrow(
      'The header field msgId is missing',
    );
  });

  it('of a client with more values than anything has is refused, as a request is that has them', () => {
    const body = `{"mqTable":[${'{},'.repeat(1_200_000)}{}]}`;
    const frame = decodeFrame(jsonFrame({ code: 0, flag: 1 }, body));
    expect(() => decodeResponse(RequestCode.GET_CONSUMER_RUNNING_INFO, frame)).toThrow(
      'A JSON body that cannot be parsed: Expected at most 1200000 values',
    );
  });

  it('to a send of an old broker has a region and traces', () => {
    const extFields = { msgId: 'x', queueId: 1, queueOffset: 2 };
    const frame = decodeFrame(jsonFrame({ code: 0, flag: 1, extFields }));
    expect(decodeResponse(RequestCode.SEND_MESSAGE, frame).header).toEqual({
      ...extFields,
      transactionId: undefined,
      regionId: 'DefaultRegion',
      traceOn: true,
    });
  });

  it('with a route has bare numbers for an old client only', () => {
    const broker = { cluster: 'C', brokerName: 'b', brokerAddrs: new Map([[0, 'a:1']]) };
    const route = success(undefined, { queueDatas: [], brokerDatas: [broker] });
    const bodyOf = (isStandard: boolean) =>
      decode(responseBytes(105, route, 1, 'JSON', isStandard)).body.toString();
    expect(bodyOf(true)).toContain('"brokerAddrs":{"0":"a:1"}');
    expect(bodyOf(false)).toContain('"brokerAddrs":{0:"a:1"}');
  });

  it('with a cluster names the brokers of each', () => {
    const broker = (brokerName: string) =>
      [brokerName, { cluster: 'C', brokerName, brokerAddrs: new Map([[0, 'a:1']]) }] as const;
    const info = success(undefined, { brokerAddrTable: new Map([broker('x'), broker('y')]) });
    const body = decode(responseBytes(106, info, 1, 'JSON')).body.toString();
    expect(body).toContain('"brokerAddrs":{0:');
    expect(JSON.parse(body.replaceAll('{0:', '{"0":'))).toMatchObject({
      clusterAddrTable: { C: ['x', 'y'] },
    });
  });
});
