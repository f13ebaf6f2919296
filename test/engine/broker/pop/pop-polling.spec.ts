import { describe, expect, it } from 'vitest';
import { RequestCode } from '../../../../lib/remoting/request-code.js';
import { ResponseCode } from '../../../../lib/remoting/response-code.js';
import { createTopic } from '../../../conformance/admin-client.js';
import type { Popped } from '../../../support/pop-client.js';
import type { TestClient } from '../../../support/test-client.js';
import { bodies } from '../../../support/test-peers.js';
import { SECOND, settle } from '../../../support/virtual-clock.js';
import { PopBroker } from './pop-broker.js';

/** Shorter than a test client waits for an answer. */
const POLL_TIME = 9 * SECOND;
const QUEUE = { topic: 't', consumerGroup: 'g', queueId: -1 };

/** A pop that waits. */
function waiting(broker: PopBroker, fields: Parameters<typeof broker.group.pop>[0] = {}) {
  const state: { answer?: Popped; all: Promise<Popped> } = { all: undefined as never };
  state.all = broker.group.pop({ pollTime: POLL_TIME, ...fields });
  void state.all.then((answer) => (state.answer = answer));
  return state;
}

async function forbidGroup(client: TestClient): Promise<void> {
  const { body } = await client.call(RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, { group: 'g' });
  const config = { ...body!, consumeEnable: false };
  await client.call(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, undefined, config);
}

async function pollingNum(broker: PopBroker): Promise<number> {
  return (await broker.client.call(RequestCode.POLLING_INFO, QUEUE)).header!.pollingNum;
}

/** A broker with a pop that waits, as all messages were popped before. */
async function held() {
  const broker = await PopBroker.open();
  await broker.send('1');
  await broker.group.pop();
  const pop = waiting(broker);
  await settle();
  return { broker, pop };
}

describe('a pop that finds nothing', () => {
  it('waits until a message arrives', async () => {
    const broker = await PopBroker.open();
    await broker.client.send('t', { queueId: 3 });
    await broker.group.pop();
    const pop = waiting(broker);
    await settle();
    expect(await pollingNum(broker)).toBe(1);
    await broker.send('1');
    expect(bodies((await pop.all).messages)).toEqual(['1']);
    expect(await pollingNum(broker)).toBe(0);
  });

  it('waits until its time is over', async () => {
    const broker = await PopBroker.open();
    await broker.send('1');
    await broker.group.pop();
    const pop = waiting(broker);
    await broker.pass(8 * SECOND);
    expect(pop.answer).toBeUndefined();
    await broker.pass(SECOND);
    expect(pop.answer).toMatchObject({
      code: ResponseCode.POLLING_TIMEOUT,
      remark: 'NO_MESSAGE_IN_QUEUE',
      header: { restNum: 0, startOffsetInfo: '', msgOffsetInfo: '' },
    });
  });

  it('waits no longer when the clock is set back', async () => {
    const { broker, pop } = await held();
    broker.clock.set(broker.clock.now() - 3600 * SECOND);
    await broker.pass(POLL_TIME);
    expect(pop.answer).toMatchObject({ code: ResponseCode.POLLING_TIMEOUT });
  });

  it('is woken by a message that comes back', async () => {
    const broker = await PopBroker.open();
    await broker.send('1');
    await broker.group.pop({ invisibleTime: SECOND });
    const pop = waiting(broker, { queueId: 2 });
    await broker.pass(6 * SECOND);
    expect(bodies(pop.answer!.messages)).toEqual(['1']);
  });

  it.each([-1, 0])('is woken when an administrator sets the offset (queue %i)', async (queueId) => {
    const broker = await PopBroker.open();
    await broker.send('1');
    await broker.group.pop();
    const pop = waiting(broker, { queueId });
    await settle();
    const reset = { topic: 't', group: 'g', timestamp: 0, isForce: true, queueId: 0, offset: 0 };
    await broker.client.call(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, reset);
    expect(bodies((await pop.all).messages)).toEqual(['1']);
  });

  it.each([
    ['TAG', 'b', 'a'],
    ['SQL92', "TAGS = 'b'", "TAGS = 'a'"],
  ])('is not woken by a message that it does not want (%s)', async (expType, unwanted, wanted) => {
    const broker = await PopBroker.open();
    await broker.send('1');
    await broker.group.pop();
    const pop = waiting(broker, { exp: unwanted, expType });
    const other = waiting(broker, { exp: wanted, expType });
    await settle();
    await broker.send('2');
    await settle();
    expect(pop.answer).toBeUndefined();
    expect(bodies((await other.all).messages)).toEqual(['2']);
  });

  it('is answered at once when too many wait', async () => {
    const broker = await PopBroker.open({ popPollingSize: 2, maxPopPollingSize: 3 });
    await broker.send('1');
    await broker.group.pop();
    await broker.groupOf('t', 'h').pop();
    for (const _ of [1, 2]) waiting(broker);
    await settle();
    expect((await waiting(broker).all).code).toBe(ResponseCode.POLLING_FULL);
    void broker.groupOf('t', 'h').pop({ pollTime: POLL_TIME });
    await settle();
    const third = await broker.groupOf('t', 'h').pop({ pollTime: POLL_TIME });
    expect(third.code).toBe(ResponseCode.POLLING_FULL);
  });

  it('is passed over when its client is gone', async () => {
    const broker = await PopBroker.open();
    await broker.send('1');
    await broker.group.pop();
    const gone = await broker.anotherClient();
    void broker
      .groupOf('t', 'g', gone)
      .pop({ pollTime: POLL_TIME })
      .catch(() => {});
    await settle();
    gone.transport.close();
    await settle();
    const pop = waiting(broker);
    await broker.send('2');
    expect(bodies((await pop.all).messages)).toEqual(['2']);
  });

  const topicWith = (fields: { perm?: number; readQueueNums?: number }) => (client: TestClient) =>
    createTopic(client, 't', { readQueueNums: 4, writeQueueNums: 4, ...fields });
  it.each<[string, ResponseCode, (client: TestClient) => Promise<unknown>]>([
    ['its group may not consume', ResponseCode.NO_PERMISSION, forbidGroup],
    ['its topic is not readable', ResponseCode.NO_PERMISSION, topicWith({ perm: 2 })],
    ['its queue is not readable', ResponseCode.INVALID_PARAMETER, topicWith({ readQueueNums: 3 })],
  ])('is refused when a message arrives and %s any more', async (_, code, change) => {
    const broker = await PopBroker.open();
    await broker.client.send('t', { queueId: 3 });
    await broker.group.pop();
    const pop = waiting(broker, { queueId: 3 });
    await settle();
    await change(broker.client);
    expect(pop.answer).toBeUndefined();
    await broker.client.send('t', { queueId: 3 });
    expect((await pop.all).code).toBe(code);
  });

  it('is told at once that its topic is gone', async () => {
    const { broker, pop } = await held();
    await broker.client.call(RequestCode.DELETE_TOPIC_IN_BROKER, { topic: 't' });
    await settle();
    expect(pop.answer).toBeDefined();
    expect((await pop.all).code).toBe(ResponseCode.TOPIC_NOT_EXIST);
  });

  it('is answered when the broker ends', async () => {
    const { broker, pop } = await held();
    await broker.close();
    expect((await pop.all).code).toBe(ResponseCode.POLLING_TIMEOUT);
  });
});

describe('pops of one group', () => {
  it('share out what is there while check points wait for the disk', async () => {
    const broker = await PopBroker.open({ flushDiskType: 'SYNC_FLUSH' });
    await broker.send('1', '2', '3', '4');
    broker.disk.holdsSyncs = true;
    const pops = [1, 2, 3, 4].map(() => waiting(broker, { maxMsgNums: 1 }));
    await broker.pass(SECOND);
    expect(pops.map(({ answer }) => answer)).toEqual([undefined, undefined, undefined, undefined]);
    broker.disk.releaseSyncs();
    const answers = await Promise.all(pops.map(({ all }) => all));
    expect(answers.flatMap(({ messages }) => bodies(messages)).toSorted()).toEqual(['1', '2', '3', '4']);
  });

  it('get no more than popInflightMessageThreshold messages, until some are acknowledged or come back', async () => {
    const broker = await PopBroker.open({ popInflightMessageThreshold: 2 });
    await broker.send('1', '2', '3', '4', '5');
    const { messages } = await broker.group.pop({ maxMsgNums: 2, invisibleTime: 8 * SECOND });
    expect((await broker.groupOf('t', 'h').pop({ maxMsgNums: 2 })).messages).toHaveLength(2);
    const pop = waiting(broker, { maxMsgNums: 1 });
    await settle();
    expect(pop.answer).toBeUndefined();
    await broker.group.ack(messages[0]!);
    expect(bodies((await pop.all).messages)).toEqual(['3']);
    expect((await broker.group.pop()).messages).toEqual([]);
    await broker.pass(5 * SECOND);
    const next = waiting(broker, { maxMsgNums: 1 });
    await broker.pass(2 * SECOND);
    expect(next.answer).toBeUndefined();
    await broker.pass(6 * SECOND);
    expect(next.answer!.messages).toHaveLength(1);
  });

  it('wake whoever waits for a queue when they leave it', async () => {
    const broker = await PopBroker.open({ flushDiskType: 'SYNC_FLUSH' });
    for (const body of ['1', '2']) await broker.client.send('t', { body, queueId: 1 });
    const other = waiting(broker, { queueId: 0 });
    await settle();
    broker.disk.holdsSyncs = true;
    const pops = [-1, 1].map((queueId) => waiting(broker, { queueId, maxMsgNums: 1 }));
    await settle();
    broker.disk.releaseSyncs();
    const answers = await Promise.all(pops.map(({ all }) => all));
    expect(answers.flatMap(({ messages }) => bodies(messages)).toSorted()).toEqual(['1', '2']);
    expect(other.answer).toBeUndefined();
  });

  it('wake whoever waits for another queue when popInflightMessageThreshold lets them go on', async () => {
    const broker = await PopBroker.open({ popInflightMessageThreshold: 1 });
    for (const body of ['1', '2']) await broker.client.send('t', { body, queueId: 1 });
    const { messages } = await broker.group.pop({ queueId: 1, maxMsgNums: 1 });
    waiting(broker, { queueId: 0 });
    await settle();
    const pop = waiting(broker, { queueId: 1, maxMsgNums: 1 });
    await settle();
    await broker.group.ack(messages[0]!);
    expect(bodies((await pop.all).messages)).toEqual(['2']);
  });

  it('are held back no more by messages of a topic that was deleted', async () => {
    const broker = await PopBroker.open({ popInflightMessageThreshold: 1 });
    await broker.send('1');
    await broker.client.send('u', { body: '2' });
    await broker.group.pop();
    const pop = waiting(broker, { topic: 'u' });
    await settle();
    expect(pop.answer).toBeUndefined();
    await broker.client.call(RequestCode.DELETE_TOPIC_IN_BROKER, { topic: 't' });
    await broker.pass(SECOND);
    expect(bodies(pop.answer!.messages)).toEqual(['2']);
  });

  it('are held back no more by messages of a queue whose offset was set', async () => {
    const broker = await PopBroker.open({ popInflightMessageThreshold: 1 });
    await broker.send('1');
    const popAfterReset = async (queueId: number, offset: number) => {
      const reset = { topic: 't', group: 'g', timestamp: 0, isForce: true, queueId, offset };
      await broker.client.call(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, reset);
      return bodies((await broker.group.pop()).messages);
    };
    expect(bodies((await broker.group.pop()).messages)).toEqual(['1']);
    expect(await popAfterReset(1, 0)).toEqual([]);
    expect(await popAfterReset(0, 0)).toEqual(['1']);
    expect(await popAfterReset(-1, -1)).toEqual(['1']);
  });
});

describe('a notification', () => {
  const ask = (broker: PopBroker, pollTime: number) =>
    broker.client.call(RequestCode.NOTIFICATION, {
      ...QUEUE,
      pollTime,
      bornTime: broker.clock.now(),
      order: false,
    });

  it('comes when there is a message for a retry', async () => {
    const broker = await PopBroker.open();
    await broker.send('1');
    await broker.group.pop({ invisibleTime: SECOND });
    const asked = ask(broker, POLL_TIME);
    await broker.pass(6 * SECOND);
    expect((await asked).header).toEqual({ hasMsg: true, pollingFull: false });
  });

  it('says at its end that there is none, or that too many wait', async () => {
    const broker = await PopBroker.open({ popPollingSize: 1 });
    await broker.send('1');
    await broker.group.pop();
    const asked = ask(broker, 5 * SECOND);
    broker.clock.set(broker.clock.now() - 3600 * SECOND);
    expect((await ask(broker, 5 * SECOND)).header).toEqual({ hasMsg: false, pollingFull: true });
    await broker.pass(5 * SECOND);
    expect((await asked).header).toEqual({ hasMsg: false, pollingFull: false });
  });
});
