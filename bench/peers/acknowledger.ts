import { createServer, type AddressInfo, type Socket } from 'node:net';
import { decodeFrame } from '../../lib/remoting/codec/remoting-frame.js';
import { encodeResponse } from '../../lib/remoting/codec/remoting-codec.js';
import { FrameCutter } from '../../lib/remoting/codec/frame-cutter.js';
import { failure, success, type RemotingResponse } from '../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { ResponseCode } from '../../lib/remoting/response-code.js';
import { BareJoiner } from '../limits/bare-joiner.js';

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
const JSON_OPAQUE_END = JSON_OPAQUE_AT + String(ANSWER_OPAQUE).length;
JSON_ANSWER.fill(' ', JSON_OPAQUE_AT, JSON_OPAQUE_END);
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
  const joiner = new BareJoiner(socket);
  const cutter = new FrameCutter((buffer, start, end) => {
    const frame = buffer.subarray(start, end);
    if (isJson(frame)) answerJson(frame, joiner);
    else answerBinary(frame, joiner);
  });
  socket.on('data', (chunk) => cutter.push(chunk));
  socket.on('error', () => socket.destroy());
}

const isJson = (frame: Buffer): boolean => frame[0] === 0;

function answerJson(frame: Buffer, joiner: BareJoiner): void {
  const code = numberAt(frame, frame.indexOf(CODE) + CODE.length);
  if (!SEND_CODES.has(code)) return answerOther(frame, joiner);
  const opaque = numberAt(frame, frame.indexOf(OPAQUE) + OPAQUE.length);
  const start = joiner.add(JSON_ANSWER);
  writeNumber(joiner.bytes, start + JSON_OPAQUE_END, opaque);
}

function answerBinary(frame: Buffer, joiner: BareJoiner): void {
  if (!SEND_CODES.has(frame.readInt16BE(4))) return answerOther(frame, joiner);
  const start = joiner.add(BINARY_ANSWER);
  joiner.bytes.writeInt32BE(frame.readInt32BE(9), start + BINARY_OPAQUE_AT);
}

function numberAt(frame: Buffer, start: number): number {
  let number = 0;
  for (let at = start; frame[at]! >= 48 && frame[at]! <= 57; at++) number = number * 10 + frame[at]! - 48;
  return number;
}

/** Behind blanks, as JSON has no zeros in front. */
function writeNumber(bytes: Buffer, end: number, value: number): void {
  let at = end;
  for (let rest = value; at === end || rest > 0; rest = Math.floor(rest / 10)) bytes[--at] = 48 + (rest % 10);
}

/** What a client asks before it sends. */
function answerOther(frame: Buffer, joiner: BareJoiner): void {
  const { code, opaque, serializeType, flag } = decodeFrame(frame);
  if ((flag & 2) !== 0) return;
  joiner.add(Buffer.concat(encodeResponse(code, responseTo(code), opaque, serializeType, true)));
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
