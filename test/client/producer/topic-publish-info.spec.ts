import { describe, expect, it } from 'vitest';
import { publishQueuesOf } from '../../../lib/client/producer/topic-publish-info.js';
import { routeOf } from '../../support/scripted-transport.js';

const namesOf = (orderTopicConf?: string) =>
  publishQueuesOf('t', {
    ...routeOf(2, 'b', 'a'),
    ...(orderTopicConf === undefined ? {} : { orderTopicConf }),
  }).map(({ brokerName, queueId }) => `${brokerName}/${queueId}`);

describe('the queues to which a topic is sent', () => {
  it('are those of its brokers', () => {
    expect(namesOf()).toEqual(['a/0', 'a/1', 'b/0', 'b/1']);
    expect(namesOf('')).toEqual(['a/0', 'a/1', 'b/0', 'b/1']);
  });

  it('are found by one look at each broker', () => {
    const route = routeOf(1, ...Array.from({ length: 20_000 }, (_, i) => `b-${i}`));
    let looks = 0;
    const brokerDatas = route.brokerDatas.map((broker) => ({
      ...broker,
      get brokerName() {
        looks++;
        return broker.brokerName;
      },
    }));
    expect(publishQueuesOf('t', { ...route, brokerDatas })).toHaveLength(20_000);
    expect(looks).toBe(20_000);
  });

  it('of an order topic are those that it is configured with, in that order', () => {
    expect(namesOf('b:1;gone:2')).toEqual(['b/0', 'gone/0', 'gone/1']);
    expect(namesOf('b:1;nonsense;a:x')).toEqual(['b/0']);
  });
});
