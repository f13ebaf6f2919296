import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { MeasuredProcess } from '../../support/measured-process.js';
import { untilListening, type Server } from '../../support/server.js';

/** NATS with JetStream, as it is by default. */
export async function startNats(directory: string, [port]: readonly number[]): Promise<Server> {
  mkdirSync(directory, { recursive: true });
  const listening = ['--addr', '127.0.0.1', '--port', String(port)];
  const stream = ['--jetstream', '--store_dir', directory, '--log', join(directory, 'nats.log')];
  const server = MeasuredProcess.start('nats-server', 'nats-server', [...listening, ...stream]);
  await untilListening(port!, server);
  return { process: server, address: String(port), stop: () => server.stop() };
}
