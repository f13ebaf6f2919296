import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { Measurements } from './measurements.js';
import { PEERS, type Peer } from './peers.js';
import { pickPeers } from './pick-peers.js';
import { drawing, report, summary } from './report.js';
import { measurePeer } from './round.js';

/**
 * `npm run bench:compare [-- short]`: other queues beside ours, each with its own client, all in turn in one run. Prints Markdown, and
 * writes the chart to `docs/benchmark.svg`. Servers that are not installed are left out with a notice.
 */
const isShort = process.argv.includes('short');
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? (isShort ? 3 : 5));
const MILLIS = Number(process.env['BENCH_MILLIS'] ?? (isShort ? 400 : 600));
const BACKLOG = Number(process.env['BENCH_BACKLOG'] ?? 100_000);
const CHART = process.env['BENCH_CHART'] ?? 'docs/benchmark.svg';

const notices: string[] = [];

async function main(): Promise<void> {
  const peers = pickPeers(PEERS, process.env['BENCH_PEERS'], notify);
  const results = new Measurements(ROUNDS);
  for (let round = 1; round <= ROUNDS; round++) {
    for (const peer of peers) await measure(peer, round, results);
  }
  console.log(
    `${[machine(), ...notices].join('\n\n')}\n\n${report(peers, results)}\nFor the README:\n\n${summary(peers, results)}`,
  );
  writeFileSync(
    CHART,
    drawing(peers, results, `1 KiB messages, ${processors()}, Node ${process.versions.node}`),
  );
  console.error(`The chart is in ${CHART}`);
}

/** One that fails has its other rounds, and the others go on. */
async function measure(peer: Peer, round: number, results: Measurements): Promise<void> {
  console.error(`${new Date().toISOString()} round ${round} of ${ROUNDS}: ${peer.label}`);
  try {
    await measurePeer(peer, { millis: MILLIS, backlog: BACKLOG }, results);
  } catch (error) {
    notify(`${peer.label} failed in round ${round}: ${String(error)}`);
  }
}

/** What the tables do not have: the report says it, too. */
function notify(notice: string): void {
  console.error(notice);
  notices.push(notice);
}

const processors = (): string => `${cpus().length} × ${cpus()[0]?.model.trim()}`;

function machine(): string {
  const memory = Math.round(totalmem() / 2 ** 30);
  const rounds = `medians of ${ROUNDS} rounds in turn, ${MILLIS} ms for each work`;
  return `Node ${process.version}, ${processors()}, ${memory} GiB, 1 KiB messages, ${rounds}`;
}

await main();
process.exit(0);
