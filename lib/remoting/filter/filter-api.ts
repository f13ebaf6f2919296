import { javaHashCode } from '../../common/java-hash.js';
import type { SubscriptionData } from '../body/subscription-data.js';

/** Everything of a topic. */
export const SUB_ALL = '*';

/**
 * Reads a tag expression: tags with `||` between them, or `*` (FilterAPI#buildSubscriptionData).
 *
 * @returns undefined when it has no tag at all.
 */
export function buildSubscriptionData(
  topic: string,
  expression: string,
  subVersion: number,
): SubscriptionData | undefined {
  const isAll = expression === '' || expression === SUB_ALL;
  if (/^(?:\|\|)+$/.test(expression)) return undefined;
  const tags = isAll ? [] : expression.split('||').map((tag) => tag.trim());
  const tagsSet = new Set(tags.filter((tag) => tag !== ''));
  return {
    topic,
    subString: isAll ? SUB_ALL : expression,
    tagsSet,
    codeSet: new Set([...tagsSet].map((tag) => javaHashCode(tag))),
    subVersion,
    expressionType: 'TAG',
  };
}
