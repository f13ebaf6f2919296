import { int32At } from '../../common/int64.js';
import { NO_BYTES } from '../../common/no-bytes.js';
import { RemotingCodecError } from '../../errors/remoting-codec.error.js';
import { readBinaryHeader } from './binary-header.js';
import type { HeaderFields, RemotingHeader } from './header-fields.js';
import { readJsonHeader } from './json-header.js';
import { MQVersion } from './mq-version.js';

/** How a header is written: as JSON, or in RocketMQ's binary form (SerializeType). */
export type SerializeType = 'JSON' | 'ROCKETMQ';

/** The type bytes in the header mark. */
export const SERIALIZE_TYPE_CODES = { JSON: 0, ROCKETMQ: 1 } as const;

/** Bits of the flag. */
export const RpcFlag = { RESPONSE: 1, ONEWAY: 2 } as const;

/** Bytes of the header mark: a type byte and three bytes of header length. */
const MARK_SIZE = 4;

const STANDARD_JSON_ONLY = Buffer.from('acceptStandardJsonOnly');

/** A decoded frame: header fields by name, body as a view of the frame. */
export interface RemotingFrame {
  readonly code: number;
  readonly language: string;
  readonly version: number;
  readonly opaque: number;
  readonly flag: number;
  readonly remark: string | undefined;
  readonly serializeType: SerializeType;
  /** Made when first asked for. */
  readonly fields: ReadonlyMap<string, string>;
  /** The same fields as they lie in the frame, for who knows what to look for. */
  readonly headerFields: HeaderFields;
  /** Bytes of the header. */
  readonly headerSize: number;
  readonly body: Buffer;
}

/** Whether the frame answers a request. */
export const isResponse = (frame: RemotingFrame): boolean => (frame.flag & RpcFlag.RESPONSE) !== 0;

/** Whether the request wants no answer. */
export const isOneway = (frame: RemotingFrame): boolean => (frame.flag & RpcFlag.ONEWAY) !== 0;

/**
 * Whether who sent this request reads JSON only in its standard form. Others get numbers as keys without quotes, as
 * fastjson wrote them (ClientRequestProcessor#getRouteInfoByTopic).
 */
export const wantsStandardJson = (frame: RemotingFrame): boolean =>
  frame.version >= MQVersion.V4_9_4 || frame.headerFields.get(STANDARD_JSON_ONLY) === 'true';

/**
 * Decodes a frame that lies in `buffer` from `start` to `frameEnd` without its 4 length bytes (RemotingCommand#decode).
 *
 * @param maxTolerantSize bytes of a JSON header that is not in the form in which RocketMQ writes it.
 * @throws RemotingCodecError when it is malformed.
 */
export function decodeFrame(
  buffer: Buffer,
  start = 0,
  frameEnd = buffer.length,
  maxTolerantSize?: number,
): RemotingFrame {
  const size = frameEnd - start;
  if (size < MARK_SIZE) throw new RemotingCodecError(`A frame of ${size} bytes has no header`);
  const mark = int32At(buffer, start);
  const header = start + MARK_SIZE;
  const headerSize = mark & 0xffffff;
  const end = header + headerSize;
  if (end > frameEnd) {
    throw new RemotingCodecError(`A header of ${headerSize} bytes in a frame of ${size}`);
  }
  const body = end === frameEnd ? NO_BYTES : buffer.subarray(end, frameEnd);
  switch (mark >>> 24) {
    case SERIALIZE_TYPE_CODES.JSON:
      return new DecodedFrame(readJsonHeader(buffer, header, end, maxTolerantSize), 'JSON', headerSize, body);
    case SERIALIZE_TYPE_CODES.ROCKETMQ:
      return new DecodedFrame(readBinaryHeader(buffer, header, end), 'ROCKETMQ', headerSize, body);
    default:
      throw new RemotingCodecError(`A header of the unknown serialize type ${mark >>> 24}`);
  }
}

class DecodedFrame implements RemotingFrame {
  readonly code: number;
  readonly language: string;
  readonly version: number;
  readonly opaque: number;
  readonly flag: number;
  readonly remark: string | undefined;
  readonly headerFields: HeaderFields;
  private fieldMap: ReadonlyMap<string, string> | undefined;

  constructor(
    header: RemotingHeader,
    readonly serializeType: SerializeType,
    readonly headerSize: number,
    readonly body: Buffer,
  ) {
    this.code = header.code;
    this.language = header.language;
    this.version = header.version;
    this.opaque = header.opaque;
    this.flag = header.flag;
    this.remark = header.remark;
    this.headerFields = header.fields;
  }

  get fields(): ReadonlyMap<string, string> {
    return (this.fieldMap ??= this.headerFields.toMap());
  }
}
