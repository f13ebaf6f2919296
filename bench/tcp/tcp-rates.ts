import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { SerializeType } from '../../lib/remoting/codec/remoting-frame.js';
import type { LevelOptions } from '../levels.js';
import { percent, table, thousands } from '../report.js';
import { AskedProcess } from '../support/asked-process.js';
import { median, type LoopResult } from '../support/closed-loop.js';
import { withScratch } from '../support/scratch.js';

/** The bare loop over TCP with a log that writes over an old file, or one that grows; and our client on our engine. */
export type TcpPeer = 'limit' | 'growing' | 'engine';

const PEERS: readonly TcpPeer[] = ['limit', 'growing', 'engine'];
const SERIALIZE_TYPES: readonly SerializeType[] = ['ROCKETMQ', 'JSON'];
/** Runs that do not count: until compilers are warm. */
const WARM_UPS = 8;
const FLUSH_TYPES: readonly LevelOptions['flushDiskType'][] = ['ASYNC_FLUSH', 'SYNC_FLUSH'];

/** One run, or the medians of some: messages a second, and microseconds of CPU for each. */
export interface TcpResult {
  readonly rate: number;
  readonly serverCpu: number;
  readonly clientCpu: number;
}

export interface TcpRow {
  readonly flushDiskType: LevelOptions['flushDiskType'];
  readonly serializeType: SerializeType;
  readonly inFlight: number;
  readonly peers: Readonly<Record<TcpPeer, TcpResult>>;
}

export interface TcpRateOptions {
  readonly inFlight: readonly number[];
  /** Milliseconds of one run. */
  readonly millis: number;
  readonly rounds: number;
}

interface Pair {
  readonly server: AskedProcess;
  readonly client: AskedProcess;
}

/** Sends over TCP, client and server a process each, all peers in turn. */
export async function measureTcpRates(options: TcpRateOptions): Promise<TcpRow[]> {
  const rows: TcpRow[] = [];
  for (const flushDiskType of FLUSH_TYPES) {
    for (const serializeType of SERIALIZE_TYPES) {
      const run = (directory: string) => measureRows(directory, flushDiskType, serializeType, options);
      rows.push(...(await withScratch(run)));
    }
  }
  return rows;
}

async function measureRows(
  directory: string,
  flushDiskType: TcpRow['flushDiskType'],
  serializeType: SerializeType,
  { inFlight, millis, rounds }: TcpRateOptions,
): Promise<TcpRow[]> {
  const pairs = new Map<TcpPeer, Pair>();
  for (const peer of PEERS)
    pairs.set(peer, await start(peer, directory, flushDiskType, serializeType, millis));
  for (const pair of pairs.values()) {
    for (let i = 0; i < WARM_UPS; i++) await run(pair, Math.max(...inFlight));
  }
  const rows: TcpRow[] = [];
  for (const count of inFlight) {
    const runs = new Map(PEERS.map((peer): [TcpPeer, TcpResult[]] => [peer, []]));
    for (let round = 0; round < rounds; round++) {
      for (const [peer, results] of runs) results.push(await run(pairs.get(peer)!, count));
    }
    const peers = Object.fromEntries([...runs].map(([peer, results]) => [peer, medianOf(results)]));
    rows.push({ flushDiskType, serializeType, inFlight: count, peers: peers as TcpRow['peers'] });
  }
  for (const { server, client } of pairs.values()) {
    await client.stop();
    await server.stop();
  }
  return rows;
}

async function start(
  peer: TcpPeer,
  directory: string,
  flushDiskType: string,
  serializeType: string,
  millis: number,
): Promise<Pair> {
  const store = join(directory, peer);
  mkdirSync(store);
  const serverScript = new URL('server.js', import.meta.url);
  const server = await AskedProcess.start(serverScript, [peer, store, flushDiskType, serializeType]);
  const clientScript = new URL('client.js', import.meta.url);
  const parameters = [peer, server.greeting, serializeType, String(millis)];
  return { server, client: await AskedProcess.start(clientScript, parameters) };
}

async function run({ server, client }: Pair, inFlight: number): Promise<TcpResult> {
  const before = [await server.cpuMillis(), await client.cpuMillis()] as const;
  const { count, rate } = await client.ask<LoopResult>(inFlight);
  const after = [await server.cpuMillis(), await client.cpuMillis()] as const;
  const micros = (at: 0 | 1): number => ((after[at] - before[at]) * 1000) / count;
  return { rate, serverCpu: micros(0), clientCpu: micros(1) };
}

function medianOf(runs: readonly TcpResult[]): TcpResult {
  return {
    rate: median(runs.map(({ rate }) => rate)),
    serverCpu: median(runs.map(({ serverCpu }) => serverCpu)),
    clientCpu: median(runs.map(({ clientCpu }) => clientCpu)),
  };
}

/** Messages a second with the shares of both bare loops, and microseconds of CPU, server + client. */
export function tcpTable(rows: readonly TcpRow[]): string {
  const header = [
    'flush',
    'headers',
    'in flight',
    'bare loop, old file',
    'bare loop, growing file',
    'our client on the engine',
  ];
  const body = rows.map(({ flushDiskType, serializeType, inFlight, peers }) => [
    flushDiskType,
    serializeType,
    String(inFlight),
    cell(peers.limit, []),
    cell(peers.growing, []),
    cell(peers.engine, [peers.limit, peers.growing]),
  ]);
  return table(header, body);
}

function cell({ rate, serverCpu, clientCpu }: TcpResult, limits: readonly TcpResult[]): string {
  const shares = limits.map((limit) => percent(rate / limit.rate)).join(', ');
  const cpu = `${serverCpu.toFixed(1)} + ${clientCpu.toFixed(1)} µs`;
  return `${thousands(rate)}/s${shares && ` (${shares})`} ${cpu}`;
}
