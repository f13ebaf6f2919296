import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Message } from '../lib/common/message.js';
import { DefaultMQPushConsumer } from '../lib/client/index.js';
import { openClient } from './levels.js';
import { table, thousands } from './report.js';
import { quantile } from './support/closed-loop.js';
import { withScratch } from './support/scratch.js';

const SELF = fileURLToPath(import.meta.url);
const BODY = Buffer.alloc(1024, 'a');
const IN_FLIGHT = 256;
/** Timers that are due while it is measured, and milliseconds over which they are spread. */
const DUE = 60_000;
const SPREAD = 20_000;
const LEAD = 12_000;
const HOUR = 3_600_000;

export interface TimerResult {
  readonly pending: number;
  readonly resident: number;
  /** Milliseconds between the time of a message and its delivery. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** Ordinary messages per second meanwhile. */
  readonly load: number;
}

/** Fills the wheel, then measures lateness while other messages are sent: in a process of its own, for its memory. */
export function measureTimers(pending: number): Promise<TimerResult> {
  return withScratch(async (directory) => {
    const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const;
    const child = fork(SELF, ['measure', directory, String(pending)], { stdio: [...stdio] });
    const [result] = (await once(child, 'message')) as [TimerResult];
    child.kill('SIGKILL');
    return result;
  });
}

export function timerTable({ pending, resident, p50, p99, max, load }: TimerResult): string {
  const ms = (value: number): string => `${Math.round(value)} ms`;
  return table(
    ['pending timers', 'resident', 'late p50 / p99 / max', 'ordinary messages meanwhile'],
    [
      [
        thousands(pending),
        `${Math.round(resident / 1e6)} MB`,
        `${ms(p50)} / ${ms(p99)} / ${ms(max)}`,
        `${thousands(load)}/s`,
      ],
    ],
  );
}

async function measure(directory: string, pending: number): Promise<void> {
  const { producer, instance } = await openClient({ directory, flushDiskType: 'SYNC_FLUSH', flushDelay: 0 });
  const sendAll = async (count: number, deliverAt: () => number): Promise<void> => {
    let left = count;
    const send = async (): Promise<void> => {
      while (left-- > 0) {
        const timed = new Message('bench-timers', BODY);
        timed.setDeliverTimeMs(deliverAt());
        await producer.send(timed);
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, send));
  };
  const from = Date.now();
  await sendAll(pending, () => from + HOUR + Math.floor(Math.random() * 24 * HOUR));
  const resident = process.memoryUsage.rss();

  const late: number[] = [];
  const config = { consumerGroup: 'bench', consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET' } as const;
  const consumer = new DefaultMQPushConsumer(instance, config, {
    concurrently: (messages) => {
      const now = Date.now();
      for (const message of messages) {
        // A time between two seconds is met at the next one.
        const at = Number(message.getProperty('TIMER_OUT_MS')) + 1000;
        late.push(now - at);
      }
      return 'CONSUME_SUCCESS';
    },
  });
  consumer.subscribe('bench-timers', '*');
  await consumer.start();
  const start = Date.now() + LEAD;
  await sendAll(DUE, () => start + Math.floor(Math.random() * SPREAD));
  let sent = 0;
  const startedAt = Date.now();
  const load = async (): Promise<void> => {
    while (late.length < DUE) {
      await producer.send(new Message('bench', BODY));
      sent++;
    }
  };
  await Promise.all(Array.from({ length: 16 }, load));
  const millis = Date.now() - startedAt;
  const sorted = Float64Array.from(late).sort();
  const result: TimerResult = {
    pending,
    resident: Math.max(resident, process.memoryUsage.rss()),
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
    max: sorted.at(-1)!,
    load: (sent * 1000) / millis,
  };
  process.send!(result);
}

const [role, directory, pending] = process.argv.slice(2);
if (process.argv[1] === SELF && role === 'measure') await measure(directory!, Number(pending));
