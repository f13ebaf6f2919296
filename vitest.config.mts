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
    // Java processes take long to start, and much of a machine; most of the time tests wait for them.
    ...(isInterop ? { maxWorkers: 2 } : {}),
    testTimeout: 20_000,
    hookTimeout: isInterop ? 180_000 : 20_000,
  },
});
