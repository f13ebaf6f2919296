import { freePorts } from '../support/free-ports.js';
import { measureLoad } from '../support/measure-load.js';
import type { MeasuredProcess } from '../support/measured-process.js';
import { withScratch } from '../support/scratch.js';
import type { Server } from '../support/server.js';
import type { Measurements } from './measurements.js';
import type { Peer } from './peers.js';

export interface RoundOptions {
  /** How long a work goes on. */
  readonly millis: number;
  /** Most messages of the backlog. */
  readonly backlog: number;
}

/** Seconds of sends before what counts. */
const WARM_UP = 3;
/** What a work has beyond its time, and ends with when something hangs. */
const PATIENCE = 240_000;

/** Measures all works with one peer: a server and a client of their own, a restart of the server, and a client again. */
export function measurePeer(peer: Peer, options: RoundOptions, results: Measurements): Promise<void> {
  return withScratch(async (directory) => {
    const ports = await freePorts(3);
    let server = await peer.start?.(directory, ports);
    try {
      await measureWorks(peer, directory, server, options, results);
      await server?.stop();
      const startedAt = performance.now();
      server = await peer.start?.(directory, ports);
      await measureRestart(peer, directory, server, performance.now() - startedAt, results);
    } finally {
      await server?.stop();
    }
  });
}

function worksOf({ backlog }: RoundOptions, warmUp: number): string[] {
  const publish = ['publish1', 'publish64', 'publish256', 'publish1024', 'batch64'];
  return [`warm${warmUp}`, ...publish, `fill${backlog}`, `consume${backlog / 2}`, 'latency1000', 'fan10'];
}

async function measureWorks(
  peer: Peer,
  directory: string,
  server: Server | undefined,
  options: RoundOptions,
  results: Measurements,
): Promise<void> {
  const parameters = [String(options.millis), ...worksOf(options, peer.warmUp ?? WARM_UP)];
  const load = peer.load(directory, server?.address ?? '', parameters);
  let resident = 0;
  await within(load, async () => {
    for await (const measured of measureLoad(load, server?.process)) {
      resident = Math.max(resident, load.usage().resident);
      results.addWork(peer.label, { ...measured, work: measured.work.replace(/^(consume)\d+/, '$1') });
    }
  });
  results.add(peer.label, 'client resident', resident);
  if (server !== undefined) results.add(peer.label, 'server resident', server.process.usage().resident);
}

/** From the start of the server, or of the process that has it, to the first message; that of the client does not count. */
async function measureRestart(
  peer: Peer,
  directory: string,
  server: Server | undefined,
  serverMillis: number,
  results: Measurements,
): Promise<void> {
  const load = peer.load(directory, server?.address ?? '', ['0', 'first']);
  await within(load, async () => {
    for await (const { millis, sinceStart } of measureLoad(load, server?.process)) {
      results.add(peer.label, 'restart', server === undefined ? sinceStart! : serverMillis + millis);
    }
  });
}

async function within(load: MeasuredProcess, work: () => Promise<void>): Promise<void> {
  const timeout = setTimeout(() => load.kill(), PATIENCE);
  try {
    await work();
  } finally {
    clearTimeout(timeout);
    load.kill();
  }
}
