import { expect, it } from 'vitest';
import { systemClock } from '../../lib/common/clock.js';
import { silentLogger } from '../../lib/common/logger.js';
import { TcpTransport } from '../../lib/remoting/transport/tcp-transport.js';
import { EngineProcess } from '../support/engine-process.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { PopClient } from '../support/pop-client.js';
import { TestClient } from '../support/test-client.js';
import { temporaryDirectory } from '../support/test-store.js';

const KILLS = 3;
/** Messages of a round. */
const COUNT = 200;
const CONSUMERS = 3;
const INVISIBLE_TIME = 1500;

async function connect({ namesrvAddr }: EngineProcess): Promise<PopClient> {
  const transport = () => new TcpTransport({ clock: systemClock, logger: silentLogger });
  const client = await TestClient.open({
    namesrvAddrs: [namesrvAddr],
    connect: transport,
    close: async () => {},
  });
  return new PopClient(client, 't', 'g');
}

it('every message is consumed, though consumers forget some and the engine is killed', async () => {
  const directory = temporaryDirectory();
  const sent = new Set<string>();
  const acknowledged = new Set<string>();
  let forgotten = 0;
  let retried = 0;

  /** Pops and acknowledges until the engine is gone, and may forget every fifth message. */
  const consume = async (group: PopClient, forgets: boolean): Promise<void> => {
    for (;;) {
      const popped = await group.pop({ maxMsgNums: 8, invisibleTime: INVISIBLE_TIME, pollTime: 200 });
      for (const message of popped.messages) {
        if (message.reconsumeTimes > 0) retried++;
        if (forgets && Math.random() < 0.2) forgotten++;
        else if ((await group.ack(message)).code === 0) acknowledged.add(message.body.toString());
      }
    }
  };

  for (let round = 0; round < KILLS; round++) {
    const engine = await EngineProcess.start(directory, await freePort());
    const group = await connect(engine);
    const started = retried;
    const consuming = Array.from({ length: CONSUMERS }, () => consume(group, true).catch(() => {}));
    for (let i = 0; i < COUNT; i++) {
      const body = `${round}-${i}`;
      if ((await group.client.send('t', { body })).code === 0) sent.add(body);
    }
    // In the middle of what comes back.
    await eventually(() => retried > started + 10, 20_000);
    await engine.kill();
    await Promise.all(consuming);
  }

  const engine = await EngineProcess.start(directory, await freePort());
  const group = await connect(engine);
  const consuming = consume(group, false).catch(() => {});
  expect(sent.size).toBe(KILLS * COUNT);
  const missing = () => [...sent].filter((body) => !acknowledged.has(body));
  await expect.poll(missing, { timeout: 30_000 }).toEqual([]);
  expect(forgotten).toBeGreaterThan(0);
  expect(retried).toBeGreaterThan(0);
  await engine.kill();
  await consuming;
}, 90_000);
