/** The headers and bodies of one request and its answer. */
export interface Exchange<RequestHeader, RequestBody, ResponseHeader, ResponseBody> {
  requestHeader: RequestHeader;
  requestBody: RequestBody;
  responseHeader: ResponseHeader;
  responseBody: ResponseBody;
}

/** An order, and an answer that only says whether it was carried out. */
export type Order<RequestHeader, RequestBody = undefined> = Exchange<
  RequestHeader,
  RequestBody,
  undefined,
  undefined
>;

/** A question, and a body as its answer. */
export type Query<RequestHeader, ResponseBody> = Exchange<RequestHeader, undefined, undefined, ResponseBody>;

/** A question that is answered in the header. */
export type LookUp<RequestHeader, ResponseHeader> = Exchange<
  RequestHeader,
  undefined,
  ResponseHeader,
  undefined
>;
