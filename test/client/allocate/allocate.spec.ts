import { describe, expect, it } from 'vitest';
import { allocateMessageQueueAveragely } from '../../../lib/common/allocate/allocate-message-queue-averagely.js';
import { allocateMessageQueueAveragelyByCircle } from '../../../lib/common/allocate/allocate-message-queue-averagely-by-circle.js';
import { javaVectors } from '../../support/java-vectors.js';

const STRATEGIES = {
  AVG: allocateMessageQueueAveragely,
  AVG_BY_CIRCLE: allocateMessageQueueAveragelyByCircle,
};

describe.each(['AVG', 'AVG_BY_CIRCLE'] as const)('%s', (name) => {
  const strategy = STRATEGIES[name];

  it.each(javaVectors.allocate[name])('divides $queues queues among $consumers as Java does', (vector) => {
    const { queues, consumers, queueIds } = vector;
    const mqAll = Array.from({ length: queues }, (_, queueId) => ({ topic: 't', brokerName: 'b', queueId }));
    const cidAll = Array.from({ length: consumers }, (_, i) => `client-${i}`);
    const shares = cidAll.map((cid) => strategy.allocate(cid, mqAll, cidAll));
    // Without queues Java throws; nobody gets one here either.
    const expected = queueIds ?? cidAll.map(() => []);
    expect(shares.map((share) => share.map(({ queueId }) => queueId))).toEqual(expected);
  });

  it('gives a stranger nothing', () => {
    const mqAll = [{ topic: 't', brokerName: 'b', queueId: 0 }];
    expect(strategy.allocate('stranger', mqAll, ['a', 'b'])).toEqual([]);
  });

  it('has the name of Apache', () => expect(strategy.name).toBe(name));
});
