import { FilterSyntaxError } from '../../../common/filter/filter-syntax-error.js';
import { SUB_ALL, buildSubscriptionData } from '../../../remoting/filter/filter-api.js';
import { failure, type RemotingResponse } from '../../../remoting/remoting-command.js';
import { ResponseCode } from '../../../remoting/response-code.js';
import { filterNotSupported } from '../filter/filter-not-supported.js';
import { tagFilter, type SqlFilterCache } from '../filter/message-filters.js';
import type { MessageFilter } from '../../store/get-message-result.js';

/** What a pop selects; undefined for everything. */
export interface PopSelection {
  readonly filter: MessageFilter | undefined;
}

/** Reads the expression that a pop brings along. */
export function selectionOf(
  topic: string,
  exp: string | undefined,
  expType: string | undefined,
  sqlFilters: SqlFilterCache,
  enablePropertyFilter: boolean,
): PopSelection | RemotingResponse<never> {
  if (exp === undefined || exp === '' || exp === SUB_ALL) return { filter: undefined };
  if (expType === undefined || expType === '' || expType === 'TAG') {
    const data = buildSubscriptionData(topic, exp, 0);
    return data === undefined ? parseFailed() : { filter: tagFilter(data) };
  }
  if (expType !== 'SQL92') return parseFailed(`: expType ${expType}, allowed are TAG and SQL92`);
  if (!enablePropertyFilter) return filterNotSupported(expType);
  try {
    return { filter: { ofRecord: sqlFilters.compile(exp) } };
  } catch (error) {
    if (error instanceof FilterSyntaxError) return parseFailed(`: ${error.message}`);
    throw error;
  }
}

function parseFailed(fault = ''): RemotingResponse<never> {
  const remark = `parse the consumer's subscription failed${fault}`;
  return failure(ResponseCode.SUBSCRIPTION_PARSE_FAILED, remark);
}
