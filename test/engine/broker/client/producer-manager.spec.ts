import { describe, expect, it } from 'vitest';
import { ProducerManager } from '../../../../lib/engine/broker/client/producer-manager.js';
import type { Channel } from '../../../../lib/remoting/channel.js';
import { HOUR, MINUTE, VirtualClock } from '../../../support/virtual-clock.js';

const channel = { remoteHost: { address: Buffer.alloc(4), port: 1 } } as Channel;

describe('ProducerManager', () => {
  it('knows a member of a group by the name under which it came', () => {
    const producers = new ProducerManager(new VirtualClock(), 120_000);
    for (const id of ['first', 'second']) producers.registerProducer(channel, id, 'g');
    producers.registerProducer(channel, 'third', 'h');
    expect([...producers.clientsOf('g')!.values()].map(({ clientId }) => clientId)).toEqual(['first']);
    const found = () => ['first', 'second', 'third'].map((id) => producers.findChannel(id));
    expect(found()).toEqual([channel, undefined, channel]);
    producers.unregisterProducer(channel, 'g');
    expect(found()).toEqual([undefined, undefined, channel]);
    producers.onChannelClosed(channel);
    expect(found()).toEqual([undefined, undefined, undefined]);
    producers.stop();
  });

  it.each([-HOUR, HOUR])('forgets a member in time when the clock is set by %s ms', async (step) => {
    const clock = new VirtualClock();
    const producers = new ProducerManager(clock, 2 * MINUTE);
    producers.registerProducer(channel, 'c', 'g');
    clock.set(clock.now() + step);
    await clock.advance(2 * MINUTE);
    const [info] = producers.toTable().get('g')!;
    expect(info!.lastUpdateTimestamp).toBe(clock.now() - 2 * MINUTE);
    await clock.advance(10_000);
    expect(producers.toTable().size).toBe(0);
    expect(clock.hasTimers).toBe(false);
  });

  it('keeps a connection as long as one of its groups has it', () => {
    const producers = new ProducerManager(new VirtualClock(), 120_000);
    for (const group of ['g', 'h']) producers.registerProducer(channel, 'c', group);
    producers.unregisterProducer(channel, 'g');
    expect(producers.findChannel('c')).toBe(channel);
    producers.onChannelClosed(channel);
    expect(producers.findChannel('c')).toBeUndefined();
    producers.stop();
  });
});
