import type { MeasuredProcess } from './measured-process.js';

/** What a load printed of a work, with the CPU time that the server took meanwhile. */
export interface Measured {
  readonly work: string;
  readonly messages: number;
  readonly millis: number;
  readonly cpuMillis: number;
  /** Undefined where the server is in the load's process. */
  readonly serverCpuMillis: number | undefined;
  /** Microseconds. */
  readonly p50?: number;
  readonly p99?: number;
  readonly delivered?: number;
  readonly sinceStart?: number;
}

/** Reads the works of a load (`compare/load.ts`, `Load.java`) to its end. */
export async function* measureLoad(
  load: MeasuredProcess,
  server?: MeasuredProcess,
): AsyncGenerator<Measured> {
  for (;;) {
    const measured = await measureNext(load, server);
    if (measured === undefined) break;
    yield measured;
  }
  await load.expectSuccess();
}

/** Reads the next work; undefined at the end of the load. */
export async function measureNext(
  load: MeasuredProcess,
  server?: MeasuredProcess,
): Promise<Measured | undefined> {
  const serverCpu = (): number | undefined => server?.usage().cpuMillis;
  if ((await load.lineWith('begin ')) === undefined) return undefined;
  const before = serverCpu();
  const line = await load.expectLine('end ');
  const after = serverCpu();
  const serverCpuMillis = before === undefined || after === undefined ? undefined : after - before;
  const [, work, ...figures] = line.split(' ') as [string, string, ...string[]];
  const numbers = Object.fromEntries(
    figures.map((figure) => [figure.split('=')[0], Number(figure.split('=')[1])]),
  );
  return { ...(numbers as Omit<Measured, 'work'>), work, serverCpuMillis };
}
