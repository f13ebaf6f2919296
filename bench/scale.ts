import { percent, table, thousands } from './report.js';
import { measureCold, type ColdRates } from './scale-cold.js';
import { measureGroups, measureWaiting, type GroupsCost, type WaitingCost } from './scale-groups.js';
import { measureMemory, type MemoryCost } from './scale-memory.js';
import { measureQueues, type QueuesCost } from './scale-queues.js';
import { measureStore, type StoreCost } from './scale-store.js';

const MESSAGES = Number(process.env.BENCH_MESSAGES ?? 10_000_000);
const MILLIS = Number(process.env.BENCH_MILLIS ?? 2500);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);

/** Whether a message costs the same with many queues, groups and messages. */
export const SCALE_PARTS: Readonly<Record<string, () => Promise<string>>> = {
  queues: async () => queuesTable('SYNC_FLUSH', await measureQueues('SYNC_FLUSH', MILLIS, ROUNDS)),
  'queues-async': async () => queuesTable('ASYNC_FLUSH', await measureQueues('ASYNC_FLUSH', MILLIS, ROUNDS)),
  groups: async () => groupsTable(await measureGroups(Math.min(3, ROUNDS))),
  waiting: async () => waitingTable(await measureWaiting(ROUNDS)),
  memory: async () => memoryTable(await measureMemory()),
  store: async () => storeTable(await measureStore(MESSAGES)),
  cold: async () => coldTable(await measureCold(Math.min(3, ROUNDS))),
};

function queuesTable(flushDiskType: string, rows: readonly QueuesCost[]): string {
  return table(
    [`queues, ${flushDiskType}`, 'sent/s', 'CPU of a message', 'p99', 'resident'],
    rows.map(({ queues, rate, cpuMicros, p99, resident }) => [
      thousands(queues),
      `${thousands(rate)} (${percent(rate / rows[0]!.rate)})`,
      `${cpuMicros.toFixed(2)} µs (${percent(cpuMicros / rows[0]!.cpuMicros)})`,
      `${(p99 / 1000).toFixed(2)} ms`,
      megabytes(resident),
    ]),
  );
}

function groupsTable(rows: readonly GroupsCost[]): string {
  return table(
    ['groups', 'delivered/s, of all', 'CPU of a delivered message', 'resident'],
    rows.map(({ groups, rate, cpuMicros, resident }) => [
      String(groups),
      `${thousands(rate)} (${percent(rate / rows[0]!.rate)})`,
      `${cpuMicros.toFixed(2)} µs (${percent(cpuMicros / rows[0]!.cpuMicros)})`,
      megabytes(resident),
    ]),
  );
}

function waitingTable({ few, many }: WaitingCost): string {
  return table(
    ['groups that wait for other topics', '1', '100'],
    [['sent/s', thousands(few), `${thousands(many)} (${percent(many / few)})`]],
  );
}

function storeTable(cost: StoreCost): string {
  const { empty, full, resident, residentOpened, restartAfterClose, restartAfterKill } = cost;
  const rates = table(
    ['messages in the store', 'sent/s', 'consumed/s'],
    [empty, full].map(({ messages, sent, consumed }) => [
      thousands(messages),
      `${thousands(sent)} (${percent(sent / empty.sent)})`,
      `${thousands(consumed)} (${percent(consumed / empty.consumed)})`,
    ]),
  );
  const restart = table(
    ['resident, at most', 'resident after a restart', 'restart after close', 'restart after kill -9'],
    [[megabytes(resident), megabytes(residentOpened), seconds(restartAfterClose), seconds(restartAfterKill)]],
  );
  return `${rates}\n${restart}`;
}

function memoryTable({ topic, queue, group, pulled }: MemoryCost): string {
  return table(
    ['bytes of', 'a topic', 'a queue', 'a group', 'a queue that a group pulls'],
    [['', ...[topic, queue, group, pulled].map(thousands)]],
  );
}

function coldTable({ engine, kernel, old, disk }: ColdRates): string {
  const cell = (rate: number) => `${thousands(rate)} (${percent(rate / engine)})`;
  return table(
    [
      'a backlog is',
      'in memory of the engine',
      'in that of the kernel',
      'there, read as if not',
      'on the disk',
    ],
    [['consumed/s', thousands(engine), cell(kernel), cell(old), disk === undefined ? 'skipped' : cell(disk)]],
  );
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
const seconds = (millis: number): string => `${(millis / 1000).toFixed(2)} s`;
