import { parseFastjson, toFastjson, type FastjsonValue } from '../../common/fastjson.js';
import { NO_BYTES } from '../../common/no-bytes.js';
import { RemotingCodecError } from '../../errors/remoting-codec.error.js';
import type { JsonType } from './json-type.js';
import { decodeMessageBatch, encodeMessageBatch } from './message-batch-codec.js';
import type { MessageBatch } from '../body/message-batch.js';
import { MAX_TOPICS } from '../body/register-broker-body.js';

/** How the bodies of one kind travel. */
export interface BodyCodec<T> {
  /** `isStandard` asks for strict JSON. */
  encode(body: T, isStandard: boolean): Buffer;
  /** @throws RemotingCodecError when the body is not of this kind. */
  decode(body: Buffer): T;
}

/**
 * Largest JSON body of a request in bytes: some five thousand subscriptions. The objects that a parser makes of it
 * can be many times as large, and anybody may send one.
 */
const MAX_JSON_REQUEST_SIZE = 1024 * 1024;

/**
 * Most values in a JSON body of any kind: the longest is what a broker registers, with ten values or a few more for each of its topics. Three
 * bytes can be an object, which takes 200, so that a frame of 16 MiB would fill a gibibyte otherwise.
 */
const MAX_JSON_VALUES = 12 * MAX_TOPICS;

/** No body; one that is there is ignored. */
export const noBody: BodyCodec<undefined> = { encode: () => NO_BYTES, decode: () => undefined };

/** Bytes: a message body, or records. */
export const bytesBody: BodyCodec<Buffer> = { encode: (body) => body, decode: (body) => body };

export const batchBody: BodyCodec<MessageBatch> = { encode: encodeMessageBatch, decode: decodeMessageBatch };

/** A JSON body of a request. */
export const jsonRequestBody = <T>(type: JsonType<T>): BodyCodec<T> => jsonBody(type, MAX_JSON_REQUEST_SIZE);

/** A JSON body of an answer. */
export const jsonResponseBody = <T>(type: JsonType<T>): BodyCodec<T> => jsonBody(type, Infinity);

function jsonBody<T>(type: JsonType<T>, maxSize: number): BodyCodec<T> {
  return {
    encode: (body, isStandard) => Buffer.from(toFastjson(type.write(body, isStandard))),
    decode(body) {
      if (body.length > maxSize) throw new RemotingCodecError(`A JSON body of ${body.length} bytes`);
      return type.read(parseJsonBody(body), 'body');
    },
  };
}

/** @throws RemotingCodecError when it is no JSON, or too much of it. */
export function parseJsonBody(body: Buffer): FastjsonValue {
  try {
    return parseFastjson(body.toString(), MAX_JSON_VALUES);
  } catch (error) {
    throw new RemotingCodecError(`A JSON body that cannot be parsed: ${(error as Error).message}`, error);
  }
}
