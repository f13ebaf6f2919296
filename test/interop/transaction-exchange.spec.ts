import { join } from 'node:path';
import { expect, it } from 'vitest';
import { TRANSACTION_TIMES } from '../conformance/transaction.suite.js';
import { systemClock } from '../../lib/common/clock.js';
import { silentLogger } from '../../lib/common/logger.js';
import { TcpTransport } from '../../lib/remoting/transport/tcp-transport.js';
import { CliProcess } from '../support/cli-process.js';
import { TestClient } from '../support/test-client.js';
import { bodies } from '../support/test-peers.js';
import {
  answer,
  checksOf,
  COMMIT,
  end,
  GROUP,
  OP_TOPIC,
  ROLLBACK,
  sendHalf,
} from '../support/transactions.js';
import { eventually } from '../support/virtual-clock.js';
import { ApacheProcess } from './apache-process.js';
import { workDirectory } from './java.js';

const TOPIC = 'exchanged';

interface Broker {
  readonly namesrvAddr: string;
  kill(): Promise<unknown>;
}

async function startOurs(store: string): Promise<Broker> {
  const { transactionCheckInterval, transactionTimeOut } = TRANSACTION_TIMES;
  const broker = CliProcess.start(
    [
      'broker',
      ...['--listen-port', '0', '--name-server-port', '0', '--store-path-root-dir', store],
      ...['--transaction-check-interval', `${transactionCheckInterval}`],
      ...['--transaction-time-out', `${transactionTimeOut}`],
    ],
    workDirectory(),
  );
  await broker.printed('is ready');
  const [, namesrvAddr] = /name server (\S+),/.exec(broker.stdout)!;
  return { namesrvAddr: namesrvAddr!, kill: () => broker.end('SIGKILL') };
}

async function startApache(store: string): Promise<Broker> {
  const namesrv = await ApacheProcess.namesrv();
  const properties = { storePathRootDir: store, ...TRANSACTION_TIMES };
  const broker = await ApacheProcess.broker(namesrv.address, { properties });
  return { namesrvAddr: namesrv.address, kill: () => broker.end('SIGKILL') };
}

async function clientOf({ namesrvAddr }: Broker): Promise<TestClient> {
  const connect = () => new TcpTransport({ clock: systemClock, logger: silentLogger });
  const client = await TestClient.open({ namesrvAddrs: [namesrvAddr], connect, close: async () => {} });
  await client.producerHeartbeat('client', GROUP);
  return client;
}

it.each([
  ['of the engine in Apache', startOurs, startApache],
  ['of Apache in the engine', startApache, startOurs],
])(
  'an open transaction %s is checked there after a kill',
  { timeout: 120_000 },
  async (_name, first, second) => {
    const store = join(workDirectory(), 'store');
    const before = await first(store);
    const client = await clientOf(before);
    const send = (body: string) => sendHalf(client, TOPIC, { body, bornTimestamp: Date.now() });
    await end(client, await send('committed'), COMMIT);
    await end(client, await send('rolled back'), ROLLBACK);
    const noted = async () => (await client.read(OP_TOPIC)).map(({ body }) => body.toString()).join('');
    await expect.poll(noted, { timeout: 10_000 }).toBe('0,1,');
    await send('open');
    await before.kill();

    const again = await clientOf(await second(store));
    // Apache's broker, when it is slow, also asks about a transaction whose end it has not noted yet; that is no second delivery.
    const checkOfOpen = () => checksOf(again).find(({ message }) => message.body.toString() === 'open');
    await eventually(() => checkOfOpen() !== undefined, 60_000);
    expect((await answer(again, checkOfOpen()!.request, COMMIT)).code).toBe(0);
    await expect.poll(async () => bodies(await again.read(TOPIC))).toEqual(['committed', 'open']);
  },
);
