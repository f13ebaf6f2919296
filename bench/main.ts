import { cpus, totalmem } from 'node:os';
import { measureBacklog } from './backlog.js';
import { measureConsumeRates, measureFilterRates } from './consume-rate.js';
import { measureListenerLatency } from './listener-latency.js';
import { backlogTable, consumeTable, filterTable, latencyTable, sendTable } from './report.js';
import { idleTable, measureIdle } from './idle.js';
import { measureResponsiveness, responsiveTable } from './responsive.js';
import { SCALE_PARTS } from './scale.js';
import { measureTimers, timerTable } from './timers.js';
import { measureTcpRates, tcpTable } from './tcp/tcp-rates.js';
import { measureSendRates, type SendRateOptions } from './send-rates.js';

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
      measureSendRates({ flushDiskType, flushDelay: 0, inFlight: IN_FLIGHT, millis: 800, rounds: 5 });
    console.log(sendTable([...(await measure('ASYNC_FLUSH')), ...(await measure('SYNC_FLUSH'))]));
  }
  if (isWanted('delay')) {
    for (const flushDelay of FLUSH_DELAYS) {
      const millis = 600 + 40 * flushDelay;
      const options = {
        flushDiskType: 'SYNC_FLUSH',
        flushDelay,
        inFlight: IN_FLIGHT,
        millis,
        rounds: 3,
      } as const;
      console.log(sendTable(await measureSendRates(options)));
    }
  }
  if (isWanted('consume')) console.log(consumeTable(await measureConsumeRates(3)));
  if (isWanted('filter')) console.log(filterTable(await measureFilterRates(5)));
  if (isWanted('tcp')) {
    console.log(tcpTable(await measureTcpRates({ inFlight: [64, 512], millis: 400, rounds: 5 })));
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
