import { PullSysFlag } from '../../common/pull-sys-flag.js';
import { NO_BYTES } from '../../common/no-bytes.js';
import { RemotingCodecError } from '../../errors/remoting-codec.error.js';
import type { PullMessageRequestHeader } from '../header/pull-message-request-header.js';
import { failure, type RemotingRequest, type RemotingResponse } from '../remoting-command.js';
import { RequestCode } from '../request-code.js';
import { ResponseCode } from '../response-code.js';
import type { RequestSigner } from '../acl/request-signer.js';
import { EXCHANGE_CODECS, type ExchangeCodec } from './exchange-codecs.js';
import { writeFrame, writeFrameParts } from './frame-writer.js';
import type { HeaderCodec, HeaderTexts } from './header-codec.js';
import { type RemotingFrame, RpcFlag, type SerializeType } from './remoting-frame.js';
import { sendMessageHeaderV1 } from './send-message-headers.js';

const SEND_MESSAGE_V2 = 310;
const SEND_REPLY_MESSAGE_V2 = 325;
const LITE_PULL_MESSAGE = 361;

/** The ROCKETMQ serialization has 16 bits for the code, with a sign. */
const MAX_BINARY_CODE = 0x7fff;

/** Codes under which a request travels, besides its own. */
const OTHER_CODES: ReadonlyMap<number, RequestCode> = new Map([
  [SEND_MESSAGE_V2, RequestCode.SEND_MESSAGE],
  [SEND_REPLY_MESSAGE_V2, RequestCode.SEND_REPLY_MESSAGE],
  [LITE_PULL_MESSAGE, RequestCode.PULL_MESSAGE],
]);

/** Requests that have their header with names of one letter under another code, which is the one that is sent. */
const V2_CODES: ReadonlyMap<number, number> = new Map([
  [RequestCode.SEND_MESSAGE, SEND_MESSAGE_V2],
  [RequestCode.SEND_REPLY_MESSAGE, SEND_REPLY_MESSAGE_V2],
]);

/** The field that says that a send request is one of a batch. */
const BATCH = Buffer.from('batch');
const BATCH_V2 = Buffer.from('m');

const NO_FIELDS = { names: [], values: [] };

/**
 * Encodes a request as a whole frame, its length field included; `extraFields` stand behind those of its header.
 *
 * @param signer of the client, when it has to say who it is.
 * @throws RemotingCodecError when a value cannot travel, or the frame is too long.
 */
export function encodeRequest(
  request: RemotingRequest,
  opaque: number,
  isOneway: boolean,
  serializeType: SerializeType = 'ROCKETMQ',
  signer?: RequestSigner,
  extraFields?: HeaderTexts,
): Buffer {
  const { code, header, body } = request;
  const codec = codecOf(code)!;
  const start = {
    code: isLitePull(request) ? LITE_PULL_MESSAGE : (V2_CODES.get(code) ?? code),
    opaque,
    flag: isOneway ? RpcFlag.ONEWAY : 0,
    remark: undefined,
  };
  const own = codec.requestHeader.encode(header as never);
  const fields = extraFields === undefined ? own : join(own, extraFields);
  const bytes = codec.requestBody.encode(body as never, true);
  const type = start.code > MAX_BINARY_CODE ? 'JSON' : serializeType;
  if (signer === undefined) return writeFrame(start, fields, bytes, type);
  const sent = type === 'JSON' ? fields : withoutEmpty(fields);
  return writeFrame(start, signer.sign(sent, bytes), bytes, type);
}

/** Apache's broker reads null from an empty value of this form, and takes that for the text `null` in what was signed. */
function withoutEmpty({ names, values }: HeaderTexts): HeaderTexts {
  if (!values.includes('')) return { names, values };
  return {
    names: names.filter((_, i) => values[i] !== ''),
    values: values.filter((value) => value !== ''),
  };
}

/** A pull of a consumer that fetches its messages itself has a code of its own. */
function isLitePull({ code, header }: RemotingRequest): boolean {
  if (code !== RequestCode.PULL_MESSAGE) return false;
  return ((header as PullMessageRequestHeader).sysFlag & PullSysFlag.LITE_PULL) !== 0;
}

function join(first: HeaderTexts, second: HeaderTexts): HeaderTexts {
  return { names: [...first.names, ...second.names], values: [...first.values, ...second.values] };
}

/**
 * Encodes the answer to a request as a whole frame, its length field included, in one or two buffers. A long body is not
 * copied, and must not change any more.
 *
 * @param requestCode of the request as it was sent; of one that nobody knows an error is the only answer.
 * @param isStandardJson false for a requester that needs fastjson's form, see `wantsStandardJson`.
 * @throws RemotingCodecError when a value cannot travel, or the frame is too long.
 */
export function encodeResponse(
  requestCode: number,
  response: RemotingResponse,
  opaque: number,
  serializeType: SerializeType,
  isStandardJson = true,
): readonly Buffer[] {
  const start = { code: response.code, opaque, flag: RpcFlag.RESPONSE, remark: response.remark };
  const codec = codecOf(OTHER_CODES.get(requestCode) ?? requestCode);
  if (!codec?.successCodes.has(response.code)) {
    return [writeFrame(start, NO_FIELDS, NO_BYTES, serializeType)];
  }
  const fields = codec.responseHeader.encode(response.header as never);
  const body = codec.responseBody.encode(response.body as never, isStandardJson);
  return writeFrameParts(start, fields, body, serializeType);
}

/**
 * Decodes a request; its body may be a view of the frame.
 *
 * @returns undefined when its code has no typed form.
 * @throws RemotingCodecError naming the field when a required one is missing or not of its type.
 */
export function decodeRequest(frame: RemotingFrame): RemotingRequest | undefined {
  const code = typedCodeOf(frame);
  const codec = codecOf(code);
  if (codec === undefined) return undefined;
  const isV1 = V2_CODES.has(frame.code);
  const headerCodec = isV1 ? (sendMessageHeaderV1 as HeaderCodec<never>) : codec.requestHeader;
  const header = headerCodec.decode(frame.headerFields);
  return { code, header, body: codec.requestBody.decode(frame.body) } as RemotingRequest;
}

/** Decodes a request; one that cannot be understood is answered, and undefined here. */
export function understandRequest(
  frame: RemotingFrame,
  context: { reply(response: RemotingResponse<never>): void },
): RemotingRequest | undefined {
  try {
    const request = decodeRequest(frame);
    if (request !== undefined) return request;
    const remark = ` request type ${frame.code} not supported`;
    context.reply(failure(ResponseCode.REQUEST_CODE_NOT_SUPPORTED, remark));
  } catch (error) {
    if (!(error instanceof RemotingCodecError)) throw error;
    context.reply(failure(ResponseCode.SYSTEM_ERROR, error.message));
  }
  return undefined;
}

/**
 * Decodes the answer to a request of code `C`; its body may be a view of the frame.
 *
 * @throws RemotingCodecError naming the field when a required one is missing or not of its type.
 */
export function decodeResponse<C extends RequestCode>(
  requestCode: C,
  frame: RemotingFrame,
): RemotingResponse<C> {
  const codec = EXCHANGE_CODECS[requestCode] as ExchangeCodec<C>;
  const code = frame.code as ResponseCode;
  const { remark } = frame;
  if (!codec.successCodes.has(code)) return { code, remark, header: undefined, body: undefined };
  const header = codec.responseHeader.decode(frame.headerFields);
  return { code, remark, header, body: codec.responseBody.decode(frame.body) };
}

/** A batch has a code of its own, but its header decides (SendMessageProcessor#processRequest). */
function typedCodeOf({ code, headerFields }: RemotingFrame): number {
  const typedCode = OTHER_CODES.get(code) ?? code;
  if (typedCode !== RequestCode.SEND_MESSAGE) return typedCode;
  const isBatch = headerFields.isTrue(code === SEND_MESSAGE_V2 ? BATCH_V2 : BATCH);
  return isBatch ? RequestCode.SEND_BATCH_MESSAGE : typedCode;
}

/** The types of one code are lost here; `RemotingProtocol` holds them together again. */
function codecOf(code: number): ExchangeCodec<RequestCode> | undefined {
  return EXCHANGE_CODECS[code as RequestCode] as ExchangeCodec<RequestCode> | undefined;
}
