import { expect, it } from 'vitest';
import { ThroughputSampler } from '../../../../lib/engine/broker/stats/throughput-sampler.js';

const DAY = 86_400_000;
const NOON = new Date(2026, 0, 1, 12).getTime();

it('is not made larger by whoever asks, and knows the days all the same', () => {
  let timestamp = NOON;
  let put = 0;
  const rest = { found: 0, miss: 0, transferred: 0 };
  const sampler = new ThroughputSampler(() => ({ timestamp, moment: timestamp, put, ...rest }));
  const days = () => sampler.days((totals) => totals.put);
  for (put = 1; put < 5; put++) expect(days()).toEqual({ yesterdayMorning: 1, todayMorning: 1, now: put });
  sampler.sample();
  timestamp += DAY;
  put = 9;
  for (let i = 0; i < 3; i++) expect(days()).toEqual({ yesterdayMorning: 1, todayMorning: 5, now: 9 });
  expect(sampler).toHaveProperty('samples.length', 2);
});

it('keeps those of ten minutes when the clock is set back, and goes on to count', () => {
  let timestamp = NOON;
  let moment = 0;
  const rest = { found: 0, miss: 0, transferred: 0 };
  const sampler = new ThroughputSampler(() => ({ timestamp, moment, put: moment / 1000, ...rest }));
  sampler.sample();
  timestamp -= 365 * DAY;
  for (; moment < 3_600_000; moment += 10_000) sampler.sample();
  expect(sampler).toHaveProperty('samples.length', 61);
  expect(sampler.tps((totals) => totals.put)).toBe('1 1 1 ');
});
