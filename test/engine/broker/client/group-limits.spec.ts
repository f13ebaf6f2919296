import { describe, expect, it } from 'vitest';
import { MAX_GROUPS_PER_CHANNEL } from '../../../../lib/engine/broker/client/channel-groups.js';
import {
  MAX_PRODUCER_GROUPS,
  ProducerManager,
} from '../../../../lib/engine/broker/client/producer-manager.js';
import type { Channel } from '../../../../lib/remoting/channel.js';
import { RequestCode } from '../../../../lib/remoting/request-code.js';
import { TestClient } from '../../../support/test-client.js';
import { startEngine } from '../../../support/test-engine.js';
import { VirtualClock } from '../../../support/virtual-clock.js';

const names = (count: number) => Array.from({ length: count }, (_, i) => `g-${i}`);

async function open() {
  const clock = new VirtualClock();
  const engine = await startEngine({ clock });
  const client = await TestClient.open(engine);
  const beat = (producers: readonly string[], consumers: readonly string[]) => {
    const producerDataSet = producers.map((groupName) => ({ groupName }));
    const consumerDataSet = consumers.map((groupName) => ({
      groupName,
      consumeType: 'CONSUME_PASSIVELY' as const,
      messageModel: 'CLUSTERING' as const,
      consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET' as const,
      subscriptionDataSet: [],
    }));
    return client.call(RequestCode.HEART_BEAT, undefined, {
      clientID: 'c',
      producerDataSet,
      consumerDataSet,
    });
  };
  const producerGroups = async () => {
    const { body } = await client.call(RequestCode.GET_ALL_PRODUCER_INFO, undefined);
    return [...body!.data.keys()];
  };
  const refused = () => engine.logger.lines.filter((line) => line.includes('is not taken in'));
  return { clock, client, beat, producerGroups, refused };
}

describe('heartbeats with many groups', () => {
  it('bring no producer group with an illegal name', async () => {
    const { beat, producerGroups, refused } = await open();
    await beat(['../g', '', 'x'.repeat(256), 'legal'], []);
    expect(await producerGroups()).toEqual(['legal']);
    expect(refused()).toEqual([expect.stringMatching(/producer group "\.\.\/g" of client "c" .* illegal/)]);
  });

  it('bring so many groups of one connection and no more, and say so once in 10 s', async () => {
    const { clock, client, beat, producerGroups, refused } = await open();
    const groups = names(MAX_GROUPS_PER_CHANNEL + 2);
    await beat(groups, groups);
    expect(await producerGroups()).toEqual(groups.slice(0, MAX_GROUPS_PER_CHANNEL));
    expect(await client.consumerIds(groups[MAX_GROUPS_PER_CHANNEL - 1]!)).toEqual(['c']);
    expect(await client.consumerIds(groups[MAX_GROUPS_PER_CHANNEL]!)).toBeUndefined();
    expect(refused()).toEqual([expect.stringContaining('its connection has 1000 groups; allowed: 1000')]);
    await clock.advance(10_000);
    await beat(groups, []);
    expect(refused()).toHaveLength(2);
    await client.call(RequestCode.UNREGISTER_CLIENT, { clientID: 'c', consumerGroup: groups[0]! });
    await beat([], groups.slice(1));
    expect(await client.consumerIds(groups[MAX_GROUPS_PER_CHANNEL]!)).toEqual(['c']);
  });

  it('bring so many producer groups of all connections and no more', () => {
    const producers = new ProducerManager(new VirtualClock(), 120_000);
    for (const group of names(MAX_PRODUCER_GROUPS)) producers.registerProducer({} as Channel, group, group);
    const channel = {} as Channel;
    expect(producers.refusalOf(channel, 'another')).toBe(
      'the broker has 10000 producer groups; allowed: 10000',
    );
    expect(producers.refusalOf(channel, 'g-0')).toBeUndefined();
    producers.stop();
  });
});
