import { FilterSyntaxError } from '../../common/filter/filter-syntax-error.js';
import { checkSelector } from '../../common/filter/selector-parser.js';
import { MQClientError } from '../../errors/mq-client.error.js';
import type { SubscriptionData } from '../../remoting/body/subscription-data.js';
import { buildSubscriptionData } from '../../remoting/filter/filter-api.js';

/** What a consumer wants of a topic (MessageSelector). */
export class MessageSelector {
  private constructor(
    readonly type: SubscriptionData['expressionType'],
    readonly expression: string,
  ) {}

  /** Tags with `||` between them, or `*`. */
  static byTag(expression: string): MessageSelector {
    return new MessageSelector('TAG', expression);
  }

  /** A condition on properties in SQL92, which the broker evaluates. */
  static bySql(expression: string): MessageSelector {
    return new MessageSelector('SQL92', expression);
  }
}

/** @throws MQClientError that says what is wrong with the expression, and where (FilterAPI#build). */
export function subscriptionOf(
  topic: string,
  { type, expression }: MessageSelector,
  subVersion: number,
): SubscriptionData {
  if (type === 'TAG') {
    const data = buildSubscriptionData(topic, expression, subVersion);
    if (data !== undefined) return data;
    throw new MQClientError(`The tag expression "${expression}" of topic ${topic} has no tag`);
  }
  try {
    checkSelector(expression);
  } catch (error) {
    if (!(error instanceof FilterSyntaxError)) throw error;
    throw new MQClientError(`The SQL92 expression "${expression}" of topic ${topic}: ${error.message}`);
  }
  return {
    topic,
    subString: expression,
    tagsSet: new Set(),
    codeSet: new Set(),
    subVersion,
    expressionType: type,
  };
}
