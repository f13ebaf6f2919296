import { setTimeout as sleep } from 'node:timers/promises';
import { openClient, type LevelOptions } from './levels.js';
import { SITUATIONS, type Situation } from './responsive-situations.js';
import { percent, table, thousands } from './report.js';
import { closedLoop, median } from './support/closed-loop.js';
import { watchLoop, type LoopDelay } from './support/loop-delay.js';
import { NumberedMessages } from './support/numbered.js';
import { sleepingClock } from './support/open-loop.js';
import { paced, type Paced } from './support/paced.js';
import { withScratch } from './support/scratch.js';
import { slowDisk } from './support/slow-disk.js';

type FlushDiskType = LevelOptions['flushDiskType'];

/** How long the event loop of an application keeps others waiting that sends and consumes in one situation. */
export interface ResponsiveRow {
  readonly flushDiskType: FlushDiskType;
  readonly label: string;
  /** Messages a second, and how many there are at most. */
  readonly rate: number;
  readonly maximum: number;
  readonly delay: LoopDelay;
  /** From the time at which a message was to be sent until the listener is called. */
  readonly latency: Paced;
  /** Sends that the broker refused because it was too busy. */
  readonly refused: number;
}

const IN_FLIGHT = 256;
/** The maximum is the median of some runs: what is half of it decides over every row. */
const WARM_UP_MILLIS = 5000;
const MAXIMUM_MILLIS = 1500;
const MAXIMUM_RUNS = 3;
const SECONDS = Number(process.env.BENCH_SECONDS ?? 5);
const WANTED = process.env.BENCH_SITUATIONS?.split(',');
const FLUSH_DISK_TYPES = (process.env.BENCH_FLUSH?.split(',') ?? [
  'ASYNC_FLUSH',
  'SYNC_FLUSH',
]) as FlushDiskType[];

/** At half of the rate at which one producer and one listener reach at most. */
export async function measureResponsiveness(): Promise<ResponsiveRow[]> {
  const rows: ResponsiveRow[] = [];
  for (const flushDiskType of FLUSH_DISK_TYPES) {
    const maximum = await withScratch((directory) =>
      maximumRate({ directory, flushDiskType, flushDelay: 0 }),
    );
    for (const situation of SITUATIONS) {
      if (WANTED?.includes(situation.label) === false) continue;
      const rate = Math.round((situation.isIdle ? 0 : maximum) / 2);
      const measured = await withScratch((directory) =>
        measure({ directory, flushDiskType, flushDelay: 0 }, situation, rate),
      );
      rows.push({ flushDiskType, label: situation.label, rate, maximum, ...measured });
    }
  }
  return rows;
}

/** Messages a second that are sent and handled, with a fixed number under way. */
async function maximumRate(options: LevelOptions): Promise<number> {
  const { instance, producer, close } = await openClient(options);
  const messages = new NumberedMessages(instance, producer, 'bench');
  await messages.start();
  let number = 0;
  const roundTrip = (done: () => void): void => messages.send(number++, done);
  await closedLoop(IN_FLIGHT, WARM_UP_MILLIS, roundTrip);
  const rates: number[] = [];
  while (rates.length < MAXIMUM_RUNS)
    rates.push((await closedLoop(IN_FLIGHT, MAXIMUM_MILLIS, roundTrip)).rate);
  await messages.close();
  await close();
  return median(rates);
}

async function measure(
  options: LevelOptions,
  situation: Situation,
  rate: number,
): Promise<Pick<ResponsiveRow, 'delay' | 'latency' | 'refused'>> {
  situation.prepare?.(options.directory);
  const client = await openClient(options, {
    engine: situation.options,
    fileSystem: slowDisk(situation.disk ?? 0),
  });
  const messages = new NumberedMessages(client.instance, client.producer, 'bench', situation.consumer);
  await messages.start();
  await paced(rate, 1, messages.send, sleepingClock);
  const end = await situation.meanwhile?.(client);
  const stopWatching = watchLoop();
  const latency = rate === 0 ? await idle() : await paced(rate, SECONDS, messages.send, sleepingClock);
  const delay = stopWatching();
  const { refused } = messages;
  await end?.();
  await messages.close();
  await client.close();
  return { delay, latency, refused };
}

async function idle(): Promise<Paced> {
  await sleep(SECONDS * 1000);
  return { p50: Number.NaN, p99: Number.NaN };
}

export function responsiveTable(rows: readonly ResponsiveRow[]): string {
  const ms = (value: number): string => (Number.isNaN(value) ? '–' : `${value.toFixed(1)}`);
  return table(
    [
      'flush',
      'situation',
      'messages/s, of at most',
      'loop delay p50 / p99 / max, ms',
      'p99 of monitorEventLoopDelay, ms',
      'loop busy',
      'send to listener p50 / p99, ms',
      'refused',
    ],
    rows.map(({ flushDiskType, label, rate, maximum, delay, latency, refused }) => [
      flushDiskType,
      label,
      `${thousands(rate)} of ${thousands(maximum)}`,
      `${ms(delay.p50)} / ${ms(delay.p99)} / ${ms(delay.max)}`,
      ms(delay.monitorP99),
      percent(delay.utilization),
      `${ms(latency.p50 / 1000)} / ${ms(latency.p99 / 1000)}`,
      thousands(refused),
    ]),
  );
}
