import { expect, it } from 'vitest';
import { ConsumerStatsManager } from '../../../lib/client/consumer/consumer-stats-manager.js';
import { HOUR, MINUTE, VirtualClock } from '../../support/virtual-clock.js';

it('goes on to count when the clock is set back', async () => {
  const clock = new VirtualClock();
  const stats = new ConsumerStatsManager(clock);
  stats.start();
  stats.onPulled('t', 1, clock.monotonicNow());
  clock.set(clock.now() - 24 * HOUR);
  await clock.advance(MINUTE);
  stats.onPulled('t', 3, clock.monotonicNow());
  await clock.advance(MINUTE);
  expect(stats.consumeStatus('t').pullTPS).toBeCloseTo(3 / 60, 5);
});
