import { table, thousands } from '../report.js';
import { chart } from './chart.js';
import type { Measurements } from './measurements.js';
import type { Peer } from './peers.js';

/** Names of the works, and how the tables call them. */
const PUBLISH = [
  ['publish1', '1'],
  ['publish64', '64'],
  ['publish256', '256'],
  ['publish1024', '1,024'],
  ['batch64', 'batches of 64'],
] as const;
const CPU_WORKS = [
  ['publish1', 'publish, 1 in flight'],
  ['publish256', 'publish, 256 in flight'],
  ['batch64', 'batches'],
  ['consume', 'consume'],
  ['fan10', 'ten and ten, of a million delivered'],
] as const;
const NONE = '–';

/** All that was measured, as sections of Markdown. */
export function report(peers: readonly Peer[], results: Measurements): string {
  return [
    table(
      ['', 'an acknowledged message is', 'versions'],
      peers.map((peer) => [peer.label, peer.acknowledged, peer.version()]),
    ),
    'Messages published per second, by how many were in flight (batches: four):\n',
    rows(
      peers,
      results,
      PUBLISH.map(([, title]) => title),
      (cell) => PUBLISH.map(([work]) => cell(work, thousands)),
    ),
    'Consuming, latency at 1,000 messages a second, ten producers with ten groups, and the restart with a backlog:\n',
    rows(peers, results, CONSUMED, consumedCells),
    'CPU seconds per million messages, of the server + of the client (in process: of both):\n',
    rows(
      peers,
      results,
      CPU_WORKS.map(([, title]) => title),
      cpuCells,
    ),
  ].join('\n');
}

const CONSUMED = [
  'backlog consumed/s',
  'publish to handler p50 / p99',
  'ten and ten: published/s',
  'delivered/s',
  'of each published',
  'restart until the first message',
  'resident server + client, MB',
];

/** What the README has of it. */
export function summary(peers: readonly Peer[], results: Measurements): string {
  const header = [
    'flushed for each acknowledgement',
    '1',
    '64',
    '256',
    '1,024',
    'consumed/s',
    'to handler p50 / p99',
  ];
  const body = peers.map((peer) => {
    const cell = cellOf(peer, results);
    const rates = PUBLISH.slice(0, 4).map(([work]) => cell(work, thousands));
    return [
      peer.label,
      peer.isFlushed ? 'yes' : 'no',
      ...rates,
      cell('consume', thousands),
      latencyCell(cell),
    ];
  });
  const versions = [...new Set(peers.map((peer) => peer.version()))].join('; ');
  return `${table(['', ...header], body)}\nMeasured with ${versions}.\n`;
}

/** The comparison as an image. */
export function drawing(peers: readonly Peer[], results: Measurements, title: string): string {
  const panel = (name: string, figure: string, show: (value: number) => string) => ({
    name,
    bars: peers.map(({ label, isFlushed }) => {
      const value = results.get(label, figure);
      return {
        label,
        isOurs: label.startsWith('ours'),
        isFlushed,
        value,
        text: value === undefined ? NONE : show(value),
      };
    }),
  });
  return chart(title, [
    panel('Messages published per second, 1 in flight', 'publish1', thousands),
    panel('Messages published per second, 256 in flight', 'publish256', thousands),
    panel('Messages of a backlog consumed per second', 'consume', thousands),
    panel('Publish to handler at 1,000/s, p99 (less is better)', 'latency1000 p99', millis),
  ]);
}

type Cell = (figure: string, show: (value: number) => string) => string;

const cellOf =
  ({ label }: Peer, results: Measurements): Cell =>
  (figure, show) => {
    const value = results.get(label, figure);
    return value === undefined ? NONE : show(value) + results.note(label, figure);
  };

function rows(
  peers: readonly Peer[],
  results: Measurements,
  header: readonly string[],
  cells: (cell: Cell) => string[],
): string {
  return table(
    ['', ...header],
    peers.map((peer) => [peer.label, ...cells(cellOf(peer, results))]),
  );
}

function consumedCells(cell: Cell): string[] {
  return [
    cell('consume', thousands),
    latencyCell(cell),
    cell('fan10', thousands),
    cell('fan10 delivered', thousands),
    cell('fan10 of each', shortly),
    cell('restart', seconds),
    sumCell(cell('server resident', megabytes), cell('client resident', megabytes)),
  ];
}

function cpuCells(cell: Cell): string[] {
  return CPU_WORKS.map(([work]) => {
    const client = cell(`${work} client CPU`, shortly);
    const server = cell(`${work} server CPU`, shortly);
    return sumCell(server, client);
  });
}

/** Of server and client, if there is a server of its own. */
const sumCell = (server: string, client: string): string =>
  server === NONE ? client : `${server} + ${client}`;

const latencyCell = (cell: Cell): string =>
  `${cell('latency1000 p50', millis)} / ${cell('latency1000 p99', millis)}`;

const shortly = (value: number): string => (Number.isFinite(value) ? value.toFixed(1) : NONE);
const seconds = (value: number): string => `${(value / 1000).toFixed(2)} s`;
const megabytes = (bytes: number): string => String(Math.round(bytes / 1e6));

function millis(micros: number): string {
  if (!Number.isFinite(micros)) return 'did not keep up';
  return `${(micros / 1000).toFixed(micros < 10_000 ? 2 : 0)} ms`;
}
