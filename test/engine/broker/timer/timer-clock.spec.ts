import { describe, expect, it } from 'vitest';
import { TimerBroker } from '../../../support/timer-broker.js';
import { HOUR, MINUTE } from '../../../support/virtual-clock.js';

const DAY = 24 * HOUR;

describe('TimerMessageService with a clock that is set', () => {
  it('keeps up with a clock that jumps ahead, and goes back with one that is set back', async () => {
    const broker = await TimerBroker.open();
    await broker.send('x', broker.in(10_000));
    await broker.send('y', broker.in(HOUR + MINUTE));
    broker.clock.set(broker.clock.now() + HOUR);
    await broker.pass(2000);
    expect(await broker.arrived()).toEqual(['x']);
    broker.clock.set(broker.clock.now() - HOUR);
    await broker.pass(2 * MINUTE);
    expect(await broker.arrived()).toEqual(['x']);
    expect(broker.log).toContain('built anew from rmq_sys_wheel_timer (the clock was set back)');
    await broker.pass(HOUR);
    expect(await broker.arrived()).toEqual(['x', 'y']);
  });

  it.each(['while it runs', 'while it is down'])(
    'delivers in time, and once, when the clock was ahead and is set right %s',
    async (when) => {
      const broker = await TimerBroker.open();
      await broker.send('early', broker.in(HOUR));
      await broker.send('late', broker.in(30 * HOUR));
      broker.clock.set(broker.clock.now() + DAY);
      await broker.pass(5000);
      expect(await broker.arrived()).toEqual(['early']);
      const isDown = when === 'while it is down';
      if (isDown) await broker.close();
      broker.clock.set(broker.clock.now() - DAY);
      if (isDown) await broker.start();
      await broker.pass(2000);
      await broker.send('new', broker.in(2 * HOUR));
      await broker.pass(2 * HOUR - 1000);
      expect(await broker.arrived()).toEqual(['early']);
      await broker.restart();
      await broker.pass(2000);
      expect(await broker.arrived()).toEqual(['early', 'new']);
      expect(broker.log).not.toContain('set back');
      await broker.pass(DAY);
      await broker.restart();
      await broker.pass(4 * HOUR);
      expect(await broker.arrived()).toEqual(['early', 'new', 'late']);
    },
  );

  describe('delivers once when the clock is set back by hours, and then', () => {
    async function stopped(broker: TimerBroker, change: () => void): Promise<void> {
      await broker.close();
      change();
      await broker.start();
    }
    const setBack = (broker: TimerBroker) => broker.clock.set(broker.clock.now() - 10 * MINUTE);

    it.each<[string, (broker: TimerBroker) => unknown]>([
      ['again while it runs', setBack],
      ['again while it is down', (broker) => stopped(broker, () => setBack(broker))],
      ['its log is lost', (broker) => stopped(broker, () => broker.disk.delete('/store/timerlog'))],
    ])('%s', async (_, happen) => {
      const broker = await TimerBroker.open();
      await broker.send('x', broker.in(HOUR));
      await broker.send('y', broker.in(3 * HOUR));
      broker.clock.set(broker.clock.now() + 2 * HOUR);
      await broker.pass(5000);
      broker.clock.set(broker.clock.now() - 2 * HOUR);
      await broker.pass(20 * MINUTE);
      await broker.send('z', broker.in(HOUR));
      await broker.pass(5000);
      await happen(broker);
      await broker.pass(2 * HOUR);
      expect(await broker.arrived()).toEqual(['x', 'z']);
      await broker.pass(HOUR);
      expect(await broker.arrived()).toEqual(['x', 'z', 'y']);
    });
  });
});
