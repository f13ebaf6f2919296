import { createInterface } from 'node:readline';
import { CLIENTS } from './clients/index.js';
import type { Measure } from './work.js';
import { WORKS } from './works.js';

/**
 * Load of one client: CLIENT ADDRESS MILLIS WORK…, where a work is a name of `WORKS` and a number; without works it reads them from
 * standard input, one a line. Prints "begin WORK" and "end WORK NAME=NUMBER…"; what runs before "begin" is not measured. `java/Load.java` is the same for the official Java client.
 */
const [name, address, millis, ...works] = process.argv.slice(2) as [string, string, string, ...string[]];

const openedAt = performance.now();
const client = await CLIENTS[name]!(address);
for await (const work of works.length > 0 ? works : createInterface(process.stdin)) await run(work);
await client.close();
process.exit(0);

async function run(work: string): Promise<void> {
  const size = Number(work.replaceAll(/\D/g, ''));
  const measured: Measure = async (measure) => {
    console.log(`begin ${work}`);
    const cpu = process.cpuUsage();
    const figures = await measure();
    const { user, system } = process.cpuUsage(cpu);
    const all = { ...figures, cpuMillis: (user + system) / 1000 };
    console.log(
      `end ${work} ${Object.entries(all)
        .map((entry) => entry.join('='))
        .join(' ')}`,
    );
    return figures;
  };
  await WORKS[work.replaceAll(/\d/g, '')]!(client, { size, millis: Number(millis), openedAt }, measured);
}
