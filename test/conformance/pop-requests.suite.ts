import { describe, expect, it } from 'vitest';
import { MessageConst } from '../../lib/common/message-const.js';
import { decodeMessages } from '../../lib/common/message-decoder.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { ResponseCode } from '../../lib/remoting/response-code.js';
import { extraInfo, PopClient, type Popped } from '../support/pop-client.js';
import { TestClient } from '../support/test-client.js';
import { bodies } from '../support/test-peers.js';
import { uniqueName, type ClusterRef } from './cluster.js';

/** Two seconds of grace, and some for timers and for a machine that is busy. */
const REVIVE_TIMEOUT = 20_000;

/** POP_MESSAGE and its kin: wire-protocol.md 2.3.11. */
export function describePopRequests(cluster: ClusterRef): void {
  describe('POP requests', () => {
    async function open(...sent: readonly string[]) {
      const client = await TestClient.open(cluster());
      const group = new PopClient(client, uniqueName('popped'), uniqueName('g'));
      const { topic, consumerGroup } = group;
      const send = async (body: string, properties = {}) => {
        expect((await client.send(topic, { body, properties })).code).toBe(0);
      };
      for (const body of sent) await send(body, { TAGS: `tag${body}` });
      const queue = { topic, consumerGroup, queueId: -1 };
      /** Apache's broker locks a queue for a moment, and has the message itself a moment later. */
      const until = async (count: number, fields: Parameters<typeof group.pop>[0] = {}) => {
        const found: Popped['messages'] = [];
        await expect
          .poll(async () => found.push(...(await group.pop(fields)).messages) && found.length, {
            timeout: REVIVE_TIMEOUT,
            interval: 100,
          })
          .toBe(count);
        return found;
      };
      return { client, group, send, queue, until };
    }

    it('gives messages to one consumer of a group, and to every group', async () => {
      const { client, group, until } = await open('1', '2', '3');
      await until(3, { maxMsgNums: 1, queueId: 0 });
      const nothing = await group.pop();
      expect(nothing).toMatchObject({ code: ResponseCode.POLLING_TIMEOUT, remark: 'NO_MESSAGE_IN_QUEUE' });
      const other = new PopClient(client, group.topic, uniqueName('g'));
      const all = await other.pop({ maxMsgNums: 2 });
      expect(all).toMatchObject({ code: ResponseCode.SUCCESS, remark: 'FOUND' });
      expect(bodies(all.messages)).toEqual(['1', '2']);
      expect(all.header).toMatchObject({
        invisibleTime: 10_000,
        restNum: 1,
        startOffsetInfo: '0 0 0',
        msgOffsetInfo: '0 0 0,1',
      });
      expect(all.header!.reviveQid).toBeLessThan(8);
    });

    it(
      'brings back what is not acknowledged, and lets its time be changed',
      { timeout: 60_000 },
      async () => {
        const { client, group, until } = await open(
          'acknowledged',
          'in a batch',
          'failed',
          'hurried',
          'spared',
        );
        const popped = await group.pop({ invisibleTime: 6000 });
        const [acknowledged, inBatch, , hurried, spared] = popped.messages;
        expect((await group.ack(acknowledged!)).code).toBe(ResponseCode.SUCCESS);
        expect((await group.batchAck([inBatch!])).code).toBe(ResponseCode.SUCCESS);
        const changed = await group.changeInvisibleTime(spared!, 600_000);
        expect(changed).toMatchObject({ code: ResponseCode.SUCCESS, header: { invisibleTime: 600_000 } });
        expect(changed.header!.reviveQid).toBe(popped.header!.reviveQid);
        expect((await group.changeInvisibleTime(hurried!, 1000)).code).toBe(ResponseCode.SUCCESS);
        const again = await until(2);
        expect(bodies(again)).toEqual(['hurried', 'failed']);
        for (const message of again) {
          expect(message).toMatchObject({
            topic: group.topic,
            reconsumeTimes: 1,
            tags: `tag${message.body.toString()}`,
          });
          const { retry, ckQueueOffset, queueId, msgQueueOffset } = extraInfo(message);
          expect({ retry, queueId, msgQueueOffset }).toEqual({
            retry: '1',
            queueId: 0,
            msgQueueOffset: message.queueOffset,
          });
          expect(ckQueueOffset).toBe(message.queueOffset);
          expect((await group.ack(message)).code).toBe(ResponseCode.SUCCESS);
        }
        const firstPops = again.map((message) => Number(message.getProperty('1ST_POP_TIME')));
        expect(firstPops[1]).toBe(popped.header!.popTime);
        expect(firstPops[0]).toBeGreaterThan(popped.header!.popTime);
        const stored = await client.read(`%RETRY%${group.consumerGroup}_${group.topic}`);
        expect(bodies(stored)).toEqual(['hurried', 'failed']);
        expect(stored.map((message) => message.getProperty(MessageConst.POP_CK))).toEqual([
          undefined,
          undefined,
        ]);
      },
    );

    it('selects by tag and by SQL92', async () => {
      const { group, send } = await open();
      for (const price of ['1', '5', '9']) await send(price, { TAGS: `t${price}`, price });
      const other = new PopClient(group.client, group.topic, uniqueName('g'));
      expect(bodies((await group.pop({ exp: 't1||t9', expType: 'TAG' })).messages)).toEqual(['1', '9']);
      expect(bodies((await other.pop({ exp: 'price > 4', expType: 'SQL92' })).messages)).toEqual(['5', '9']);
    });

    it('waits for a message, as long as it is asked to', { timeout: 30_000 }, async () => {
      const { client, group, send, queue, until } = await open('first');
      await until(1);
      const waiting = group.pop({ pollTime: 60_000 });
      const pollingNum = async () => (await client.call(RequestCode.POLLING_INFO, queue)).header!.pollingNum;
      await expect.poll(pollingNum).toBe(1);
      await send('second');
      expect(bodies((await waiting).messages)).toEqual(['second']);
      const ended = await group.pop({ pollTime: 1000 });
      expect(ended.code).toBe(ResponseCode.POLLING_TIMEOUT);
      expect(await pollingNum()).toBe(0);
    });

    it('tells when there is a message', { timeout: 30_000 }, async () => {
      const { client, send, queue, until } = await open('first');
      const ask = (pollTime: number) =>
        client.call(RequestCode.NOTIFICATION, { ...queue, pollTime, bornTime: Date.now(), order: false });
      expect((await ask(0)).header).toEqual({ hasMsg: true, pollingFull: false });
      await until(1);
      expect((await ask(0)).header).toEqual({ hasMsg: false, pollingFull: false });
      const waiting = ask(60_000);
      await send('second');
      expect((await waiting).header).toEqual({ hasMsg: true, pollingFull: false });
    });

    it('can be preceded by a look', async () => {
      const { client, group, queue } = await open('1', '2');
      const peeked = await client.call(RequestCode.PEEK_MESSAGE, { ...queue, maxMsgNums: 1 });
      expect(peeked).toMatchObject({ code: ResponseCode.SUCCESS, remark: 'FOUND', header: { restNum: 2 } });
      expect(bodies(decodeMessages(peeked.body!))).toEqual(['1']);
      expect(bodies((await group.pop()).messages)).toEqual(['1', '2']);
      await expect
        .poll(async () => (await client.call(RequestCode.PEEK_MESSAGE, { ...queue, maxMsgNums: 1 })).code)
        .toBe(ResponseCode.PULL_NOT_FOUND);
    });

    it('in order gives a portion when the one before is done', { timeout: 30_000 }, async () => {
      const { group } = await open('1', '2', '3');
      const pop = (attemptId: string, fields = {}) =>
        group.pop({ order: true, queueId: 0, maxMsgNums: 2, invisibleTime: 60_000, attemptId, ...fields });
      const first = await pop('a');
      expect(bodies(first.messages)).toEqual(['1', '2']);
      expect(first.header).toMatchObject({ reviveQid: 999, orderCountInfo: '0 0 0' });
      expect((await pop('b')).code).toBe(ResponseCode.POLLING_TIMEOUT);
      const repeated = await pop('a');
      expect(bodies(repeated.messages)).toEqual(['1', '2']);
      expect(repeated.header!.orderCountInfo).toBe('0 0 0');
      const [one, two] = repeated.messages;
      expect((await group.ack(one!)).code).toBe(ResponseCode.SUCCESS);
      expect((await pop('b')).code).toBe(ResponseCode.POLLING_TIMEOUT);
      const changed = await group.changeInvisibleTime(two!, 0);
      expect(changed.code).toBe(ResponseCode.SUCCESS);
      expect(changed.header).toMatchObject({ reviveQid: 999, popTime: repeated.header!.popTime });
      const again = await pop('c');
      expect(bodies(again.messages)).toEqual(['2', '3']);
      expect(again.header!.orderCountInfo).toBe('0 qo0%1 1;0 0 0');
      expect((await group.ack(two!)).code).toBe(ResponseCode.SUCCESS);
      for (const message of again.messages) expect((await group.ack(message)).code).toBe(0);
      expect((await pop('d')).messages).toEqual([]);
    });

    it('is refused with the codes of the protocol', async () => {
      const { client, group } = await open('1');
      const codeOf = async (fields: Parameters<typeof group.pop>[0]) => (await group.pop(fields)).code;
      expect(await codeOf({ maxMsgNums: 33 })).toBe(ResponseCode.INVALID_PARAMETER);
      expect(await codeOf({ queueId: 4 })).toBe(ResponseCode.INVALID_PARAMETER);
      expect(await codeOf({ topic: 'nowhere' })).toBe(ResponseCode.TOPIC_NOT_EXIST);
      expect(await codeOf({ bornTime: Date.now() - 10_000 })).toBe(ResponseCode.POLLING_TIMEOUT);
      expect(await codeOf({ exp: '||', expType: 'TAG' })).toBe(ResponseCode.SUBSCRIPTION_PARSE_FAILED);
      const [message] = (await group.pop()).messages;
      const { topic, consumerGroup } = group;
      const good = {
        consumerGroup,
        topic,
        queueId: 0,
        extraInfo: message!.getProperty(MessageConst.POP_CK)!,
        offset: 0,
      };
      const ack = async (fields: Partial<typeof good>) =>
        (await client.call(RequestCode.ACK_MESSAGE, { ...good, ...fields })).code;
      const change = async (fields: Partial<typeof good>) => {
        const header = { ...good, invisibleTime: 1000, ...fields };
        return (await client.call(RequestCode.CHANGE_MESSAGE_INVISIBLETIME, header)).code;
      };
      for (const request of [ack, change]) {
        expect(await request({ topic: 'nowhere' })).toBe(ResponseCode.TOPIC_NOT_EXIST);
        expect(await request({ queueId: 9 })).toBe(ResponseCode.MESSAGE_ILLEGAL);
        expect(await request({ offset: 2 })).toBe(ResponseCode.NO_MESSAGE);
        expect(await request({ extraInfo: 'nonsense' })).toBe(ResponseCode.SYSTEM_ERROR);
      }
      expect(await ack({ offset: 1 })).toBe(ResponseCode.SUCCESS);
      expect(await change({ offset: 1 })).toBe(ResponseCode.NO_MESSAGE);
    });
  });
}
