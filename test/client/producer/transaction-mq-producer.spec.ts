import { describe, expect, it } from 'vitest';
import { ClientRemotingProcessor } from '../../../lib/client/client-remoting-processor.js';
import { TransactionMQProducer, type LocalTransactionState } from '../../../lib/client/index.js';
import type { Request } from '../../../lib/remoting/named-request.js';
import { eventually } from '../../support/eventually.js';
import { TestClient } from '../../support/test-client.js';
import { startEngine } from '../../support/test-engine.js';
import { bodies, startInstance } from '../../support/test-peers.js';
import { RecordingLogger } from '../../support/test-store.js';
import { checksOf, GROUP, sendHalf } from '../../support/transactions.js';
import { settle } from '../../support/virtual-clock.js';

type Check = Request<'CHECK_TRANSACTION_STATE'>;

/** A check that a broker sent, and a producer that is asked by the test. */
async function open(
  check: () => LocalTransactionState | Promise<LocalTransactionState>,
  config = {},
  group = GROUP,
) {
  const engine = await startEngine({ engine: { transactionCheckInterval: 100, transactionTimeOut: 0 } });
  const client = await TestClient.open(engine);
  await client.producerHeartbeat('one', GROUP);
  await sendHalf(client, 't', { body: 'm', bornTimestamp: Date.now() });
  await eventually(() => checksOf(client).length > 0);
  const [{ request }] = checksOf(client) as [ReturnType<typeof checksOf>[0]];
  const logger = new RecordingLogger();
  const instance = startInstance(engine, { logger });
  const executeLocalTransaction = () => 'UNKNOW' as const;
  const producer = new TransactionMQProducer(
    instance,
    { ...config, group },
    { executeLocalTransaction, checkLocalTransaction: check },
  );
  producer.start();
  await instance.updateBrokers();
  const processor = new ClientRemotingProcessor(instance);
  const ask = (changed: Partial<Check['header']> = {}, body = request.body) =>
    processor.process({ ...request, header: { ...request.header, ...changed }, body }, () => {});
  return { client, logger, ask };
}

describe('a producer that is asked about a transaction', () => {
  it.each([
    ['by a broker that names itself', {}],
    ['by a broker before version 5', { brokerName: undefined }],
  ])('answers %s', async (_name, changed) => {
    const { client, ask } = await open(() => 'COMMIT_MESSAGE');
    ask(changed);
    await expect.poll(async () => bodies(await client.read('t'))).toEqual(['m']);
  });

  it('goes to no broker that it does not know', async () => {
    const { client, logger, ask } = await open(() => 'COMMIT_MESSAGE');
    ask({ brokerName: 'elsewhere' });
    await eventually(() => logger.lines.join().includes('The broker[elsewhere] not exist'));
    expect(await client.read('t')).toEqual([]);
  });

  it('says that it cannot answer for another group, or about what is no message', async () => {
    const { logger, ask } = await open(() => 'COMMIT_MESSAGE', {}, 'another');
    ask();
    await eventually(() => logger.lines.join().includes(`producer group "${GROUP}" has no transactions`));
    ask({}, Buffer.from('nonsense'));
    await eventually(() => logger.lines.join().includes('producer group "" has no transactions'));
  });

  it('answers so many at once, lets others wait, and drops the rest', async () => {
    let asked = 0;
    const { logger, ask } = await open(
      () => {
        asked++;
        return new Promise(() => {});
      },
      { checkThreadPoolMaxSize: 2, checkRequestHoldMax: 3 },
    );
    for (let i = 0; i < 2; i++) ask();
    await eventually(() => asked === 2);
    // Of those that are dropped one is told of.
    for (let i = 0; i < 13; i++) ask();
    await settle();
    expect(asked).toBe(2);
    expect(
      logger.lines.filter((line) => line.includes('3 checks of transactions wait already')),
    ).toHaveLength(1);
  });
});
