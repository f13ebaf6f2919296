import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Needs Java: `npm run test:interop` sets it. */
const isInterop = process.env.ROCKETMQ_INTEROP_JARS !== undefined;

/** Most of the time tests wait, for timers, disks and other processes. */
const maxWorkers = Math.max(3, availableParallelism() - 1);
const hookTimeout = isInterop ? 180_000 : 20_000;

/** Clusters of Java processes take a machine for themselves, after the other tests with Java. */
const CLUSTERS = 'test/interop/*cluster.spec.ts';
const withOthers = {
  include: ['test/interop/**/*.spec.ts'],
  exclude: [CLUSTERS],
  sequence: { groupOrder: 0 },
};
const alone = { include: [CLUSTERS], maxWorkers: 1, sequence: { groupOrder: 1 } };

export default defineConfig({
  resolve: {
    alias: [
      { find: /^nestjs-rocketmq$/, replacement: source('./lib/index.ts') },
      { find: /^nestjs-rocketmq\/(client|engine)$/, replacement: source('./lib/$1/index.ts') },
    ],
  },
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  test: {
    maxWorkers,
    testTimeout: 20_000,
    hookTimeout,
    expect: { poll: { timeout: 10_000 } },
    // Several Java processes and two cores: what fails once is shown in the report, and tried once more.
    retry: isInterop ? 1 : 0,
    ...(isInterop
      ? {
          projects: [
            { extends: true, test: { name: 'interop', ...withOthers } },
            { extends: true, test: { name: 'clusters', ...alone } },
          ],
        }
      : { include: ['test/**/*.spec.ts'], exclude: ['test/interop/**'] }),
  },
});
