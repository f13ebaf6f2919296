import { join } from 'node:path';
import { startApache } from './java.js';
import { MeasuredProcess, type Server } from './processes.js';

export type ServerName = 'bare' | 'engine' | 'Apache';

/** Starts a server in processes of its own, with what it writes below `directory`. */
export function startServer(name: ServerName, flushDiskType: string, directory: string): Promise<Server> {
  switch (name) {
    case 'bare':
      return startNode('acknowledger', []);
    case 'engine':
      return startNode('engine', [join(directory, 'store'), flushDiskType]);
    case 'Apache':
      return startApache(directory, flushDiskType);
  }
}

async function startNode(script: string, parameters: readonly string[]): Promise<Server> {
  const path = new URL(`${script}.js`, import.meta.url).pathname;
  const broker = MeasuredProcess.start(script, process.execPath, [path, ...parameters]);
  const line = await broker.expectLine('ready ');
  return { broker, namesrvAddr: line.split(' ')[1]!, stop: () => broker.stop() };
}

/** Our client with works of `load.ts`. */
export function startNodeLoad(parameters: readonly string[]): MeasuredProcess {
  const path = new URL('load.js', import.meta.url).pathname;
  return MeasuredProcess.start('load', process.execPath, [path, ...parameters]);
}
