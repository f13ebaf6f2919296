import { expect, it } from 'vitest';
import { DefaultMQProducer, DefaultMQPushConsumer } from '../../lib/client/index.js';
import { systemClock } from '../../lib/common/clock.js';
import { silentLogger } from '../../lib/common/logger.js';
import { Message } from '../../lib/common/message.js';
import { TcpTransport } from '../../lib/remoting/transport/tcp-transport.js';
import { EngineProcess } from '../support/engine-process.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { startInstance } from '../support/test-peers.js';
import { temporaryDirectory } from '../support/test-store.js';

const KILLS = 3;
const PRODUCERS = 8;
const MESSAGES_BETWEEN_KILLS = 2000;

/** Sends until it is told to stop; what fails is sent no more, and need not arrive. */
function keepSending(producer: DefaultMQProducer, acknowledged: Set<string>) {
  let isOver = false;
  let number = 0;
  const send = async (): Promise<void> => {
    while (!isOver) {
      const id = `m${number++}`;
      const sent = await producer.send(new Message('t', Buffer.from(id))).catch(() => undefined);
      if (sent !== undefined) acknowledged.add(id);
      else await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const ended = Promise.all(Array.from({ length: PRODUCERS }, send));
  return async () => {
    isOver = true;
    await ended;
  };
}

it('another process loses nothing that was acknowledged when the engine is killed under load', async () => {
  const directory = temporaryDirectory();
  const port = await freePort();
  let engine = await EngineProcess.start(directory, port);
  const instance = startInstance({
    namesrvAddrs: [engine.namesrvAddr],
    connect: () => new TcpTransport({ clock: systemClock, logger: silentLogger }),
    close: async () => {},
  });
  const producer = new DefaultMQProducer(instance);
  producer.start();
  const got = new Set<string>();
  const config = { consumerGroup: 'g', consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET' } as const;
  const consumer = new DefaultMQPushConsumer(instance, config, {
    concurrently: (messages) => {
      for (const { body } of messages) got.add(body.toString());
      return 'CONSUME_SUCCESS';
    },
  });
  consumer.subscribe('t');
  await consumer.start();

  const acknowledged = new Set<string>();
  const stop = keepSending(producer, acknowledged);
  for (let i = 0; i < KILLS; i++) {
    const before = acknowledged.size;
    await eventually(() => acknowledged.size >= before + MESSAGES_BETWEEN_KILLS, 20_000);
    await engine.kill();
    engine = await EngineProcess.start(directory, port);
  }
  const before = acknowledged.size;
  await eventually(() => acknowledged.size > before, 20_000);
  await stop();
  await eventually(() => [...acknowledged].every((id) => got.has(id)), 30_000);
  expect(acknowledged.size).toBeGreaterThan(KILLS * MESSAGES_BETWEEN_KILLS);
  await consumer.shutdown();
  producer.shutdown();
  await engine.kill();
}, 90_000);
