import { describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/common/clock.js';
import { silentLogger } from '../../lib/common/logger.js';
import type { MessageExt } from '../../lib/common/message-ext.js';
import type { MessageListener } from '../../lib/client/index.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { ResponseCode } from '../../lib/remoting/response-code.js';
import { TcpTransport } from '../../lib/remoting/transport/tcp-transport.js';
import { eventually } from '../support/eventually.js';
import { TestClient } from '../support/test-client.js';
import { startEngine } from '../support/test-engine.js';
import { bodies, collect, startConsumer, startInstance } from '../support/test-peers.js';

/** An engine, to which clients of the test come in the same process or over TCP. */
async function openCluster(way: string, engineOptions = {}) {
  const listen = way === 'TCP' ? { nameServerPort: 0, listenPort: 0 } : false;
  const engine = await startEngine({ engine: { listen, ...engineOptions } });
  if (way !== 'TCP') return engine;
  return {
    namesrvAddrs: engine.namesrvAddrs,
    connect: () => new TcpTransport({ clock: systemClock, logger: silentLogger }),
    close: async () => {},
  };
}

/** A consumer of group `g`, with three messages of topic `t` that it has consumed. */
async function open(way: string, listenerOf: (into: MessageExt[]) => MessageListener, engineOptions = {}) {
  const cluster = await openCluster(way, engineOptions);
  const admin = await TestClient.open(cluster);
  await admin.sendBatch('t', [{}, {}, {}]);
  const received: MessageExt[] = [];
  const instance = startInstance(cluster);
  const consumer = await startConsumer(cluster, 'g', { t: '*' }, listenerOf(received), { instance });
  await eventually(() => received.length === 3);
  const mq = { topic: 't', brokerName: admin.brokerName, queueId: 0 };
  const { clientId } = instance;
  const offset = async () => {
    const header = { topic: 't', queueId: 0, consumerGroup: 'g' };
    return (await admin.call(RequestCode.QUERY_CONSUMER_OFFSET, header)).header?.offset;
  };
  return { admin, received, consumer, instance, clientId, mq, offset };
}

const orderly = (into: MessageExt[]): MessageListener => ({
  orderly: (messages) => {
    into.push(...messages);
    return 'SUCCESS';
  },
});

const LISTENERS = [
  ['in any order', collect],
  ['in order', orderly],
] as const;
const WAYS = ['in process', 'TCP'] as const;
const CASES = WAYS.flatMap((way) => LISTENERS.map(([order, listener]) => [way, order, listener] as const));

describe('a consumer that an administrator asks', () => {
  it.each(CASES)('says what it is and does (%s, %s)', async (way, order, listener) => {
    const { admin, clientId, consumer, mq } = await open(way, listener);
    const header = { consumerGroup: 'g', clientId, jstackEnable: false };
    const { code, body } = await admin.call(RequestCode.GET_CONSUMER_RUNNING_INFO, header);
    expect(code).toBe(0);
    expect(body!.properties.get('PROP_CONSUME_TYPE')).toBe('CONSUME_PASSIVELY');
    expect(body!.properties.get('PROP_CONSUMEORDERLY')).toBe(String(order === 'in order'));
    expect(body!.properties.get('consumeThreadNumber')).toBe(String(consumer.config.consumeThreadNumber));
    expect(Number(body!.properties.get('PROP_CONSUMER_START_TIMESTAMP'))).toBeGreaterThan(0);
    expect(body!.subscriptionSet.map(({ topic }) => topic).toSorted()).toEqual(['%RETRY%g', 't']);
    const [, info] = [...body!.mqTable].find(([queue]) => queue.topic === 't' && queue.queueId === 0)!;
    expect(info).toMatchObject({ commitOffset: 3, cachedMsgCount: 0, droped: false });
    expect(info.locked).toBe(order === 'in order');
    expect(body!.statusTable.get('t')).toMatchObject({ consumeFailedMsgs: 0 });
    const status = { topic: 't', group: 'g' };
    const asked = await admin.call(RequestCode.INVOKE_BROKER_TO_GET_CONSUMER_STATUS, status);
    const offsets = [...asked.body!.consumerTable.get(clientId)!];
    expect(offsets).toContainEqual([mq, 3]);
  });

  it.each(CASES)('calls its listener with a message (%s, %s)', async (way, _order, listener) => {
    const { admin, clientId, consumer, received, offset } = await open(way, listener);
    // The message does not come by itself.
    consumer.pause();
    const { header } = await admin.send('t', { body: 'by hand' });
    const asked = { consumerGroup: 'g', clientId, msgId: header!.msgId, topic: 't' };
    const call = () => admin.call(RequestCode.CONSUME_MESSAGE_DIRECTLY, asked, Buffer.alloc(0));
    const { body } = await call();
    expect(body).toMatchObject({
      order: listener === orderly,
      autoCommit: true,
      consumeResult: 'CR_SUCCESS',
    });
    expect(bodies(received)).toEqual(['hello', 'hello', 'hello', 'by hand']);
    expect(received.at(-1)!.brokerName).toBe(admin.brokerName);
    // Nothing of it is committed.
    consumer.persistConsumerOffset();
    await expect.poll(offset).toBe(3);
    const unknown = { ...asked, msgId: 'nonsense' };
    const refused = await admin.call(RequestCode.CONSUME_MESSAGE_DIRECTLY, unknown, Buffer.alloc(0));
    expect(refused.code).toBe(ResponseCode.SYSTEM_ERROR);
    expect(refused.remark).toContain('nonsense');
  });

  it.each([
    ['RECONSUME_LATER', 'CR_LATER', undefined],
    [undefined, 'CR_RETURN_NULL', undefined],
    [new Error('broken'), 'CR_THROW_EXCEPTION', 'Error: broken'],
  ])('reports what came of it (%s)', async (outcome, consumeResult, remark) => {
    let isDirect = false;
    const { admin, clientId } = await open('in process', (into) => ({
      concurrently: async (messages) => {
        into.push(...messages);
        if (!isDirect) return 'CONSUME_SUCCESS';
        if (outcome instanceof Error) throw outcome;
        return outcome as 'RECONSUME_LATER';
      },
    }));
    const { header } = await admin.send('other');
    isDirect = true;
    const asked = { consumerGroup: 'g', clientId, msgId: header!.msgId };
    const { body } = await admin.call(RequestCode.CONSUME_MESSAGE_DIRECTLY, asked, Buffer.alloc(0));
    expect(body).toMatchObject({ consumeResult, ...(remark === undefined ? {} : { remark }) });
  });

  it('answers for no group but its own', async () => {
    const { instance, admin, clientId } = await open('in process', collect);
    expect(instance.consumerOf('h')).toBeUndefined();
    const header = { consumerGroup: 'h', clientId, jstackEnable: false };
    const { code } = await admin.call(RequestCode.GET_CONSUMER_RUNNING_INFO, header);
    expect(code).toBe(ResponseCode.SYSTEM_ERROR);
  });

  describe.each([true, false])(
    'when its offsets are reset (in the broker: %s)',
    (useServerSideResetOffset) => {
      it.each(CASES)('goes on at them (%s, %s)', async (way, _order, listener) => {
        const engineOptions = { useServerSideResetOffset };
        const { admin, received, consumer, offset } = await open(way, listener, engineOptions);
        consumer.persistConsumerOffset();
        await expect.poll(offset).toBe(3);
        // Without, each queue must have an offset that can be reset.
        for (const queueId of [1, 2, 3]) {
          const committed = { topic: 't', queueId, consumerGroup: 'g', commitOffset: 0 };
          await admin.call(RequestCode.UPDATE_CONSUMER_OFFSET, committed);
        }
        received.length = 0;
        const target = { topic: 't', group: 'g', timestamp: 0, isForce: true, queueId: -1, offset: -1 };
        const { code, remark } = await admin.call(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, target);
        expect([code, remark]).toEqual([0, undefined]);
        await eventually(() => received.length === 3);
        expect(received.map(({ queueOffset }) => queueOffset)).toEqual([0, 1, 2]);
        consumer.persistConsumerOffset();
        await expect.poll(offset).toBe(3);
        await admin.send('t', { body: 'next' });
        await eventually(() => received.length === 4);
        expect(bodies(received).at(-1)).toBe('next');
      });
    },
  );

  it('does not let a message that is being handled undo a reset', async () => {
    let release = () => {};
    let calls = 0;
    const { admin, received, offset } = await open('in process', (into) => ({
      orderly: async (messages) => {
        into.push(...messages);
        if (++calls === 4) await new Promise<void>((resolve) => (release = resolve));
        return 'SUCCESS' as const;
      },
    }));
    await admin.send('t');
    await eventually(() => calls === 4);
    const target = { topic: 't', group: 'g', timestamp: 0, isForce: true, queueId: 0, offset: 1 };
    await admin.call(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, target);
    expect(await offset()).toBe(1);
    release();
    await eventually(() => received.length === 7);
    expect(received.slice(4).map(({ queueOffset }) => queueOffset)).toEqual([1, 2, 3]);
  });
});
