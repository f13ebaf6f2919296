import { mkdirSync } from 'node:fs';
import { MeasuredProcess } from '../../support/measured-process.js';
import type { Server } from '../../support/server.js';

/** Redis with nothing but its append-only file. */
export async function startRedis(
  directory: string,
  [port]: readonly number[],
  appendfsync: 'everysec' | 'always',
): Promise<Server> {
  mkdirSync(directory, { recursive: true });
  const listening = ['--bind', '127.0.0.1', '--port', String(port)];
  const keeping = ['--save', '', '--appendonly', 'yes', '--appendfsync', appendfsync, '--dir', directory];
  const parameters = [...listening, ...keeping, '--maxmemory-policy', 'noeviction'];
  const server = MeasuredProcess.start('redis-server', 'redis-server', parameters);
  await server.expectLine('Ready to accept connections');
  return { process: server, address: String(port), stop: () => server.stop() };
}
