import { describe, expect, it } from 'vitest';
import { MessageConst } from '../../../../lib/common/message-const.js';
import type { BatchAck } from '../../../../lib/remoting/body/batch-ack.js';
import { RequestCode } from '../../../../lib/remoting/request-code.js';
import { ResponseCode } from '../../../../lib/remoting/response-code.js';
import { createTopic } from '../../../conformance/admin-client.js';
import { extraInfo } from '../../../support/pop-client.js';
import { bodies } from '../../../support/test-peers.js';
import { SECOND } from '../../../support/virtual-clock.js';
import { PopBroker } from './pop-broker.js';

const RETRY_TOPIC = '%RETRY%g_t';

describe('a pop', () => {
  it('gives each message to one consumer, for a while', async () => {
    const broker = await PopBroker.open();
    await broker.send('1', '2', '3');
    const first = await broker.group.pop({ maxMsgNums: 2 });
    expect(bodies(first.messages)).toEqual(['1', '2']);
    expect(first.header).toMatchObject({ restNum: 1, startOffsetInfo: '0 0 0', msgOffsetInfo: '0 0 0,1' });
    expect(first.remark).toBe('FOUND');
    expect(bodies((await broker.group.pop()).messages)).toEqual(['3']);
    const third = await broker.group.pop();
    expect(third).toMatchObject({ code: ResponseCode.POLLING_TIMEOUT, remark: 'NO_MESSAGE_IN_QUEUE' });
  });

  it('of messages that are acknowledged is over', async () => {
    const broker = await PopBroker.open();
    await broker.send('1', '2');
    const { messages } = await broker.group.pop();
    for (const message of messages) expect((await broker.group.ack(message)).code).toBe(0);
    await broker.pass(60 * SECOND);
    expect((await broker.group.pop()).messages).toEqual([]);
  });

  it('brings back what is not acknowledged', async () => {
    const broker = await PopBroker.open();
    await broker.send('1', '2', '3');
    const { messages, header } = await broker.group.pop();
    await broker.group.ack(messages[1]!);
    await broker.pass(10 * SECOND);
    expect((await broker.group.pop()).messages).toEqual([]);
    await broker.pass(6 * SECOND);
    const again = await broker.group.pop();
    expect(bodies(again.messages)).toEqual(['1', '3']);
    for (const message of again.messages) {
      expect(message.topic).toBe('t');
      expect(message.reconsumeTimes).toBe(1);
      expect(message.getProperty('1ST_POP_TIME')).toBe(`${header!.popTime}`);
      expect(message.getProperty(MessageConst.POP_CK)).toMatch(/^0 \d+ 10000 \d 1 broker-a 0 [01]$/);
      expect((await broker.group.ack(message)).code).toBe(0);
    }
    await broker.pass(60 * SECOND);
    expect((await broker.group.pop()).messages).toEqual([]);
    expect(bodies(await broker.client.read(RETRY_TOPIC))).toEqual(['1', '3']);
  });

  it('counts deliveries, and keeps the time of the first', async () => {
    const broker = await PopBroker.open();
    await broker.send('1');
    const firstPop = (await broker.group.pop()).header!.popTime;
    for (let times = 1; times <= 3; times++) {
      await broker.pass(16 * SECOND);
      const [message] = (await broker.group.pop()).messages;
      expect(message!.reconsumeTimes).toBe(times);
      expect(message!.getProperty('1ST_POP_TIME')).toBe(`${firstPop}`);
    }
  });

  it('acknowledges several messages of a portion at once', async () => {
    const broker = await PopBroker.open();
    await broker.send('1', '2', '3');
    const { messages } = await broker.group.pop();
    expect((await broker.group.batchAck([messages[0]!, messages[2]!])).code).toBe(0);
    await broker.pass(16 * SECOND);
    expect(bodies((await broker.group.pop()).messages)).toEqual(['2']);
  });

  it('can be made longer or shorter', async () => {
    const broker = await PopBroker.open();
    await broker.send('1', '2');
    const { messages } = await broker.group.pop();
    const longer = await broker.group.changeInvisibleTime(messages[0]!, 60 * SECOND);
    expect(longer.header).toMatchObject({ invisibleTime: 60 * SECOND, popTime: broker.clock.now() + 1 });
    await broker.group.changeInvisibleTime(messages[1]!, 0);
    await broker.pass(5 * SECOND);
    expect(bodies((await broker.group.pop({ invisibleTime: 300 * SECOND })).messages)).toEqual(['2']);
    await broker.pass(50 * SECOND);
    expect((await broker.group.pop()).messages).toEqual([]);
    await broker.pass(12 * SECOND);
    expect(bodies((await broker.group.pop()).messages)).toEqual(['1']);
  });

  it('that is changed to what it was, in the millisecond of the pop, is not taken for acknowledged', async () => {
    const broker = await PopBroker.open();
    await broker.send('1');
    const { messages } = await broker.group.pop();
    await broker.group.changeInvisibleTime(messages[0]!, 10 * SECOND);
    await broker.pass(20 * SECOND);
    expect(bodies((await broker.group.pop()).messages)).toEqual(['1']);
  });

  it('selects by tag, and passes over the others for good', async () => {
    const broker = await PopBroker.open();
    for (const [body, TAGS] of [
      ['1', 'a'],
      ['2', 'b'],
      ['3', 'a'],
      ['4', 'c'],
    ] as const)
      await broker.client.send('t', { body, properties: { TAGS } });
    const { messages, header } = await broker.group.pop({ exp: 'a||d', expType: 'TAG' });
    expect(bodies(messages)).toEqual(['1', '3']);
    expect(header).toMatchObject({ msgOffsetInfo: '0 0 0,2' });
    await broker.group.ack(messages[0]!);
    await broker.pass(16 * SECOND);
    expect(bodies((await broker.group.pop({ exp: 'a||d', expType: 'TAG' })).messages)).toEqual(['3']);
    expect((await broker.group.pop()).messages).toEqual([]);
  });

  it('selects by SQL92', async () => {
    const broker = await PopBroker.open();
    for (const price of [1, 5, 9])
      await broker.client.send('t', { body: `${price}`, properties: { price: `${price}` } });
    const popped = await broker.group.pop({ exp: 'price > 4', expType: 'SQL92' });
    expect(bodies(popped.messages)).toEqual(['5', '9']);
    const wrong = await broker.group.pop({ exp: 'price >', expType: 'SQL92' });
    expect(wrong.code).toBe(ResponseCode.SUBSCRIPTION_PARSE_FAILED);
    expect(wrong.remark).toContain('at character');
  });

  it.each([
    ['with the last message that was there before', 0, ['2']],
    ['at the beginning of a young queue all the same', 1, ['1', '2']],
  ])('begins %s, when it is asked to', async (_, accessMessageInMemoryMaxRatio, expected) => {
    const broker = await PopBroker.open({ accessMessageInMemoryMaxRatio });
    await broker.send('1', '2');
    expect(bodies((await broker.group.pop({ initMode: 1 })).messages)).toEqual(expected);
  });

  it('looks at all queues, or at one', async () => {
    const broker = await PopBroker.open();
    for (const queueId of [0, 1, 2, 3]) await broker.client.send('t', { body: `${queueId}`, queueId });
    expect(bodies((await broker.group.pop({ queueId: 2 })).messages)).toEqual(['2']);
    const { messages, header } = await broker.group.pop();
    expect(bodies(messages).toSorted()).toEqual(['0', '1', '3']);
    expect(header!.startOffsetInfo).toBe('0 3 0;0 0 0;0 1 0');
    for (const message of messages) expect((await broker.group.ack(message)).code).toBe(0);
  });

  it('begins with any of the queues, however many', async () => {
    const broker = await PopBroker.open();
    await createTopic(broker.client, 't', { readQueueNums: 300, writeQueueNums: 300 });
    for (const queueId of [100, 200]) await broker.client.send('t', { body: `${queueId}`, queueId });
    expect(bodies((await broker.group.pop({ maxMsgNums: 1 })).messages)).toEqual(['200']);
  });

  it('goes on with the offset that an administrator sets', async () => {
    const broker = await PopBroker.open();
    await broker.send('1', '2');
    expect((await broker.group.pop()).messages).toHaveLength(2);
    const reset = { topic: 't', group: 'g', timestamp: 0, isForce: true, queueId: -1, offset: -1 };
    expect((await broker.client.call(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, reset)).code).toBe(0);
    expect(bodies((await broker.group.pop()).messages)).toEqual(['1', '2']);
  });

  it('is refused as by Apache, beside what the conformance suite has', async () => {
    const broker = await PopBroker.open();
    await broker.send('1');
    const { group } = broker;
    const codeOf = async (fields: Parameters<typeof group.pop>[0]) => (await group.pop(fields)).code;
    expect(await codeOf({ maxMsgNums: 0 })).toBe(ResponseCode.INVALID_PARAMETER);
    expect(await codeOf({ consumerGroup: 'no group' })).toBe(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST);
    expect(await codeOf({ invisibleTime: 30 * 86_400 * SECOND })).toBe(ResponseCode.INVALID_PARAMETER);
    expect((await group.pop()).messages).toHaveLength(1);
  });

  it('is refused for retry topics from which nothing could come back, unless it is in order', async () => {
    const broker = await PopBroker.open();
    await broker.send('1');
    for (const topic of ['%RETRY%g', '%RETRY%h_t', '%RETRY%group_t', '%RETRY%g_gone', RETRY_TOPIC]) {
      await broker.client.send(topic, { body: topic });
    }
    const { group } = broker;
    for (const topic of ['%RETRY%g', '%RETRY%h_t', '%RETRY%group_t', '%RETRY%g_gone']) {
      const { code, remark } = await group.pop({ topic });
      expect(code).toBe(ResponseCode.INVALID_PARAMETER);
      expect(remark).toContain(`the topic[${topic}] is no retry topic that the group[g] has`);
    }
    expect((await group.pop({ topic: RETRY_TOPIC })).code).toBe(ResponseCode.SUCCESS);
    expect((await group.pop({ topic: '%RETRY%g', order: true })).code).toBe(ResponseCode.SUCCESS);
  });

  it('acknowledged wrongly in a batch is refused', async () => {
    const broker = await PopBroker.open();
    await broker.send('1', '2');
    const { messages } = await broker.group.pop();
    const { popTime, invisibleTime, reviveQid: reviveQueueId } = extraInfo(messages[0]!);
    const good: BatchAck = {
      consumerGroup: 'g',
      topic: 't',
      retry: '0',
      startOffset: 0,
      queueId: 0,
      reviveQueueId,
      popTime,
      invisibleTime,
      bitSet: Buffer.from([3]),
    };
    const codeOf = async (...acks: Partial<BatchAck>[]) => {
      const body = { brokerName: 'broker-a', acks: acks.map((ack) => ({ ...good, ...ack })) };
      return (await broker.client.call(RequestCode.BATCH_ACK_MESSAGE, undefined, body)).code;
    };
    expect(await codeOf()).toBe(ResponseCode.NO_MESSAGE);
    expect(await codeOf({ topic: 'nowhere' })).toBe(ResponseCode.TOPIC_NOT_EXIST);
    expect(await codeOf({ retry: '3' })).toBe(ResponseCode.SYSTEM_ERROR);
    expect(await codeOf({ reviveQueueId: 8 })).toBe(ResponseCode.SYSTEM_ERROR);
    expect(await codeOf({ bitSet: Buffer.alloc(5000) })).toBe(ResponseCode.MESSAGE_ILLEGAL);
    expect(await codeOf({ startOffset: 70 })).toBe(ResponseCode.SUCCESS);
    expect(await codeOf({ topic: 'nowhere' }, {})).toBe(ResponseCode.TOPIC_NOT_EXIST);
    await broker.pass(16 * SECOND);
    expect((await broker.group.pop()).messages).toEqual([]);
  });

  it('acknowledged wrongly is refused', async () => {
    const broker = await PopBroker.open();
    await broker.send('1');
    const [message] = (await broker.group.pop()).messages;
    const good = {
      consumerGroup: 'g',
      topic: 't',
      queueId: 0,
      extraInfo: message!.getProperty(MessageConst.POP_CK)!,
      offset: 0,
    };
    const codeOf = async (fields: Partial<typeof good>) =>
      (await broker.client.call(RequestCode.ACK_MESSAGE, { ...good, ...fields })).code;
    expect(await codeOf({ topic: 'nowhere' })).toBe(ResponseCode.TOPIC_NOT_EXIST);
    expect(await codeOf({ queueId: 9 })).toBe(ResponseCode.MESSAGE_ILLEGAL);
    expect(await codeOf({ offset: 2 })).toBe(ResponseCode.NO_MESSAGE);
    expect(await codeOf({ extraInfo: 'nonsense' })).toBe(ResponseCode.SYSTEM_ERROR);
    expect(await codeOf({ extraInfo: '0 0 0 77 0 broker-a 0 0' })).toBe(ResponseCode.SYSTEM_ERROR);
    expect(await codeOf({})).toBe(ResponseCode.SUCCESS);
  });
});
