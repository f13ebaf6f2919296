import type { BacklogResult } from './backlog.js';
import type { ConsumeRates, FilterRates } from './consume-rate.js';
import type { LevelName } from './levels.js';
import type { Latencies, LatencyRow } from './listener-latency.js';
import type { SendRow } from './send-rates.js';
import type { LoopResult } from './support/closed-loop.js';
import type { Paced } from './support/paced.js';

const LEVEL_NAMES: readonly LevelName[] = ['store', 'producer', 'template'];

/** Sends per second, the shares of both bare loops, and p50 / p99 in milliseconds. */
export function sendTable(rows: readonly SendRow[]): string {
  const body = rows.map((row) => [
    ...sendCells(row),
    ...LEVEL_NAMES.map((name) => sendCell(row.levels[name], [row.levels.limit, row.levels.growing])),
  ]);
  return table([...SEND_HEADER, ...LEVEL_NAMES], body);
}

/**
 * The same with flushes that take longer, of which the first row has one message in flight. A third share is of what group
 * commit allows: all in flight for every flush and `bareCost` microseconds for each, one after the other.
 */
export function delayTable(rows: readonly SendRow[], bareCost: number): string {
  const flush = 1e6 / rows[0]!.levels.limit.rate - bareCost;
  const body = rows.map((row) => {
    const allowed = (row.inFlight * 1e6) / (flush + row.inFlight * bareCost);
    const limits = [row.levels.limit, row.levels.growing, { rate: allowed }];
    const cells = LEVEL_NAMES.map((name) => sendCell(row.levels[name], limits));
    return [...sendCells(row), `${thousands(allowed)}/s`, ...cells];
  });
  return table([...SEND_HEADER, 'group commit allows', ...LEVEL_NAMES], body);
}

const SEND_HEADER = ['flush', 'in flight', 'bare loop, old file', 'bare loop, growing file'];

const sendCells = ({ flushDiskType, flushDelay, inFlight, levels }: SendRow): string[] => [
  flushDelay === 0 ? flushDiskType : `${flushDiskType} + ${flushDelay} ms`,
  String(inFlight),
  sendCell(levels.limit, []),
  sendCell(levels.growing, []),
];

function sendCell({ rate, p50, p99 }: LoopResult, limits: readonly Pick<LoopResult, 'rate'>[]): string {
  const shares = limits.map((limit) => percent(rate / limit.rate)).join(', ');
  return `${thousands(rate)}/s${shares && ` (${shares})`} ${millis(p50)} / ${millis(p99)} ms`;
}

export function consumeTable({ limit, consumer }: ConsumeRates): string {
  const share = percent(consumer / limit);
  return table(
    ['consuming a backlog', 'bare pull loop', 'push consumer'],
    [['messages/s', thousands(limit), `${thousands(consumer)} (${share})`]],
  );
}

export function filterTable({ plain, filtered }: FilterRates): string {
  return table(
    ['consuming a backlog', 'everything', 'by three terms of SQL92, which all messages meet'],
    [['messages/s', thousands(plain), `${thousands(filtered)} (${percent(filtered / plain)})`]],
  );
}

export function latencyTable(rows: readonly LatencyRow[]): string {
  const cell = ({ p50, p99 }: Paced): string => `${millis(p50)} / ${millis(p99)} ms`;
  const cells = (results: Latencies | undefined): string[] =>
    results === undefined ? ['–', '–'] : [cell(results.paced), cell(results.single)];
  return table(
    [
      'p50 / p99',
      'ASYNC_FLUSH, 1,000 a second',
      'ASYNC_FLUSH, one at a time',
      'SYNC_FLUSH, 1,000 a second',
      'SYNC_FLUSH, one at a time',
    ],
    rows.map(({ label, ASYNC_FLUSH, SYNC_FLUSH }) => [label, ...cells(ASYNC_FLUSH), ...cells(SYNC_FLUSH)]),
  );
}

export function backlogTable(result: BacklogResult): string {
  return table(
    [
      'backlog',
      'resident when filled',
      'resident after restart',
      'restart after close',
      'restart after kill -9',
    ],
    [
      [
        thousands(result.messages),
        `${Math.round(result.residentFilled / 1e6)} MB`,
        `${Math.round(result.residentOpened / 1e6)} MB`,
        `${(result.restartAfterClose / 1000).toFixed(2)} s`,
        `${(result.restartAfterKill / 1000).toFixed(2)} s`,
      ],
    ],
  );
}

export function table(header: readonly string[], body: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...body.map(line)].join('\n') + '\n';
}

export const thousands = (value: number): string => Math.round(value).toLocaleString('en-US');
export const percent = (value: number): string => `${Math.round(value * 100)} %`;
const millis = (micros: number): string => (micros / 1000).toFixed(micros < 1000 ? 3 : 2);
