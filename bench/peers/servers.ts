import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../support/free-ports.js';
import { MeasuredProcess } from '../support/measured-process.js';
import type { Server } from '../support/server.js';
import { startApache } from './java.js';

export type ServerName = 'bare' | 'engine' | 'Apache';

/** Starts a server in processes of its own, with what it writes below `directory`. */
export async function startServer(
  name: ServerName,
  flushDiskType: string,
  directory: string,
): Promise<Server> {
  switch (name) {
    case 'bare':
      return startNode('acknowledger', []);
    case 'engine':
      return startEngine(directory, flushDiskType);
    case 'Apache':
      return startApache(directory, await freePorts(3), flushDiskType);
  }
}

export function startEngine(directory: string, flushDiskType: string): Promise<Server> {
  return startNode('engine', [join(directory, 'store'), flushDiskType]);
}

/** A script of this directory, which prints "ready ADDRESS". */
export async function startNode(script: string, parameters: readonly string[]): Promise<Server> {
  const path = fileURLToPath(new URL(`${script}.js`, import.meta.url));
  const server = MeasuredProcess.start(script, process.execPath, [path, ...parameters]);
  const line = await server.expectLine('ready ');
  return { process: server, address: line.split(' ')[1]!, stop: () => server.stop() };
}

/** A client of `clients/` with works of `compare/load.ts`. */
export function startNodeLoad(client: string, parameters: readonly string[]): MeasuredProcess {
  const path = fileURLToPath(new URL('../compare/load.js', import.meta.url));
  return MeasuredProcess.start(`load of ${client}`, process.execPath, [path, client, ...parameters]);
}
