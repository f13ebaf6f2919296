import { readdirSync, readFileSync } from 'node:fs';

/** Ticks of `/proc/PID/stat` are hundredths of a second on every Linux that Node runs on. */
const MILLIS_PER_TICK = 10;

export interface Usage {
  /** Milliseconds of CPU time so far, of all threads. */
  readonly cpuMillis: number;
  /** Bytes that were resident at most so far, mapped files among them. */
  readonly resident: number;
}

/** Of a process and those below it. */
export function usageOf(pid: number): Usage {
  const processes = treeOf(pid).map((id) => ({ cpuMillis: cpuMillisOf(id), resident: residentOf(id) }));
  return {
    cpuMillis: processes.reduce((sum, { cpuMillis }) => sum + cpuMillis, 0),
    resident: processes.reduce((sum, { resident }) => sum + resident, 0),
  };
}

function treeOf(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (/^\d+$/.test(name)) parents.set(Number(name), Number(statOf(Number(name))[1]));
  }
  const isBelow = (pid: number): boolean => pid === root || (parents.has(pid) && isBelow(parents.get(pid)!));
  return [...parents.keys()].filter(isBelow);
}

/** Includes children that have ended. */
function cpuMillisOf(pid: number): number {
  const fields = statOf(pid);
  return [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at] ?? 0), 0) * MILLIS_PER_TICK;
}

function residentOf(pid: number): number {
  const [, kibibytes] = /VmHWM:\s+(\d+)/.exec(read(`/proc/${pid}/status`)) ?? [];
  return Number(kibibytes ?? 0) * 1024;
}

/** The fields behind the name of the program; none when the process has ended. */
function statOf(pid: number): string[] {
  const stat = read(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
