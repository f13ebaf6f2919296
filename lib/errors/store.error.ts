import { RocketMQError } from './rocketmq.error.js';

/** The store cannot be opened, or can no longer be written. */
export class StoreError extends RocketMQError {
  constructor(message: string, cause?: unknown, code = 'STORE') {
    super(code, message, { cause });
  }
}

function ownerOf(pid: number | undefined): string {
  if (pid === undefined) return 'another process.';
  return pid === process.pid ? 'another engine of this process.' : `process ${pid}.`;
}

/** Another process or engine owns the store directory. */
export class StoreLockedError extends StoreError {
  constructor(
    readonly storePath: string,
    readonly ownerPid: number | undefined,
  ) {
    super(
      `The store ${storePath} is in use by ${ownerOf(ownerPid)} ` +
        'Stop it, or give this engine a directory of its own (engine.storePathRootDir).',
      undefined,
      'STORE_LOCKED',
    );
  }
}
