import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/common/clock.js';
import { silentLogger } from '../../lib/common/logger.js';
import { TcpTransport } from '../../lib/remoting/transport/tcp-transport.js';
import { decodeFrame } from '../../lib/remoting/codec/remoting-frame.js';
import { mutatedFrame } from '../support/mutated-frames.js';
import { SeededRandom } from '../support/random.js';
import { TestClient } from '../support/test-client.js';
import { startEngine, type TestEngine } from '../support/test-engine.js';
import { temporaryDirectory } from '../support/test-store.js';

/** `npm run test:fuzz` sends a million. */
const COUNT = Number(process.env['ROCKETMQ_FUZZ_FRAMES'] ?? 20_000);
const SEED = Number(process.env['ROCKETMQ_FUZZ_SEED'] ?? Date.now() % 1_000_000);
/** Most frames of one connection, and those between looks at the engine. */
const MAX_FRAMES = 50;
const FRAMES_PER_LOOK = 2000;
const MIB = 2 ** 20;

const listen = { nameServerPort: 0, listenPort: 0 };

const portOf = (address: string): number => Number(address.split(':')[1]);

/** Frames for one connection, all of which are read: behind one that no server can read comes none. */
function framesOfConnection(random: SeededRandom): Buffer[] {
  const frames: Buffer[] = [];
  do frames.push(mutatedFrame(random));
  while (frames.length < MAX_FRAMES && isReadable(frames.at(-1)!));
  return frames;
}

function isReadable(frame: Buffer): boolean {
  try {
    decodeFrame(frame.subarray(4));
    return frame.readInt32BE(0) === frame.length - 4;
  } catch {
    return false;
  }
}

/** Sends frames until the server has had enough of them or reads the last one. */
async function attack(port: number, frames: readonly Buffer[], cutAt: number): Promise<void> {
  const socket: Socket = connect(port, '127.0.0.1');
  socket.on('error', () => {}).resume();
  const bytes = Buffer.concat(frames);
  const closed = once(socket, 'close');
  if (cutAt < 1) socket.write(bytes.subarray(0, Math.floor(bytes.length * cutAt)), () => socket.destroy());
  else socket.end(bytes);
  await closed;
}

/** An honest client of another process. */
const openClient = ({ namesrvAddrs }: TestEngine) =>
  TestClient.open({
    namesrvAddrs,
    connect: () => new TcpTransport({ clock: systemClock, logger: silentLogger }),
    close: async () => {},
  });

describe('an engine', () => {
  it(
    `survives ${COUNT} mutated frames (seed ${SEED})`,
    async () => {
      const random = new SeededRandom(SEED);
      const directory = temporaryDirectory();
      const engine = await startEngine({ engine: { listen }, directory });
      const client = await openClient(engine);
      const { brokerAddrs } = (await client.route('BenchmarkTest')).body!.brokerDatas[0]!;
      const ports = [portOf(engine.namesrvAddrs[0]!), portOf(brokerAddrs.get(0)!)];
      const memory: number[] = [];
      let honest = 0;
      for (let sent = 0; sent < COUNT;) {
        const frames = framesOfConnection(random);
        sent += frames.length;
        await attack(ports[random.chance(0.1) ? 0 : 1]!, frames, random.chance(0.1) ? random.next() : 1);
        if (sent < memory.length * FRAMES_PER_LOOK) continue;
        expect((await client.send('honest', { queueId: 0 })).code).toBe(0);
        honest++;
        // A line for each connection: kept, they would be most of the memory.
        engine.logger.lines.length = 0;
        memory.push(process.memoryUsage().rss / MIB);
      }
      expect(await client.read('honest')).toHaveLength(honest);
      if (process.env['ROCKETMQ_FUZZ_FRAMES'] !== undefined) report(memory);
      expect(Math.max(...memory) - memory[0]!).toBeLessThan(256);
      await engine.close();

      const again = await startEngine({ engine: { listen }, directory });
      expect(await (await openClient(again)).read('honest')).toHaveLength(honest);
    },
    COUNT * 10 + 30_000,
  );
});

function report(memory: readonly number[]): void {
  const step = Math.ceil(memory.length / 20);
  const shown = memory.filter((_, i) => i % step === 0).map((mib) => Math.round(mib));
  console.log(`seed ${SEED}, resident MiB over time: ${shown.join(' ')}`);
}
