import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { TestClient } from '../support/test-client.js';
import { startEngine } from '../support/test-engine.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LIBRARY = new URL('../../dist/lib/index.js', import.meta.url).href;
/** Together more than the kernel takes of what the engine has not read yet. */
const MESSAGES = 200;
const MESSAGE_SIZE = 100 * 1024;

/** What the process runs: it sends, closes the application and ends, whatever is under way. */
const SCRIPT = `
  import 'reflect-metadata';
  import { randomBytes } from 'node:crypto';
  import { Module } from '@nestjs/common';
  import { NestFactory } from '@nestjs/core';
  import { RocketMQModule, RocketMQTemplate } from ${JSON.stringify(LIBRARY)};
  class AppModule {}
  const [nameServer] = process.argv.slice(1);
  const producer = { compressMessageBodyThreshold: 1024 * 1024 };
  Module({ imports: [RocketMQModule.forRoot({ nameServer, engine: false, producer })] })(AppModule);
  const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
  const body = randomBytes(${MESSAGE_SIZE});
  for (let i = 0; i < ${MESSAGES}; i++) await app.get(RocketMQTemplate).sendOneWay('t', body);
  await app.close();
  process.exit(0);
`;

async function storedIn(client: TestClient): Promise<number> {
  const { body } = await client.route('t');
  const count = body?.queueDatas[0]?.readQueueNums ?? 0;
  const offsets = Array.from({ length: count }, async (_, queueId) => {
    return (await client.call(RequestCode.GET_MAX_OFFSET, { topic: 't', queueId })).header!.offset;
  });
  return (await Promise.all(offsets)).reduce((sum, offset) => sum + offset, 0);
}

it('what was sent one way over TCP is there although the process ends as soon as the application is closed', async () => {
  const listen = { nameServerPort: 0, listenPort: 0 };
  const engine = await startEngine({ engine: { listen, mappedFileSizeCommitLog: 16 * 1024 * 1024 } });
  const [address] = engine.namesrvAddrs;
  const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT, address!], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  expect(await once(child, 'exit')).toEqual([0, null]);
  const client = await TestClient.open(engine);
  await expect.poll(() => storedIn(client)).toBe(MESSAGES);
});
