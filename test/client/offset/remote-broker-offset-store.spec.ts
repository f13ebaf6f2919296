import { describe, expect, it } from 'vitest';
import type { MQClientInstance } from '../../../lib/client/index.js';
import { RemoteBrokerOffsetStore } from '../../../lib/client/offset/remote-broker-offset-store.js';
import { MQClientError } from '../../../lib/errors/mq-client.error.js';
import type { RemotingRequest } from '../../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { settle } from '../../support/virtual-clock.js';

interface Told {
  readonly address: string;
  readonly queueId: number;
  readonly offset: number;
  answer(): void;
  fail(): void;
}

/** A store whose broker answers when the test says so. */
function openStore() {
  const told: Told[] = [];
  const requestFrom = (
    address: string,
    { header }: RemotingRequest<typeof RequestCode.UPDATE_CONSUMER_OFFSET>,
  ) =>
    new Promise<void>((resolve, reject) => {
      const fail = () => reject(new MQClientError('no answer', { retryable: true }));
      const { queueId, commitOffset: offset } = header;
      told.push({ address, queueId, offset, answer: resolve, fail });
    });
  const route = { address: 'master', next: 'master' };
  const findBrokerAddressInSubscribe = () => ({ address: route.address, isSlave: false });
  const updateTopicRouteInfo = async () => void (route.address = route.next);
  const connection: { current?: object } = {};
  const connectionStatus = () => connection.current;
  const instance = {
    requestFrom,
    findBrokerAddressInSubscribe,
    connectionStatus,
    updateTopicRouteInfo,
  } as unknown as MQClientInstance;
  const store = new RemoteBrokerOffsetStore(instance, 'group');
  const commit = (queueId: number, offset: number, topic = 'topic') => {
    const mq = { topic, brokerName: 'b', queueId };
    store.updateOffset(mq, offset, true);
    return store.persist(mq);
  };
  return { store, route, connection, told, commit, toldQueues: () => told.map(({ queueId }) => queueId) };
}

describe('offsets that brokers keep', () => {
  it('are told all at once when the broker has the first of their topic', async () => {
    const { told, commit, toldQueues } = openStore();
    const all = Promise.all([0, 1, 2].map((queueId) => commit(queueId, 1)));
    await settle();
    expect(toldQueues()).toEqual([0]);
    const other = commit(0, 1, 'other');
    await settle();
    expect(toldQueues()).toEqual([0, 0]);
    told[0]!.answer();
    await settle();
    expect(toldQueues()).toEqual([0, 0, 1, 2]);
    for (const each of told) each.answer();
    await Promise.all([all, other]);
  });

  it('are told once, and again when they have changed', async () => {
    const { store, told, commit, toldQueues } = openStore();
    const queues = [0, 1].map((queueId) => ({ topic: 'topic', brokerName: 'b', queueId }));
    const committed = Promise.all([commit(0, 1), commit(1, 1)]);
    for (let next = 0; next < 2; next++) {
      await settle();
      told[next]!.answer();
    }
    await committed;
    await store.persistAll(queues);
    expect(toldQueues()).toEqual([0, 1]);
    store.updateOffset(queues[1]!, 2, true);
    const persisted = store.persistAll(queues);
    await settle();
    expect(toldQueues()).toEqual([0, 1, 1]);
    told[2]!.answer();
    await persisted;
  });

  it('are told again over a new connection: the broker may have been killed before it wrote them down', async () => {
    const { store, connection, told } = openStore();
    const mq = { topic: 'topic', brokerName: 'b', queueId: 0 };
    const persistAll = async () => {
      const persisted = store.persistAll([mq]);
      await settle();
      told.at(-1)!.answer();
      await persisted;
      return told.length;
    };
    connection.current = { state: 'connected' };
    store.updateOffset(mq, 1, true);
    expect(await persistAll()).toBe(1);
    expect(await persistAll()).toBe(1);
    connection.current = { state: 'disconnected' };
    expect(await persistAll()).toBe(1);
    connection.current = { state: 'connected' };
    expect(await persistAll()).toBe(2);
    expect(await persistAll()).toBe(2);
    connection.current = undefined;
    expect(await persistAll(), 'and to the engine of this process, when that has taken over').toBe(3);
  });

  it('are not told again of a queue that is released after a new connection: another member may be further', async () => {
    const { store, connection, told, commit } = openStore();
    connection.current = { state: 'connected' };
    const committed = commit(0, 1);
    await settle();
    told[0]!.answer();
    await committed;
    connection.current = { state: 'connected' };
    void store.persist({ topic: 'topic', brokerName: 'b', queueId: 0 });
    await settle();
    expect(told).toHaveLength(1);
  });

  it('are told to a slave the first one alone, too', async () => {
    const { route, told, commit } = openStore();
    const first = commit(0, 1);
    await settle();
    told[0]!.answer();
    await first;
    route.address = 'slave';
    const others = Promise.all([1, 2].map((queueId) => commit(queueId, 1)));
    await settle();
    expect(told.map(({ address, queueId }) => `${address} ${queueId}`)).toEqual(['master 0', 'slave 1']);
    told[1]!.answer();
    await settle();
    told[2]!.answer();
    await others;
  });

  it('leave nothing behind of the addresses that a broker had', async () => {
    const { store, route, told, commit } = openStore();
    for (let day = 0; day < 100; day++) {
      route.address = `10.0.0.${day}`;
      const sent = commit(0, day);
      await settle();
      told.at(-1)!.answer();
      await sent;
    }
    const tables = Object.values(store).filter((field) => field instanceof Map);
    expect(tables.map(({ size }) => size)).toEqual([1, 1, 1]);
  });

  it('are told to the slave of a master that is no more, and to others meanwhile', async () => {
    const { store, route, told } = openStore();
    const queues = [0, 1].map((queueId) => ({ topic: `topic${queueId}`, brokerName: 'b', queueId }));
    for (const mq of queues) store.updateOffset(mq, 1, true);
    let isOver = false;
    const persisted = store.persistAll(queues).finally(() => (isOver = true));
    await settle();
    route.next = 'slave';
    told[0]!.fail();
    await settle();
    expect(told.map(({ address }) => address)).toEqual(['master', 'master', 'slave']);
    told[2]!.answer();
    await settle();
    expect(isOver).toBe(false);
    told[1]!.answer();
    await persisted;
  });

  it('are told of a queue that is being released, although it is forgotten meanwhile', async () => {
    const { store, route, told, commit } = openStore();
    const released = commit(0, 5);
    await settle();
    await store.persistAll([]);
    route.next = 'slave';
    told[0]!.fail();
    await settle();
    expect(told.map(({ address, offset }) => `${address} ${offset}`)).toEqual(['master 5', 'slave 5']);
    told[1]!.answer();
    await released;
  });

  it('are told although the first could not be, which is told again', async () => {
    const { told, commit, toldQueues } = openStore();
    const failed = expect(commit(0, 1)).rejects.toThrow('no answer');
    const second = commit(1, 1);
    await settle();
    told[0]!.fail();
    await failed;
    await settle();
    told[1]!.answer();
    await second;
    const again = commit(0, 1);
    await settle();
    told[2]!.answer();
    await again;
    expect(toldQueues()).toEqual([0, 1, 0]);
  });
});
