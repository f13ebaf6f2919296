import { describe, expect, it } from 'vitest';
import { Message } from '../../lib/common/message.js';
import { MessageSysFlag, transactionValue } from '../../lib/common/message-sys-flag.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { ResponseCode } from '../../lib/remoting/response-code.js';
import { eventually } from '../support/eventually.js';
import { TestClient, type SendFields } from '../support/test-client.js';
import { bodies, startTransactionProducer } from '../support/test-peers.js';
import {
  answer,
  checksOf,
  COMMIT,
  end,
  endHeader,
  HALF_TOPIC,
  OP_TOPIC,
  ROLLBACK,
  sendHalf,
} from '../support/transactions.js';
import { uniqueName, type ClusterRef } from './cluster.js';

/** The brokers of this suite look every second for transactions that are four seconds old. */
export const TRANSACTION_TIMES = { transactionCheckInterval: 1000, transactionTimeOut: 4000 } as const;

/** Transactions: wire-protocol.md 6 and store-and-broker.md 11. */
export function describeTransaction(cluster: ClusterRef): void {
  describe('a transaction', { timeout: 30_000 }, () => {
    async function open() {
      const client = await TestClient.open(cluster());
      const topic = uniqueName('topic');
      const group = uniqueName('producers');
      await client.producerHeartbeat(uniqueName('client'), group);
      const send = (fields: SendFields = {}) =>
        sendHalf(client, topic, { bornTimestamp: Date.now(), ...fields }, group);
      return { client, topic, group, send };
    }

    /** The places of the half messages that the broker knows to have ended. */
    const ended = async (client: TestClient) =>
      (await client.read(OP_TOPIC)).flatMap(({ body, tags }) =>
        tags === 'd' ? body.toString().split(',') : [],
      );

    const halfOf = async (client: TestClient, offset: number) => {
      const { body } = await client.pull(HALF_TOPIC, 'TestClient', { queueOffset: offset, maxMsgNums: 1 });
      return body!;
    };

    it('hides its message until it is committed', async () => {
      const { client, topic, send } = await open();
      const half = await send({
        body: 'm',
        queueId: 1,
        flag: 7,
        properties: { TAGS: 'a', KEYS: 'k', own: 'x' },
      });
      expect(half).toMatchObject({ queueId: 1, transactionId: half.uniqKey });
      expect(await client.read(topic, 1)).toEqual([]);
      expect((await halfOf(client, half.queueOffset)).length).toBeGreaterThan(0);
      expect((await end(client, half, COMMIT)).code).toBe(ResponseCode.SUCCESS);
      await expect.poll(async () => (await client.read(topic, 1)).length).toBe(1);
      const [message] = await client.read(topic, 1);
      expect(message).toMatchObject({ topic, queueId: 1, queueOffset: 0, flag: 7, tags: 'a', keys: 'k' });
      expect(transactionValue(message!.sysFlag)).toBe(MessageSysFlag.TRANSACTION_COMMIT_TYPE);
      expect(message!.preparedTransactionOffset).toBe(endHeader(half, COMMIT).commitLogOffset);
      const { properties } = message!;
      expect(properties.get('own')).toBe('x');
      expect(properties.get('__transactionId__')).toBe(half.uniqKey);
      // Since 5.5 a committed message has them no more.
      const real = cluster().version === '5.5.0' ? [undefined, undefined] : [topic, '1'];
      expect([properties.get('REAL_TOPIC'), properties.get('REAL_QID')]).toEqual(real);
      expect([properties.get('TRAN_MSG'), properties.get('PGROUP')]).toEqual(['true', half.group]);
    });

    it('takes its message away when it is rolled back', async () => {
      const { client, topic, send } = await open();
      expect((await end(client, await send(), ROLLBACK)).code).toBe(ResponseCode.SUCCESS);
      expect((await end(client, await send({ body: 'next' }), COMMIT)).code).toBe(ResponseCode.SUCCESS);
      await expect.poll(async () => bodies(await client.read(topic))).toEqual(['next']);
    });

    it('is ended by its own group, at its own place', async () => {
      const { client, topic, send } = await open();
      const half = await send();
      const { commitLogOffset } = endHeader(half, COMMIT);
      for (const fields of [
        { producerGroup: 'another' },
        { tranStateTableOffset: half.queueOffset + 1 },
        { commitLogOffset: 2 ** 40 },
        { commitLogOffset: commitLogOffset + 1 },
        { commitLogOffset: -1 },
      ]) {
        const { code } = await end(client, half, COMMIT, fields);
        expect(code, JSON.stringify(fields)).toBe(ResponseCode.SYSTEM_ERROR);
      }
      expect(await client.read(topic)).toEqual([]);
      expect((await end(client, half, ROLLBACK)).code).toBe(ResponseCode.SUCCESS);
    });

    it('notes in the op topic what has ended', async () => {
      const { client, send } = await open();
      const [first, second] = [await send(), await send()];
      await end(client, first, COMMIT);
      await end(client, second, ROLLBACK);
      await expect
        .poll(() => ended(client))
        .toEqual(expect.arrayContaining([`${first.queueOffset}`, `${second.queueOffset}`]));
    });

    it('is asked about when nobody says how it ended', async () => {
      const { client, topic, group, send } = await open();
      const half = await send({ body: 'm', queueId: 3 });
      client.oneway(RequestCode.END_TRANSACTION, endHeader(half, 0));
      await eventually(() => checksOf(client).length > 0, 20_000);
      const [{ request, message }] = checksOf(client) as [ReturnType<typeof checksOf>[0]];
      expect(message).toMatchObject({ topic, queueId: 3, msgId: half.uniqKey });
      expect(message.getProperty('TRANSACTION_CHECK_TIMES')).toBe('1');
      expect(request.header).toMatchObject({
        topic: HALF_TOPIC,
        msgId: half.uniqKey,
        transactionId: half.uniqKey,
        commitLogOffset: message.commitLogOffset,
        offsetMsgId: message.offsetMsgId,
        brokerName: client.brokerName,
      });
      expect(request.header.tranStateTableOffset).toBeGreaterThan(half.queueOffset);
      expect((await answer(client, request, COMMIT, group)).code).toBe(ResponseCode.SUCCESS);
      await expect.poll(async () => bodies(await client.read(topic, 3))).toEqual(['m']);
    });

    it.each([
      ['COMMIT_MESSAGE', ['m']],
      ['ROLLBACK_MESSAGE', []],
    ] as const)('of a producer ends with %s', async (state, expected) => {
      const client = await TestClient.open(cluster());
      const topic = uniqueName('topic');
      const executed: unknown[] = [];
      const producer = startTransactionProducer(cluster(), {
        executeLocalTransaction(message, arg) {
          executed.push([message.body.toString(), arg]);
          return state;
        },
        checkLocalTransaction() {
          executed.push('checked');
          return 'UNKNOW';
        },
      });
      const result = await producer.sendMessageInTransaction(new Message(topic, Buffer.from('m')), 42);
      expect(result).toMatchObject({ sendStatus: 'SEND_OK', localTransactionState: state });
      expect(result.transactionId).toBe(result.msgId);
      const read = async () => bodies(await client.read(topic, result.messageQueue.queueId));
      await expect.poll(() => ended(client)).toContain(`${result.queueOffset}`);
      // A half message that is asked about is stored anew, and its old place noted too.
      expect(executed).toEqual([['m', 42]]);
      await expect.poll(read).toEqual(expected);
    });

    it('of a producer that does not know is ended by its answer to a check', async () => {
      const client = await TestClient.open(cluster());
      const topic = uniqueName('topic');
      const checked: string[] = [];
      const producer = startTransactionProducer(cluster(), {
        executeLocalTransaction() {
          throw new Error('the connection to the database broke');
        },
        checkLocalTransaction(message) {
          checked.push(`${message.topic} ${message.body.toString()}`);
          return checked.length === 1 ? 'UNKNOW' : 'COMMIT_MESSAGE';
        },
      });
      const result = await producer.sendMessageInTransaction(new Message(topic, Buffer.from('m')));
      expect(result.localTransactionState).toBe('UNKNOW');
      const read = async () => bodies(await client.read(topic, result.messageQueue.queueId));
      await expect.poll(read, { timeout: 25_000 }).toEqual(['m']);
      expect(checked).toEqual([`${topic} m`, `${topic} m`]);
    });
  });
}
