import { encodeUtf8 } from '../common/buffer-text.js';
import type { Message } from '../common/message.js';
import { MessageConversionError } from '../errors/index.js';
import { RocketMQHeaders } from './rocketmq-headers.js';

const TEXT = 'text/plain;charset=UTF-8';
const BYTES = 'application/octet-stream';
const JSON_TYPE = 'application/json';

/** Until it is sent, a message may have no id. */
type StoredOrSent = Message & { readonly msgId?: string };

/** A body and its MIME type. */
export interface ConvertedPayload {
  readonly body: Buffer;
  readonly contentType: string;
}

/**
 * A payload as the body of a message: text as UTF-8, bytes as they are, everything else as JSON.
 *
 * @param encodeJsonText whether a text of content type JSON is made a JSON string, as rocketmq-spring does.
 * @throws MessageConversionError when it has no JSON form.
 */
export function toBody(
  payload: unknown,
  contentType: string | undefined,
  encodeJsonText: boolean,
): ConvertedPayload {
  if (ArrayBuffer.isView(payload)) return { body: asBuffer(payload), contentType: contentType ?? BYTES };
  const isJsonText = encodeJsonText && isJson(contentType);
  if (typeof payload === 'string' && !isJsonText) {
    return { body: encodeUtf8(payload), contentType: contentType ?? TEXT };
  }
  if (payload instanceof ArrayBuffer) return toBody(Buffer.from(payload), contentType, false);
  if (payload instanceof SharedArrayBuffer)
    return toBody(Uint8Array.from(new Uint8Array(payload)), contentType, false);
  return { body: encodeUtf8(stringify(payload)), contentType: contentType ?? JSON_TYPE };
}

/** The body of a message by its content type: JSON, bytes, else text. */
export function fromBody(message: StoredOrSent): unknown {
  const contentType = message.getProperty(RocketMQHeaders.CONTENT_TYPE);
  if (isJson(contentType)) return parseJson(message);
  return contentType?.startsWith(BYTES) ? message.body : message.body.toString('utf8');
}

/** @throws MessageConversionError when the body is not JSON. */
export function parseJson(message: StoredOrSent): unknown {
  try {
    return JSON.parse(message.body.toString('utf8'));
  } catch (cause) {
    throw new MessageConversionError(
      `The body of message ${message.msgId} of topic ${message.topic} is not JSON`,
      cause,
    );
  }
}

function isJson(contentType: string | undefined): boolean {
  return contentType !== undefined && /^application\/(?:[\w.-]+\+)?json\b/i.test(contentType);
}

function asBuffer(bytes: ArrayBufferView): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function stringify(payload: unknown): string {
  if (payload instanceof Map || payload instanceof Set) throw withoutJson(payload.constructor.name);
  // A forgotten `await` would be sent as `{}`.
  if (typeof (payload as PromiseLike<unknown> | null | undefined)?.then === 'function')
    throw new MessageConversionError('A promise cannot be sent: wait for its value');
  let text: string | undefined;
  let cause: unknown;
  try {
    text = JSON.stringify(payload);
  } catch (error) {
    cause = error;
  }
  if (text === undefined) throw withoutJson(typeof payload, cause);
  if (text === '{}' && isEmptied(payload as object)) throw withoutJson(kindOf(payload));
  // A null payload is none, and not what these are.
  if (text === 'null' && (typeof payload === 'number' || payload instanceof Date))
    throw withoutJson(String(payload));
  return text;
}

/** Whether `{}` keeps nothing of it, as of an iterator, an error or a `Blob`; objects of a class may just have no fields. */
function isEmptied(payload: object): boolean {
  if ('toJSON' in payload) return false;
  return kindOf(payload) !== 'Object' || Symbol.iterator in payload || Symbol.asyncIterator in payload;
}

/** `Map` of one, `Generator`, …; `Object` of classes of applications. */
function kindOf(payload: unknown): string {
  return Object.prototype.toString.call(payload).slice('[object '.length, -1);
}

function withoutJson(type: string, cause?: unknown): MessageConversionError {
  return new MessageConversionError(`A payload of type ${type} cannot be sent: it has no JSON form`, cause);
}
