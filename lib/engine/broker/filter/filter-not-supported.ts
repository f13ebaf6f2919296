import { failure, type RemotingResponse } from '../../../remoting/remoting-command.js';
import { ResponseCode } from '../../../remoting/response-code.js';

/** The answer to consumers that want more of a broker than tags, and of one without `enablePropertyFilter`. */
export function filterNotSupported(expressionType: string): RemotingResponse<never> {
  return failure(
    ResponseCode.SYSTEM_ERROR,
    `The broker does not support consumer to filter message by ${expressionType}: enablePropertyFilter switches it on`,
  );
}
