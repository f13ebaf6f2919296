import { describe, expect, it } from 'vitest';
import type { ProducerConfig } from '../../../lib/client/index.js';
import { success } from '../../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import type { ScriptedCall } from '../../support/scripted-transport.js';
import { clusterRoute, ScriptedCluster } from '../../support/scripted-cluster.js';
import { message, startProducer } from '../../support/test-peers.js';
import { HOUR, settle, VirtualClock } from '../../support/virtual-clock.js';

function open(producer: Partial<ProducerConfig> = {}) {
  const clock = new VirtualClock();
  const cluster = new ScriptedCluster();
  cluster.transport.routes.set('t', clusterRoute(2, { a: [0], b: [0], c: [0] }));
  const sends: ScriptedCall[] = [];
  cluster.answer = (call) => call.request.code === RequestCode.SEND_MESSAGE && sends.push(call) > 0;
  const started = startProducer(cluster, { clock, random: () => 0, producer });
  /** Sends a message to which the broker answers after `latency` ms; returns where it went. */
  const send = async (latency = 0, meanwhile = () => {}): Promise<string> => {
    const sent = started.send(message('t'), { timeout: 60_000 });
    await settle();
    await clock.advance(latency);
    meanwhile();
    const call = sends.at(-1)!;
    call.answer(success({ msgId: 'id', queueId: 0, queueOffset: 0 } as never, undefined as never));
    await sent;
    return call.address;
  };
  /** The brokers of so many sends. */
  const sendMany = async (count: number) => {
    const addresses = new Set<string>();
    for (let i = 0; i < count; i++) addresses.add(await send());
    return [...addresses].toSorted();
  };
  return { clock, cluster, send, sendMany };
}

describe('sendLatencyFaultEnable', () => {
  it.each([
    [549, 0],
    [550, 2000],
    [1799, 2000],
    [1800, 5000],
    [3000, 6000],
    [5000, 10_000],
    [14_999, 10_000],
    [15_000, 30_000],
  ])('avoids a broker that took %i ms for %i ms', async (latency, duration) => {
    const { clock, send, sendMany } = open({ sendLatencyFaultEnable: true });
    const slow = await send(latency);
    const others = ['a:0', 'b:0', 'c:0'].filter((address) => address !== slow);
    if (duration > 0) {
      expect(await sendMany(12)).toEqual(others);
      await clock.advance(duration - 1);
      expect(await sendMany(12)).toEqual(others);
      await clock.advance(1);
    }
    expect(await sendMany(12)).toEqual(['a:0', 'b:0', 'c:0']);
  });

  it('avoids a broker no longer when the clock is set back', async () => {
    const { clock, send, sendMany } = open({ sendLatencyFaultEnable: true });
    await send(550);
    clock.set(clock.now() - HOUR);
    await clock.advance(2000);
    expect(await sendMany(12)).toEqual(['a:0', 'b:0', 'c:0']);
  });

  it.each([-HOUR, HOUR])('takes no broker for slow while the clock is set by %s ms', async (step) => {
    const { clock, sendMany, send } = open({ sendLatencyFaultEnable: true });
    await send(0, () => clock.set(clock.now() + step));
    expect(await sendMany(12)).toEqual(['a:0', 'b:0', 'c:0']);
  });

  it('avoids a broker that cannot be reached for 10 s', async () => {
    const { clock, cluster, sendMany } = open({ sendLatencyFaultEnable: true });
    cluster.dead.add('b:0');
    expect(await sendMany(12)).toEqual(['a:0', 'c:0']);
    expect(cluster.asked(RequestCode.SEND_MESSAGE).filter((address) => address === 'b:0')).toHaveLength(1);
    cluster.dead.clear();
    await clock.advance(10_000);
    expect(await sendMany(12)).toEqual(['a:0', 'b:0', 'c:0']);
  });

  it('takes brokers that it avoids when there are no others', async () => {
    const { send, sendMany } = open({ sendLatencyFaultEnable: true });
    const slow = new Set<string>();
    for (let i = 0; i < 3; i++) slow.add(await send(600));
    expect(slow.size).toBe(3);
    expect((await sendMany(12)).length).toBeGreaterThan(0);
  });

  it('is off by default: only the attempt after a failure goes elsewhere', async () => {
    const { cluster, send, sendMany } = open();
    await send(20_000);
    expect(await sendMany(12)).toEqual(['a:0', 'b:0', 'c:0']);
    cluster.dead.add('b:0');
    cluster.requests.length = 0;
    expect(await sendMany(12)).toEqual(['a:0', 'c:0']);
    const failed = cluster.asked(RequestCode.SEND_MESSAGE).filter((address) => address === 'b:0');
    expect(failed.length).toBeGreaterThan(1);
  });
});

describe('a send that finds no broker', () => {
  it('has the route looked at again, once a second, so that later sends do without it', async () => {
    const { clock, cluster, sendMany } = open();
    const { transport } = cluster;
    await sendMany(1);
    const before = transport.routeRequests;
    transport.routes.set('t', clusterRoute(2, { a: [0], c: [0] }));
    cluster.dead.add('b:0');
    await sendMany(12);
    expect(transport.routeRequests).toBe(before + 1);
    expect(cluster.asked(RequestCode.SEND_MESSAGE).filter((address) => address === 'b:0')).toHaveLength(1);
    await clock.advance(999);
    expect(transport.routeRequests).toBe(before + 1);
  });
});
