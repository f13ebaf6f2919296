import { once } from 'node:events';
import { connect } from 'node:net';
import { systemClock } from '../lib/common/clock.js';
import { silentLogger } from '../lib/common/logger.js';
import { DefaultMQProducer, MQClientInstance } from '../lib/client/index.js';
import { TcpTransport } from '../lib/remoting/transport/tcp-transport.js';
import { LEVELS, openClient, type LevelOptions } from './levels.js';
import { startEngine, startNode } from './peers/servers.js';
import { closedLoop, median } from './support/closed-loop.js';
import { NumberedMessages } from './support/numbered.js';
import { paced, type Paced } from './support/paced.js';
import { withScratch } from './support/scratch.js';

type FlushDiskType = LevelOptions['flushDiskType'];

/** When something ended, medians of the rounds. */
export interface Latencies {
  /** At 1,000 a second, whether those before have ended or not. */
  readonly paced: Paced;
  /** The next one begins when the one before has ended. */
  readonly single: Paced;
}

export interface LatencyRow {
  readonly label: string;
  readonly ASYNC_FLUSH: Latencies;
  /** Absent where nothing is flushed. */
  readonly SYNC_FLUSH: Latencies | undefined;
}

interface Subject {
  readonly operation: (number: number, done: () => void) => void;
  close(): Promise<void> | void;
}

const PER_SECOND = 1000;
const SECONDS = 3;
/** Before: as long as V8 compiles, it does so on the processor that flushes would need. */
const WARM_PER_SECOND = 10_000;
const BODY = Buffer.alloc(1024, 'a');

/** The machine's own, the limits, and ours. */
const SUBJECTS: {
  label: string;
  isFlushed: boolean;
  open: (directory: string, flushDiskType: FlushDiskType) => Promise<Subject>;
}[] = [
  { label: 'nothing is done', isFlushed: false, open: openNothing },
  { label: 'bare loop, acknowledged', isFlushed: true, open: openBare },
  { label: 'listener called, in process', isFlushed: true, open: openInProcess },
  { label: 'bare echo over TCP, back', isFlushed: false, open: openEcho },
  { label: 'listener called, over TCP', isFlushed: true, open: openOverTcp },
];

/** From the time at which a message was to be sent until its listener is called, and what it is compared with. */
export async function measureListenerLatency(rounds: number): Promise<LatencyRow[]> {
  const cells = SUBJECTS.flatMap((subject) =>
    (subject.isFlushed ? (['ASYNC_FLUSH', 'SYNC_FLUSH'] as const) : (['ASYNC_FLUSH'] as const)).map(
      (flushDiskType) => ({ subject, flushDiskType, results: [] as Latencies[] }),
    ),
  );
  for (let round = 0; round < rounds; round++) {
    for (const { subject, flushDiskType, results } of cells)
      results.push(await withScratch((directory) => measure(() => subject.open(directory, flushDiskType))));
  }
  const resultOf = (label: string, flush: FlushDiskType): Latencies | undefined => {
    const cell = cells.find(
      ({ subject, flushDiskType }) => subject.label === label && flushDiskType === flush,
    );
    return cell && medians(cell.results);
  };
  return SUBJECTS.map(({ label }) => ({
    label,
    ASYNC_FLUSH: resultOf(label, 'ASYNC_FLUSH')!,
    SYNC_FLUSH: resultOf(label, 'SYNC_FLUSH'),
  }));
}

async function measure(open: () => Promise<Subject>): Promise<Latencies> {
  const subject = await open();
  await paced(WARM_PER_SECOND, SECONDS, subject.operation);
  const atRate = await paced(PER_SECOND, SECONDS, subject.operation);
  let number = 0;
  const single = await closedLoop(1, SECONDS * 1000, (done) => subject.operation(number++, done));
  await subject.close();
  return { paced: atRate, single };
}

function medians(results: readonly Latencies[]): Latencies {
  return {
    paced: mediansOf(results.map((result) => result.paced)),
    single: mediansOf(results.map((result) => result.single)),
  };
}

function mediansOf(results: readonly Paced[]): Paced {
  return { p50: median(results.map(({ p50 }) => p50)), p99: median(results.map(({ p99 }) => p99)) };
}

/** What the loop of this process and the machine add by themselves. */
async function openNothing(): Promise<Subject> {
  return { operation: (_number, done) => void setImmediate(done), close: () => {} };
}

async function openBare(directory: string, flushDiskType: FlushDiskType): Promise<Subject> {
  const level = await LEVELS.limit({ directory, flushDiskType, flushDelay: 0 });
  return { operation: (_number, done) => level.send(done), close: () => level.close() };
}

async function openInProcess(directory: string, flushDiskType: FlushDiskType): Promise<Subject> {
  const { instance, producer, close } = await openClient({ directory, flushDiskType, flushDelay: 0 });
  return openListener(instance, producer, close);
}

/** The client is in this process, the engine in another. */
async function openOverTcp(directory: string, flushDiskType: FlushDiskType): Promise<Subject> {
  const server = await startEngine(directory, flushDiskType);
  const instance = new MQClientInstance({
    transport: new TcpTransport({ clock: systemClock, logger: silentLogger }),
    namesrvAddrs: [server.address],
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
  });
  const producer = new DefaultMQProducer(instance, {});
  producer.start();
  return openListener(instance, producer, async () => {
    producer.shutdown();
    instance.shutdown();
    await server.stop();
  });
}

async function openListener(
  instance: MQClientInstance,
  producer: DefaultMQProducer,
  closeClient: () => Promise<void>,
): Promise<Subject> {
  const messages = new NumberedMessages(instance, producer, 'bench');
  await messages.start();
  const close = () => messages.close().then(closeClient);
  return { operation: messages.send, close };
}

/** Here and back again through another process that sleeps in between. */
async function openEcho(): Promise<Subject> {
  const server = await startNode('../limits/echo', []);
  const socket = connect({ port: Number(server.address), host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const waiting: (() => void)[] = [];
  let bytes = 0;
  socket.on('data', (data) => {
    for (bytes += data.length; bytes >= BODY.length; bytes -= BODY.length) waiting.shift()?.();
  });
  return {
    operation: (_number, done) => {
      waiting.push(done);
      socket.write(BODY);
    },
    close: async () => {
      socket.destroy();
      await server.stop();
    },
  };
}
