import { FilterSyntaxError } from '../../../common/filter/filter-syntax-error.js';
import { RecordProperties } from '../../../common/filter/record-properties.js';
import { compileSql92, type SqlFilter } from '../../../common/filter/sql-filter.js';
import type { SubscriptionData } from '../../../remoting/body/subscription-data.js';
import { buildSubscriptionData, SUB_ALL } from '../../../remoting/filter/filter-api.js';
import { failure, type RemotingResponse } from '../../../remoting/remoting-command.js';
import { ResponseCode } from '../../../remoting/response-code.js';
import type { DispatchRequest } from '../../store/dispatch-request.js';
import type { DefaultMessageStore } from '../../store/default-message-store.js';
import type { MessageFilter } from '../../store/get-message-result.js';

/** Expressions of pulls that bring their own (SelectorParser, PARSE_CACHE). */
const CACHE_SIZE = 100;

/** What a request for messages selects; without a filter, everything. */
export interface Selection {
  readonly filter: MessageFilter | undefined;
}

/** An expression of blanks has no tag and matches nothing, unlike `*` (ExpressionMessageFilter). */
export function tagFilter({ subString, codeSet }: SubscriptionData): MessageFilter | undefined {
  if (subString === SUB_ALL) return undefined;
  // What no hash can be is damage or an address of Apache's (enableConsumeQueueExt): the consumer compares the tags anyway.
  return { ofUnit: (tagsCode) => codeSet.has(tagsCode) || tagsCode !== (tagsCode | 0) };
}

export function tagSelection(topic: string, expression: string): Selection | RemotingResponse<never> {
  const data = buildSubscriptionData(topic, expression, 0);
  return data === undefined ? parseFailed() : { filter: tagFilter(data) };
}

export function parseFailed(fault = ''): RemotingResponse<never> {
  const remark = `parse the consumer's subscription failed${fault}`;
  return failure(ResponseCode.SUBSCRIPTION_PARSE_FAILED, remark);
}

/** Compiled expressions, the newest of them. */
export class SqlFilterCache {
  private readonly filters = new Map<string, SqlFilter>();

  select(expression: string): Selection | RemotingResponse<never> {
    try {
      return { filter: { ofRecord: this.compile(expression) } };
    } catch (error) {
      if (error instanceof FilterSyntaxError) return parseFailed(`: ${error.message}`);
      throw error;
    }
  }

  private compile(expression: string): SqlFilter {
    const cached = this.filters.get(expression);
    if (cached !== undefined) return cached;
    const filter = compileSql92(expression);
    if (this.filters.size >= CACHE_SIZE) this.filters.delete(this.filters.keys().next().value!);
    this.filters.set(expression, filter);
    return filter;
  }
}

/** Messages that have just been stored, each of which is read once, however many requests wait for it with an expression. */
export class ArrivedRecords {
  /** The last one that was asked for. */
  private last: DispatchRequest | undefined;
  private properties: RecordProperties | undefined;

  constructor(private readonly store: DefaultMessageStore) {}

  /** Whether a message is wanted, as far as can be told now. */
  isWanted(request: DispatchRequest, filter: MessageFilter | undefined): boolean {
    if (filter === undefined) return true;
    if ('ofUnit' in filter) return filter.ofUnit(request.tagsCode);
    const properties = this.propertiesOf(request);
    return properties === undefined || filter.ofRecord(properties);
  }

  private propertiesOf(request: DispatchRequest): RecordProperties | undefined {
    if (request === this.last) return this.properties;
    this.last = request;
    this.properties = undefined;
    try {
      const record = this.store.lookMessageByOffset(request.commitLogOffset);
      this.properties = record && new RecordProperties().of(record, 0);
    } catch {
      // Whoever waits for it reads it again, and is told.
    }
    return this.properties;
  }
}
