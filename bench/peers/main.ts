import { cpus } from 'node:os';
import { join } from 'node:path';
import { percent, table, thousands } from '../report.js';
import { withScratch } from '../support/scratch.js';
import { apacheVersion, hasApache, startJavaLoad } from './java.js';
import { measureLoad } from '../support/measure-load.js';
import type { MeasuredProcess } from '../support/measured-process.js';
import type { Server } from '../support/server.js';
import { startNodeLoad, startServer, type ServerName } from './servers.js';

/**
 * `npm run bench:peers`: the official Java client and ours, each on Apache's broker, on the engine, and on a bare server that only
 * acknowledges, every server and client a process of its own. Apache's parts are left out where its jars are not.
 */
const MILLIS = Number(process.env['BENCH_MILLIS'] ?? 3000);
const BACKLOG = Number(process.env['BENCH_PEERS_BACKLOG'] ?? 200_000);
const SENDS = ['sync1', 'sync64', 'async256', 'batch32'];
const FLUSH_TYPES = ['ASYNC_FLUSH', 'SYNC_FLUSH'] as const;
const CLIENTS = ['Java', 'ours'] as const;

type Client = (typeof CLIENTS)[number];

interface Result {
  readonly flush: string;
  readonly server: ServerName;
  readonly client: Client;
  readonly work: string;
  /** Messages per second, and microseconds of CPU for each of broker and client. */
  readonly rate: number;
  readonly brokerCpu: number;
  readonly clientCpu: number;
}

async function main(): Promise<void> {
  const [cpu] = cpus();
  const apache = hasApache() ? `Apache RocketMQ ${apacheVersion}` : 'Apache RocketMQ left out: no jars';
  console.log(
    `Node ${process.version}, ${cpus().length} × ${cpu?.model.trim()}, ${apache}, 1 KiB messages over TCP\n`,
  );
  const results: Result[] = [];
  for (const flush of FLUSH_TYPES) {
    for (const server of hasApache()
      ? (['bare', 'engine', 'Apache'] as const)
      : (['bare', 'engine'] as const)) {
      if (server === 'bare' && flush === 'SYNC_FLUSH') continue;
      results.push(...(await withScratch((directory) => measureServer(server, flush, directory))));
    }
  }
  console.log(report(results));
}

async function measureServer(name: ServerName, flush: string, directory: string): Promise<Result[]> {
  const server = await startServer(name, flush, directory);
  const results: Result[] = [];
  try {
    if (name !== 'bare' && flush === 'ASYNC_FLUSH') await fillBacklog(server);
    for (const client of hasApache() ? CLIENTS : (['ours'] as const)) {
      const start = (works: readonly string[]) =>
        startLoad(client, directory, [server.address, String(MILLIS), ...works]);
      const key = { flush, server: name, client };
      results.push(...(await measure(server, start(SENDS), key)));
      if (name === 'bare' || flush === 'SYNC_FLUSH') continue;
      results.push(...(await measure(server, start([`consume${BACKLOG}`]), key)));
    }
  } finally {
    await server.stop();
  }
  return results;
}

async function fillBacklog({ address }: Server): Promise<void> {
  const load = startNodeLoad('rocketmq', [address, String(MILLIS), `fill${BACKLOG}`]);
  await load.expectLine('end fill');
}

function startLoad(client: Client, directory: string, parameters: readonly string[]): MeasuredProcess {
  if (client === 'Java') return startJavaLoad(join(directory, 'java'), parameters);
  return startNodeLoad('rocketmq', parameters);
}

async function measure(
  server: Server,
  load: MeasuredProcess,
  key: Pick<Result, 'flush' | 'server' | 'client'>,
): Promise<Result[]> {
  const results: Result[] = [];
  for await (const measured of measureLoad(load, server.process)) {
    const { work, messages, millis, cpuMillis, serverCpuMillis = 0 } = measured;
    results.push({
      ...key,
      work,
      rate: (messages * 1000) / millis,
      brokerCpu: (serverCpuMillis * 1000) / messages,
      clientCpu: (cpuMillis * 1000) / messages,
    });
  }
  return results;
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
  const order = [...SENDS, `consume${BACKLOG}`];
  rows.sort((a, b) => order.indexOf(a[1]!) - order.indexOf(b[1]!));
  return table([...header, 'broker CPU', 'client CPU'], rows);
}

await main();
