import { RocketMQError } from './rocketmq.error.js';

/** The store cannot be opened, or can no longer be written. */
export class StoreError extends RocketMQError {
  constructor(message: string, cause?: unknown, code = 'STORE') {
    super(code, message, { cause });
  }
}

function ownerOf(pid: number | undefined, isOfThisProcess: boolean): string {
  if (isOfThisProcess) return 'another engine of this process';
  if (pid === undefined) return 'another process';
  return pid === process.pid ? `process ${pid} of another container, perhaps` : `process ${pid}`;
}

/** Another process or engine owns the store directory. */
export class StoreLockedError extends StoreError {
  /** The message without what to do about it. */
  readonly fault: string;

  constructor(
    readonly storePath: string,
    readonly ownerPid: number | undefined,
    isOfThisProcess = false,
  ) {
    const fault = `The store ${storePath} is in use by ${ownerOf(ownerPid, isOfThisProcess)}.`;
    super(
      `${fault} Stop it, or give this engine a directory of its own (engine.storePathRootDir). Processes of one machine share ` +
        "an engine with nameServer: '127.0.0.1:9876' and this same directory in all of them.",
      undefined,
      'STORE_LOCKED',
    );
    this.fault = fault;
  }
}
