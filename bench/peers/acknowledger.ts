import { createServer, type AddressInfo, type Socket } from 'node:net';
import { decodeFrame } from '../../lib/remoting/codec/remoting-frame.js';
import { encodeResponse } from '../../lib/remoting/codec/remoting-codec.js';
import { FrameCutter } from '../../lib/remoting/codec/frame-cutter.js';
import { failure, success, type RemotingResponse } from '../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { ResponseCode } from '../../lib/remoting/response-code.js';

/**
 * A server that acknowledges sends and does nothing else with them: what a client can reach at all. Of a send it
 * looks for the number that the answer must carry, and the answer is there but for this number.
 */
const BROKER = 'bare';
const SEND_CODES = new Set([10, 310, 320]);
const OPAQUE = Buffer.from('"opaque":');
const CODE = Buffer.from('{"code":');
const ANSWER_OPAQUE = 1_000_000_000;
const STORED = success(
  {
    msgId: '7F00000100002A9F0000000000000000',
    queueId: 0,
    queueOffset: 0,
    transactionId: undefined,
    regionId: 'DefaultRegion',
    traceOn: true,
  },
  undefined,
);
const encodeStored = (type: 'JSON' | 'ROCKETMQ') =>
  Buffer.concat(encodeResponse(RequestCode.SEND_MESSAGE, STORED as never, ANSWER_OPAQUE, type));
const JSON_ANSWER = encodeStored('JSON');
const JSON_OPAQUE_AT = JSON_ANSWER.indexOf(OPAQUE) + OPAQUE.length;
const BINARY_ANSWER = encodeStored('ROCKETMQ');
/** Of the opaque in a frame with its length, behind which mark, code, language and version stand. */
const BINARY_OPAQUE_AT = 13;

let address = '';
const server = createServer({ noDelay: true }, serve);
server.listen(0, '127.0.0.1', () => {
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  console.log(`ready ${address}`);
});

function serve(socket: Socket): void {
  let answers: Buffer[] = [];
  const flush = () => {
    socket.write(Buffer.concat(answers));
    answers = [];
  };
  const cutter = new FrameCutter((buffer, start, end) => {
    const frame = buffer.subarray(start, end);
    const answer = isJson(frame) ? answerJson(frame) : answerBinary(frame);
    if (answer === undefined) return;
    if (answers.push(answer) === 1) setImmediate(flush);
  });
  socket.on('data', (chunk) => cutter.push(chunk));
  socket.on('error', () => socket.destroy());
}

const isJson = (frame: Buffer): boolean => frame[0] === 0;

function answerJson(frame: Buffer): Buffer | undefined {
  const code = numberAt(frame, frame.indexOf(CODE) + CODE.length);
  if (!SEND_CODES.has(code)) return answerOther(frame);
  const answer = Buffer.from(JSON_ANSWER);
  const digits = String(numberAt(frame, frame.indexOf(OPAQUE) + OPAQUE.length)).padStart(10, ' ');
  answer.write(digits, JSON_OPAQUE_AT, 'latin1');
  return answer;
}

function answerBinary(frame: Buffer): Buffer | undefined {
  if (!SEND_CODES.has(frame.readInt16BE(4))) return answerOther(frame);
  const answer = Buffer.from(BINARY_ANSWER);
  frame.copy(answer, BINARY_OPAQUE_AT, 9, 13);
  return answer;
}

function numberAt(frame: Buffer, start: number): number {
  let number = 0;
  for (let at = start; frame[at]! >= 48 && frame[at]! <= 57; at++) number = number * 10 + frame[at]! - 48;
  return number;
}

/** What a client asks before it sends. */
function answerOther(frame: Buffer): Buffer | undefined {
  const { code, opaque, serializeType, flag } = decodeFrame(frame);
  if ((flag & 2) !== 0) return undefined;
  return Buffer.concat(encodeResponse(code, responseTo(code), opaque, serializeType, true));
}

function responseTo(code: number): RemotingResponse {
  const brokerAddrs = new Map([[0, address]]);
  const broker = { cluster: BROKER, brokerName: BROKER, brokerAddrs };
  switch (code as RequestCode) {
    case RequestCode.GET_ROUTEINFO_BY_TOPIC: {
      const queue = { brokerName: BROKER, readQueueNums: 8, writeQueueNums: 8, perm: 6, topicSysFlag: 0 };
      return success(undefined, { brokerDatas: [broker], queueDatas: [queue] });
    }
    case RequestCode.GET_BROKER_CLUSTER_INFO:
      return success(undefined, { brokerAddrTable: new Map([[BROKER, broker]]) });
    case RequestCode.HEART_BEAT:
    case RequestCode.UPDATE_AND_CREATE_TOPIC:
    case RequestCode.UNREGISTER_CLIENT:
      return success(undefined, undefined);
    default:
      return failure(ResponseCode.REQUEST_CODE_NOT_SUPPORTED, `no ${code} here`);
  }
}
