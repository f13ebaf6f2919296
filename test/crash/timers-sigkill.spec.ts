import { expect, it } from 'vitest';
import { systemClock } from '../../lib/common/clock.js';
import { silentLogger } from '../../lib/common/logger.js';
import { Message } from '../../lib/common/message.js';
import { TcpTransport } from '../../lib/remoting/transport/tcp-transport.js';
import { EngineProcess } from '../support/engine-process.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { startConsumer, startProducer } from '../support/test-peers.js';
import { temporaryDirectory } from '../support/test-store.js';

const KILLS = 4;
/** Messages of a round, due all through it and behind its kill. */
const COUNT = 1500;
const SPREAD = 5000;

it('every timed message comes, none before its time and none that was recalled, though the engine is killed', async () => {
  const directory = temporaryDirectory();
  const port = await freePort();
  let engine = await EngineProcess.start(directory, port);
  const cluster = {
    namesrvAddrs: [engine.namesrvAddr],
    connect: () => new TcpTransport({ clock: systemClock, logger: silentLogger }),
    close: async () => {},
  };
  const producer = startProducer(cluster);
  await producer.send(new Message('t', Buffer.from('first')));
  const due = new Map<string, number>();
  const recalled = new Set<string>();
  const got = new Set<string>();
  const early: string[] = [];
  await startConsumer(
    cluster,
    'g',
    { t: '*' },
    {
      concurrently: (messages) => {
        for (const { body, storeTimestamp } of messages) {
          got.add(body.toString());
          if (storeTimestamp < (due.get(body.toString()) ?? 0)) early.push(body.toString());
        }
        return 'CONSUME_SUCCESS';
      },
    },
  );

  const send = async (id: string): Promise<void> => {
    const at = Date.now() + 500 + Math.floor(Math.random() * SPREAD);
    const timed = new Message('t', Buffer.from(id));
    timed.setDeliverTimeMs(at);
    due.set(id, at);
    const sent = await producer.send(timed).catch(() => undefined);
    if (sent === undefined) due.delete(id);
    else if (sent.recallHandle !== undefined && at > Date.now() + 2000 && Math.random() < 0.1) {
      const taken = await producer.recallMessage('t', sent.recallHandle).catch(() => undefined);
      if (taken !== undefined) recalled.add(id);
    }
  };
  for (let round = 0; round < KILLS; round++) {
    for (let i = 0; i < COUNT; i += 50)
      await Promise.all(Array.from({ length: 50 }, (_, j) => send(`${round}-${i + j}`)));
    const started = got.size;
    await eventually(() => got.size > started + 50, 20_000);
    await engine.kill();
    engine = await EngineProcess.start(directory, port);
  }
  const expected = [...due.keys()].filter((id) => !recalled.has(id));
  await eventually(() => expected.every((id) => got.has(id)), 30_000);
  expect(due.size).toBeGreaterThan(KILLS * COUNT * 0.9);
  expect(recalled.size).toBeGreaterThan(0);
  expect([...recalled].filter((id) => got.has(id))).toEqual([]);
  expect(early).toEqual([]);
  await engine.kill();
}, 90_000);
