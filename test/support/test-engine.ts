import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Clock } from '../../lib/common/clock.js';
import { EmbeddedEngine, type EngineEnvironment, type EngineOptions } from '../../lib/engine/index.js';
import type { Transport } from '../../lib/remoting/transport/transport.js';
import type { Cluster } from '../conformance/cluster.js';
import { RecordingLogger, SMALL_FILES, temporaryDirectory } from './test-store.js';

/** Small files, and answers as soon as the kernel has the bytes: with a virtual clock nothing waits for a disk. */
export const FAST_STORE: EngineOptions = { ...SMALL_FILES, flushDiskType: 'ASYNC_FLUSH' };

export interface TestEngineOptions {
  readonly engine?: EngineOptions;
  /** A directory of its own by default. */
  readonly directory?: string;
  readonly clock?: Clock;
  readonly random?: EngineEnvironment['random'];
  readonly fileSystem?: EngineEnvironment['fileSystem'];
}

/** An engine as a cluster, with what it logged. */
export class TestEngine implements Cluster {
  readonly logger = new RecordingLogger();
  private readonly engine: EmbeddedEngine;

  constructor(
    readonly directory: string,
    { engine, ...environment }: TestEngineOptions,
  ) {
    const options = { ...FAST_STORE, storePathRootDir: directory, ...engine };
    this.engine = new EmbeddedEngine(options, { ...environment, logger: this.logger });
  }

  get namesrvAddrs(): readonly string[] {
    return [this.engine.namesrvAddr];
  }

  start(): Promise<void> {
    return this.engine.start();
  }

  connect(): Transport {
    return this.engine.connect();
  }

  close(): Promise<void> {
    return this.engine.shutdown();
  }
}

/** Writes a table of the broker, as an administrator of Apache's broker would leave it. */
export function writeTable(directory: string, fileName: string, table: object): void {
  mkdirSync(join(directory, 'config'), { recursive: true });
  writeFileSync(join(directory, 'config', fileName), JSON.stringify(table));
}

export function readTable(directory: string, fileName: string): string {
  return readFileSync(join(directory, 'config', fileName), 'utf8');
}

/** An engine that runs until the test ends, or closes it. */
export async function startEngine(options: TestEngineOptions = {}): Promise<TestEngine> {
  const engine = new TestEngine(options.directory ?? temporaryDirectory(), options);
  onTestFinished(() => engine.close());
  await engine.start();
  return engine;
}
