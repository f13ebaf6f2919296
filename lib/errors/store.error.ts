import { RocketMQError } from './rocketmq.error.js';

/** The store cannot be opened, or can no longer be written. */
export class StoreError extends RocketMQError {
  constructor(message: string, cause?: unknown, code = 'STORE') {
    super(code, message, { cause });
  }
}

/** In every container pids begin with 1: two of them often have the same. */
const MAX_CONTAINER_PID = 100;

function ownerOf(pid: number | undefined): string {
  if (pid === undefined) return 'another process';
  if (pid !== process.pid) return `process ${pid}`;
  const container = pid > MAX_CONTAINER_PID ? '' : `, or by process ${pid} of another container`;
  return `another engine of this process${container}`;
}

/** Another process or engine owns the store directory. */
export class StoreLockedError extends StoreError {
  /** The message without what to do about it. */
  readonly fault: string;

  constructor(
    readonly storePath: string,
    readonly ownerPid: number | undefined,
  ) {
    const fault = `The store ${storePath} is in use by ${ownerOf(ownerPid)}.`;
    super(
      `${fault} Stop it, or give this engine a directory of its own (engine.storePathRootDir). Processes of one machine share ` +
        "an engine with nameServer: '127.0.0.1:9876' and this same directory in all of them.",
      undefined,
      'STORE_LOCKED',
    );
    this.fault = fault;
  }
}
