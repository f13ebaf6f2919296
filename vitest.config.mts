import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const source = (path: string) => new URL(path, import.meta.url).pathname;

/** Needs Java: `npm run test:interop` sets it. */
const isInterop = process.env.ROCKETMQ_INTEROP_JARS !== undefined;

export default defineConfig({
  resolve: {
    alias: [
      { find: /^nestjs-rocketmq$/, replacement: source('./lib/index.ts') },
      { find: /^nestjs-rocketmq\/(client|engine)$/, replacement: source('./lib/$1/index.ts') },
    ],
  },
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  test: {
    include: [isInterop ? 'test/interop/**/*.spec.ts' : 'test/**/*.spec.ts'],
    exclude: isInterop ? [] : ['test/interop/**'],
    // Most of the time tests wait, for timers, disks and other processes. A cluster of Java processes takes a machine for itself.
    maxWorkers: isInterop ? 1 : Math.max(2, availableParallelism() - 1),
    testTimeout: 20_000,
    hookTimeout: isInterop ? 180_000 : 20_000,
  },
});
