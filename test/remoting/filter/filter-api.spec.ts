import { describe, expect, it } from 'vitest';
import { buildSubscriptionData } from '../../../lib/remoting/filter/filter-api.js';
import { javaVectors } from '../../support/java-vectors.js';

describe('buildSubscriptionData', () => {
  it.each(javaVectors.buildSubscriptionData)('reads $expression as Java does', (vector) => {
    const { expression, exception, ...expected } = vector;
    const data = buildSubscriptionData('TopicA', expression ?? '', 7);
    if (exception !== undefined) return expect(data).toBeUndefined();
    expect(data).toMatchObject({ topic: 'TopicA', subVersion: 7, subString: expected.subString });
    expect(data!.expressionType).toBe(expected.expressionType);
    expect([...data!.tagsSet].toSorted()).toEqual(expected.tagsSet!.toSorted());
    expect([...data!.codeSet].toSorted((a, b) => a - b)).toEqual(expected.codeSet!.toSorted((a, b) => a - b));
  });
});
