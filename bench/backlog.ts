import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Message } from '../lib/common/message.js';
import { openClient } from './levels.js';
import { withScratch } from './support/scratch.js';

const SELF = fileURLToPath(import.meta.url);
const BODY = Buffer.alloc(1024, 'a');
const IN_FLIGHT = 256;

export interface BacklogResult {
  readonly messages: number;
  /** Resident bytes with the whole backlog stored, and after a restart. */
  readonly residentFilled: number;
  readonly residentOpened: number;
  /** Milliseconds until the engine is ready. */
  readonly restartAfterClose: number;
  readonly restartAfterKill: number;
}

/** Fills a store with messages, and opens it again: after a clean end, and after the process was killed. */
export function measureBacklog(messages: number): Promise<BacklogResult> {
  return withScratch(async (directory) => {
    const filler = start('fill', directory, messages);
    const residentFilled = await answer(filler);
    await ended(filler, 'SIGKILL');
    const restartAfterKill = await reopen(directory);
    const { millis, resident } = await reopen(directory);
    return {
      messages,
      residentFilled,
      residentOpened: resident,
      restartAfterClose: millis,
      restartAfterKill: restartAfterKill.millis,
    };
  });
}

async function reopen(directory: string): Promise<{ millis: number; resident: number }> {
  const child = start('open', directory, 0);
  const millis = await answer(child);
  const resident = await answer(child);
  await ended(child, 'SIGTERM');
  return { millis, resident };
}

function start(role: string, directory: string, messages: number): ChildProcess {
  return fork(SELF, [role, directory, String(messages)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

async function answer(child: ChildProcess): Promise<number> {
  const [value] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error('The process of the benchmark ended early'))),
  ]);
  return value as number;
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

/** Sends until the backlog is there, reports, and goes on sending until it is killed. */
async function fill(directory: string, messages: number): Promise<void> {
  const { producer } = await openClient({ directory, flushDiskType: 'SYNC_FLUSH', flushDelay: 0 });
  let begun = 0;
  let stored = 0;
  const send = async (): Promise<void> => {
    for (;;) {
      const message = new Message('bench', BODY);
      message.setKeys(`key-${begun++}`);
      await producer.send(message);
      if (++stored === messages) process.send!(process.memoryUsage.rss());
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, send));
}

/** Opens the store, reports how long that took and what is resident, and closes it when asked to. */
async function open(directory: string): Promise<void> {
  const startedAt = performance.now();
  const { close } = await openClient({ directory, flushDiskType: 'SYNC_FLUSH', flushDelay: 0 });
  process.send!(performance.now() - startedAt);
  process.send!(process.memoryUsage.rss());
  process.once('SIGTERM', () => void close().then(() => process.exit(0)));
}

const [role, directory, messages] = process.argv.slice(2);
if (process.argv[1] === SELF && role === 'fill') await fill(directory!, Number(messages));
if (process.argv[1] === SELF && role === 'open') await open(directory!);
