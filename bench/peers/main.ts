import { cpus } from 'node:os';
import { join } from 'node:path';
import { percent, table, thousands } from '../report.js';
import { median } from '../support/closed-loop.js';
import { measureNext } from '../support/measure-load.js';
import type { MeasuredProcess } from '../support/measured-process.js';
import { withScratch } from '../support/scratch.js';
import type { Server } from '../support/server.js';
import { apacheVersion, hasApache, startJavaLoad } from './java.js';
import { startNodeLoad, startServer, type ServerName } from './servers.js';

/**
 * `npm run bench:peers`: the official Java client and ours, each on Apache's broker, on the engine, and on a bare server that only
 * acknowledges, every server and client a process of its own. All of one kind of flush are there at the same time, warmed up,
 * and each work is measured with all of them in turn. Apache's parts are left out where its jars are not.
 */
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 3);
const MILLIS = Number(process.env['BENCH_MILLIS'] ?? 2500);
/** Seconds of sends by each pair before what counts: from then on the rates of Java change by less than between rounds. */
const WARM_UP = Number(process.env['BENCH_WARM_UP'] ?? 20);
const BACKLOG = Number(process.env['BENCH_PEERS_BACKLOG'] ?? 200_000);
const FILL_MILLIS = 30_000;
const SENDS = ['sync1', 'sync64', 'async256', 'batch32'];
const CONSUME = `consume${BACKLOG}`;
const FLUSH_TYPES = ['ASYNC_FLUSH', 'SYNC_FLUSH'] as const;
const CLIENTS = ['Java', 'ours'] as const;

type Client = (typeof CLIENTS)[number];

interface Pair {
  readonly name: ServerName;
  readonly server: Server;
  readonly client: Client;
  readonly load: MeasuredProcess;
}

/** Medians of the rounds: messages per second, and microseconds of CPU for each of broker and client. */
interface Rates {
  readonly rate: number;
  readonly brokerCpu: number;
  readonly clientCpu: number;
}

interface Result extends Rates {
  readonly flush: string;
  readonly server: ServerName;
  readonly client: Client;
  readonly work: string;
}

async function main(): Promise<void> {
  const [cpu] = cpus();
  const apache = hasApache() ? `Apache RocketMQ ${apacheVersion}` : 'Apache RocketMQ left out: no jars';
  const how = `medians of ${ROUNDS} rounds of ${MILLIS} ms in turn, after ${WARM_UP} s of sends by each`;
  console.log(
    `Node ${process.version}, ${cpus().length} × ${cpu?.model.trim()}, ${apache}, 1 KiB messages over TCP, ${how}\n`,
  );
  const results: Result[] = [];
  for (const flush of FLUSH_TYPES)
    results.push(...(await withScratch((directory) => measureFlush(flush, directory))));
  console.log(report(results));
}

async function measureFlush(flush: string, directory: string): Promise<Result[]> {
  const pairs = await startPairs(flush, directory);
  for (const pair of pairs) await run(pair, `warm${WARM_UP}`);
  const results: Result[] = [];
  if (flush === 'ASYNC_FLUSH') {
    const stored = pairs.filter(({ name }) => name !== 'bare');
    for (const server of new Set(stored.map((pair) => pair.server))) await fillBacklog(server);
    for (const pair of stored) await run(pair, CONSUME);
    results.push(...(await measure(stored, CONSUME, flush)));
  }
  for (const work of SENDS) results.push(...(await measure(pairs, work, flush)));
  for (const { load } of pairs) load.kill();
  for (const server of new Set(pairs.map((pair) => pair.server))) await server.stop();
  return results;
}

/** All servers with all clients. */
async function startPairs(flush: string, directory: string): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (const name of ['bare', 'engine', 'Apache'] as const) {
    if ((name === 'bare' && flush === 'SYNC_FLUSH') || (name === 'Apache' && !hasApache())) continue;
    const server = await startServer(name, flush, join(directory, name));
    for (const client of hasApache() ? CLIENTS : (['ours'] as const)) {
      const parameters = [server.address, String(MILLIS)];
      const load =
        client === 'ours'
          ? startNodeLoad('rocketmq', parameters)
          : startJavaLoad(join(directory, `java-${name}`), parameters);
      pairs.push({ name, server, client, load });
    }
  }
  return pairs;
}

async function fillBacklog({ address }: Server): Promise<void> {
  const load = startNodeLoad('rocketmq', [address, String(FILL_MILLIS), `fill${BACKLOG}`]);
  await load.expectLine('end fill');
}

/** One work by all pairs, in turn, so that all see the machine in the same state. */
async function measure(pairs: readonly Pair[], work: string, flush: string): Promise<Result[]> {
  const runs = new Map(pairs.map((pair): [Pair, Rates[]] => [pair, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [pair, rates] of runs) rates.push(await run(pair, work));
  }
  return [...runs].map(([{ name, client }, rates]) => ({
    flush,
    server: name,
    client,
    work,
    rate: median(rates.map(({ rate }) => rate)),
    brokerCpu: median(rates.map(({ brokerCpu }) => brokerCpu)),
    clientCpu: median(rates.map(({ clientCpu }) => clientCpu)),
  }));
}

async function run({ name, client, load, server }: Pair, work: string): Promise<Rates> {
  console.error(`${new Date().toISOString()} ${client} on ${name}: ${work}`);
  load.tell(work);
  const measured = await measureNext(load, server.process);
  if (measured === undefined) throw new Error(`${client} on ${name} ended in ${work}`);
  const { messages, millis, cpuMillis, serverCpuMillis = 0 } = measured;
  return {
    rate: (messages * 1000) / millis,
    brokerCpu: (serverCpuMillis * 1000) / messages,
    clientCpu: (cpuMillis * 1000) / messages,
  };
}

/** Rates with their share of the Java client's on Apache's broker and on the bare server, and CPU time for each message. */
function report(results: readonly Result[]): string {
  const rows = results.map((result) => {
    const { flush, server, client, work, rate, brokerCpu, clientCpu } = result;
    const find = (name: ServerName, by: Client, at: string) =>
      results.find((r) => r.server === name && r.client === by && r.work === work && r.flush === at);
    const apache = find('Apache', 'Java', flush);
    const bare = find('bare', client, 'ASYNC_FLUSH');
    return [
      flush,
      work,
      `${client} on ${server}`,
      `${thousands(rate)}/s`,
      apache === undefined ? '' : `${(rate / apache.rate).toFixed(2)} ×`,
      bare === undefined || server === 'bare' ? '' : percent(rate / bare.rate),
      server === 'bare' ? '' : `${brokerCpu.toFixed(1)} µs`,
      `${clientCpu.toFixed(1)} µs`,
    ];
  });
  const header = ['flush', 'work', 'client on broker', 'messages', 'Java on Apache', 'same client on bare'];
  const order = [...SENDS, CONSUME];
  rows.sort((a, b) => order.indexOf(a[1]!) - order.indexOf(b[1]!));
  return table([...header, 'broker CPU', 'client CPU'], rows);
}

await main();
process.exit(0);
