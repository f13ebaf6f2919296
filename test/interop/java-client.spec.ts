import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { TestEngine } from '../support/test-engine.js';

/** Directory with the jars of the official client and all it depends on. */
const jars = process.env['ROCKETMQ_INTEROP_JARS']!;
const source = new URL('./java/Clients.java', import.meta.url).pathname;
const run = promisify(execFile);

describe('the official Java client', () => {
  it.each(['JSON', 'ROCKETMQ'])(
    'works on the engine, with headers as %s',
    async (serializeType) => {
      const directory = mkdtempSync(join(tmpdir(), 'rocketmq-interop-'));
      onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
      const listen = { nameServerPort: 0, listenPort: 0 };
      const engine = new TestEngine(join(directory, 'store'), { engine: { listen } });
      await engine.start();
      onTestFinished(() => engine.close());
      await run('javac', ['-d', directory, '-cp', `${jars}/*`, source]);
      const settings = [`-Drocketmq.serialize.type=${serializeType}`, `-Duser.home=${directory}`];
      const classPath = ['-cp', `${directory}:${jars}/*`];
      const { stdout } = await run('java', [...settings, ...classPath, 'Clients', engine.namesrvAddrs[0]!]);
      const worked = stdout.split('\n').filter((line) => line.startsWith('worked: '));
      expect(worked).toEqual(['send', 'query', 'batch', 'consume', 'retry'].map((what) => `worked: ${what}`));
    },
    180_000,
  );
});
