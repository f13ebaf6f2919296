import { cpus, totalmem } from 'node:os';
import { measureBacklog } from './backlog.js';
import { measureConsumeRates, measureFilterRates } from './consume-rate.js';
import { measureListenerLatency } from './listener-latency.js';
import { backlogTable, consumeTable, filterTable, delayTable, latencyTable, sendTable } from './report.js';
import { idleTable, measureIdle } from './idle.js';
import { measureResponsiveness, responsiveTable } from './responsive.js';
import { SCALE_PARTS } from './scale.js';
import { measureTimers, timerTable } from './timers.js';
import { measureTcpRates, tcpTable } from './tcp/tcp-rates.js';
import { measureBareCost, measureSendRates, type SendRateOptions } from './send-rates.js';

const IN_FLIGHT = [1, 16, 128, 1024];
const FLUSH_DELAYS = [1, 5, 20];
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const TIMERS = Number(process.env.BENCH_TIMERS ?? 1_000_000);
const BACKLOG = Number(process.env.BENCH_BACKLOG ?? 5_000_000);

/**
 * `npm run bench [-- send|delay|consume|filter|tcp|latency|responsive|timers|backlog|scale|idle …]`: all parts without an
 * argument; of `scale` there are parts too, such as `scale-queues`.
 */
async function main(parts: readonly string[]): Promise<void> {
  const isWanted = (part: string): boolean => parts.length === 0 || parts.includes(part);
  console.log(`${machine()}\n`);
  if (isWanted('send')) {
    const measure = (flushDiskType: SendRateOptions['flushDiskType']) =>
      measureSendRates({ flushDiskType, flushDelay: 0, inFlight: IN_FLIGHT, millis: 800, rounds: ROUNDS });
    console.log(sendTable([...(await measure('ASYNC_FLUSH')), ...(await measure('SYNC_FLUSH'))]));
  }
  if (isWanted('delay')) {
    const bareCost = await measureBareCost(Math.max(...IN_FLIGHT), 800, ROUNDS);
    for (const flushDelay of FLUSH_DELAYS) {
      const millis = 600 + 40 * flushDelay;
      const options = {
        flushDiskType: 'SYNC_FLUSH',
        flushDelay,
        inFlight: IN_FLIGHT,
        millis,
        rounds: ROUNDS,
      } as const;
      console.log(delayTable(await measureSendRates(options), bareCost));
    }
  }
  if (isWanted('consume')) console.log(consumeTable(await measureConsumeRates(ROUNDS)));
  if (isWanted('filter')) console.log(filterTable(await measureFilterRates(ROUNDS)));
  if (isWanted('tcp')) {
    console.log(tcpTable(await measureTcpRates({ inFlight: [64, 512], millis: 400, rounds: ROUNDS })));
  }
  if (isWanted('latency')) console.log(latencyTable(await measureListenerLatency(ROUNDS)));
  if (isWanted('responsive')) console.log(responsiveTable(await measureResponsiveness()));
  if (isWanted('timers')) console.log(timerTable(await measureTimers(TIMERS)));
  if (isWanted('backlog')) console.log(backlogTable(await measureBacklog(BACKLOG)));
  for (const [part, measure] of Object.entries(SCALE_PARTS))
    if (isWanted('scale') || parts.includes(`scale-${part}`)) console.log(await measure());
  if (isWanted('idle')) console.log(idleTable(await measureIdle()));
}

function machine(): string {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `Node ${process.version}, ${cpus().length} × ${cpu?.model.trim()}, ${memory} GiB, 1 KiB messages in process`;
}

await main(process.argv.slice(2));
