/** The headers and bodies of one request and its answer. */
export interface Exchange<RequestHeader, RequestBody, ResponseHeader, ResponseBody> {
  requestHeader: RequestHeader;
  requestBody: RequestBody;
  responseHeader: ResponseHeader;
  responseBody: ResponseBody;
}
