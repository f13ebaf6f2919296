import { expect, it, onTestFinished } from 'vitest';
import {
  MQClientInstance,
  TransactionMQProducer,
  type LocalTransactionState,
} from '../../lib/client/index.js';
import { systemClock } from '../../lib/common/clock.js';
import { silentLogger } from '../../lib/common/logger.js';
import { Message } from '../../lib/common/message.js';
import { TcpTransport } from '../../lib/remoting/transport/tcp-transport.js';
import { EngineProcess } from '../support/engine-process.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { TestClient } from '../support/test-client.js';
import { bodies } from '../support/test-peers.js';
import { temporaryDirectory } from '../support/test-store.js';

const KILLS = 3;
const PRODUCERS = 8;
const TRANSACTIONS_BETWEEN_KILLS = 300;
const OPTIONS = {
  transactionCheckInterval: 500,
  transactionTimeOut: 1000,
  transactionCheckMax: 1000,
  transactionOpBatchInterval: 700,
};

it('every transaction is delivered once or not at all, as its ledger says, however often the engine is killed', async () => {
  const directory = temporaryDirectory();
  const port = await freePort();
  let engine = await EngineProcess.start(directory, port, OPTIONS);
  const { namesrvAddr } = engine;
  const connect = () => new TcpTransport({ clock: systemClock, logger: silentLogger });
  const environment = { clock: systemClock, random: Math.random, logger: silentLogger };
  const config = { heartbeatBrokerInterval: 500 };
  const instance = new MQClientInstance({
    ...environment,
    config,
    transport: connect(),
    namesrvAddrs: [namesrvAddr],
  });
  onTestFinished(() => instance.shutdown());

  /** The database of the application. */
  const ledger = new Map<string, LocalTransactionState>();
  const producer = new TransactionMQProducer(
    instance,
    { group: 'ledger', sendMsgTimeout: 1000 },
    {
      executeLocalTransaction({ body }) {
        const id = body.toString();
        const number = Number(id.slice(1));
        ledger.set(id, number % 3 === 0 ? 'ROLLBACK_MESSAGE' : 'COMMIT_MESSAGE');
        return number % 5 === 0 ? 'UNKNOW' : ledger.get(id)!;
      },
      checkLocalTransaction: ({ body }) => ledger.get(body.toString()) ?? 'ROLLBACK_MESSAGE',
    },
  );
  producer.start();
  let isOver = false;
  let number = 0;
  const work = async (): Promise<void> => {
    while (!isOver) {
      const message = new Message('t', Buffer.from(`m${number++}`));
      const sent = await producer.sendMessageInTransaction(message).catch(() => undefined);
      if (sent === undefined) await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const workers = Array.from({ length: PRODUCERS }, work);
  for (let i = 0; i < KILLS; i++) {
    const before = ledger.size;
    await eventually(() => ledger.size >= before + TRANSACTIONS_BETWEEN_KILLS, 30_000);
    await engine.kill();
    engine = await EngineProcess.start(directory, port, OPTIONS);
  }
  const before = ledger.size;
  await eventually(() => ledger.size > before, 30_000);
  isOver = true;
  await Promise.all(workers);

  const expected = [...ledger].filter(([, state]) => state === 'COMMIT_MESSAGE').map(([id]) => id);
  const client = await TestClient.open({ namesrvAddrs: [namesrvAddr], connect, close: async () => {} });
  const delivered = async () => {
    const queues = await Promise.all([0, 1, 2, 3].map((queueId) => client.read('t', queueId)));
    return bodies(queues.flat()).toSorted();
  };
  await expect
    .poll(async () => (await delivered()).length, { timeout: 30_000 })
    .toBeGreaterThanOrEqual(expected.length);
  expect(await delivered()).toEqual(expected.toSorted());
  producer.shutdown();
  await engine.kill();
}, 120_000);
