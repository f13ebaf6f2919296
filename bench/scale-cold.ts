import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { Message } from '../lib/common/message.js';
import { consumeNewest } from './support/consume-newest.js';
import { openClient } from './levels.js';
import { median } from './support/closed-loop.js';
import { Forked, runForked, untilTold } from './support/forked.js';
import { withScratch } from './support/scratch.js';
import { sendSingly } from './support/send-singly.js';

const BODY = Buffer.alloc(1024, 'a');
const COUNT = 400_000;
/** Consumed before, so that the compiler is done. */
const WARM = 100_000;
const GIB = 2 ** 30;

/** Messages per second that are consumed of one backlog, by where it is. */
export interface ColdRates {
  /** In the memory of the engine, and in files that the kernel has in memory. */
  readonly engine: number;
  readonly kernel: number;
  /** The same files, taken for old ones: read without blocking, and less of them at once. */
  readonly old: number;
  /** On the disk alone; undefined where the kernel cannot be made to forget them. */
  readonly disk: number | undefined;
}

type Place = keyof ColdRates;

const OPTIONS: Readonly<Record<Place, object>> = {
  engine: { tailCacheSize: GIB },
  kernel: {},
  old: { accessMessageInMemoryMaxRatio: 0 },
  disk: { accessMessageInMemoryMaxRatio: 0 },
};

export function measureCold(rounds: number): Promise<ColdRates> {
  return withScratch(async (directory) => {
    const rates: Record<Place, number[]> = { engine: [], kernel: [], old: [], disk: [] };
    for (let round = 0; round < rounds; round++) {
      rates.engine.push(await withScratch((other) => rateOf('engine', other, round)));
      if (round === 0) await rateOf('engine', directory, round);
      for (const place of ['kernel', 'old', 'disk'] as const) {
        if (place !== 'disk' || canForget()) rates[place].push(await rateOf(place, directory, round));
      }
    }
    const [engine, kernel, old] = [rates.engine, rates.kernel, rates.old].map(median);
    return {
      engine: engine!,
      kernel: kernel!,
      old: old!,
      disk: canForget() ? median(rates.disk) : undefined,
    };
  });
}

async function rateOf(place: Place, directory: string, round: number): Promise<number> {
  const child = Forked.start(import.meta.url, 'consume', directory, place, round);
  try {
    await child.next();
    if (place === 'disk') forget();
    child.tell();
    return await child.next<number>();
  } finally {
    await child.end();
  }
}

/** The backlog is stored by whoever consumes it from its own memory. */
async function consume(directory: string, place: string, round: string): Promise<void> {
  const options = OPTIONS[place as Place];
  const { instance, producer, close } = await openClient(
    { directory, flushDiskType: 'ASYNC_FLUSH', flushDelay: 0 },
    { engine: options },
  );
  if (place === 'engine') await sendSingly(producer, COUNT, () => new Message('bench', BODY));
  await consumeNewest(instance, `warm-${place}-${round}`, WARM);
  void untilTold().then(async () => {
    const rate = await consumeNewest(instance, `${place}-${round}`, COUNT);
    await close();
    process.send!(rate);
  });
}

const DROP_CACHES = '/proc/sys/vm/drop_caches';

/** Makes the kernel forget files that are on the disk; only root may. */
function forget(): void {
  execFileSync('sync');
  writeFileSync(DROP_CACHES, '1');
}

function canForget(): boolean {
  try {
    writeFileSync(DROP_CACHES, '1');
    return true;
  } catch {
    return false;
  }
}

await runForked(import.meta.url, { consume });
