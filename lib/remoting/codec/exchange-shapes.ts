import { ResponseCode } from '../response-code.js';
import { type BodyCodec, jsonResponseBody, noBody } from './body-codec.js';
import { type HeaderCodec, noHeader } from './header-codec.js';
import type { JsonType } from './json-type.js';

/** An answer that only says that all went well. */
const emptyResponse = {
  responseHeader: noHeader(),
  responseBody: noBody,
  successCodes: new Set([ResponseCode.SUCCESS]) as ReadonlySet<number>,
};

/** An order whose answer only says whether it was carried out. */
export const order = <T>(requestHeader: HeaderCodec<T>) => ({
  requestHeader,
  requestBody: noBody,
  ...emptyResponse,
});

/** The same, with a body. */
export const orderWith = <T, B>(requestHeader: HeaderCodec<T>, requestBody: BodyCodec<B>) => ({
  requestHeader,
  requestBody,
  ...emptyResponse,
});

/** A question that is answered with JSON. */
export const query = <T, B>(requestHeader: HeaderCodec<T>, body: JsonType<B>) => ({
  ...order(requestHeader),
  responseBody: jsonResponseBody(body),
});

/** A question that is answered in the header. */
export const lookUp = <T, H>(requestHeader: HeaderCodec<T>, responseHeader: HeaderCodec<H>) => ({
  ...order(requestHeader),
  responseHeader,
});
