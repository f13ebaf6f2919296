import { describe, expect, it } from 'vitest';
import type { SendResult } from '../../lib/client/index.js';
import type { Message } from '../../lib/common/message.js';
import type { MessageExt } from '../../lib/common/message-ext.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { ResponseCode } from '../../lib/remoting/response-code.js';
import { TestClient } from '../support/test-client.js';
import { bodies, message, startProducer } from '../support/test-peers.js';
import { uniqueName, type ClusterRef } from './cluster.js';

const DAY = 86_400_000;

/** Messages with a time of their own, and their recall: store-and-broker.md 9.4 to 9.7. */
export function describeTimer(cluster: ClusterRef): void {
  describe('timed messages', () => {
    async function open() {
      const client = await TestClient.open(cluster());
      const producer = startProducer(cluster());
      const topic = uniqueName('timed');
      const send = (body: string, time: (timed: Message) => void): Promise<SendResult> => {
        const timed = message(topic, body);
        time(timed);
        return producer.send(timed);
      };
      const read = async (): Promise<MessageExt[]> => {
        const queues = (await client.route(topic)).body!.queueDatas[0]!.readQueueNums;
        const found: MessageExt[] = [];
        for (let queueId = 0; queueId < queues; queueId++) found.push(...(await client.read(topic, queueId)));
        return found.sort((a, b) => a.storeTimestamp - b.storeTimestamp);
      };
      const until = async (count: number): Promise<MessageExt[]> => {
        let found: MessageExt[] = [];
        await expect
          .poll(async () => (found = await read()).length, { timeout: 15_000, interval: 100 })
          .toBe(count);
        return found;
      };
      return { client, producer, topic, send, until };
    }

    it('come when they are due, and not before', async () => {
      const { topic, send, until } = await open();
      const { recallHandle } = await send('warm-up', (timed) => timed.setDelayTimeSec(60));
      expect(recallHandle).toBeDefined();
      const now = Date.now();
      const sent = await send('later', (timed) => timed.setDeliverTimeMs(now + 6500));
      const first = Date.now();
      await send('first', (timed) => timed.setDelayTimeSec(1));
      const second = Date.now();
      await send('second', (timed) => timed.setDelayTimeMs(2100));
      expect(sent.messageQueue.topic).toBe(topic);
      const found = await until(3);
      expect(bodies(found)).toEqual(['first', 'second', 'later']);
      for (const [index, due] of [first + 1000, second + 2100, now + 6500].entries()) {
        expect(found[index]!.storeTimestamp, bodies(found)[index]).toBeGreaterThanOrEqual(due);
      }
      const later = found[2]!;
      expect(later.msgId).toBe(sent.msgId);
      expect(later.queueId).toBe(sent.messageQueue.queueId);
      const outMs = Math.floor((now + 6500) / 1000) * 1000 - ((now + 6500) % 1000 === 0 ? 1000 : 0);
      expect(later.getProperty('TIMER_OUT_MS')).toBe(`${outMs}`);
      expect(later.getProperty('TIMER_DELIVER_MS')).toBe(`${now + 6500}`);
      expect(later.getProperty('REAL_TOPIC')).toBe(topic);
      expect(later.getProperty('REAL_QID')).toBe(`${later.queueId}`);
      expect(Number(later.getProperty('TIMER_ENQUEUE_MS')) % 1000).toBe(0);
      expect(Number(later.getProperty('TIMER_DEQUEUE_MS'))).toBeGreaterThan(now + 5500);
    });

    it('can be recalled until they are due', async () => {
      const { producer, topic, send, until } = await open();
      const recalled = await send('recalled', (timed) => timed.setDelayTimeSec(3));
      await send('kept', (timed) => timed.setDelayTimeSec(3));
      expect(await producer.recallMessage(topic, recalled.recallHandle!)).toBe(recalled.msgId);
      await send('later', (timed) => timed.setDelayTimeSec(5));
      expect(bodies(await until(2))).toEqual(['kept', 'later']);
      await expect(producer.recallMessage(topic, recalled.recallHandle!)).rejects.toMatchObject({
        responseCode: ResponseCode.ILLEGAL_OPERATION,
      });
    });

    it('have a handle that names topic, broker, time and id', async () => {
      const { client, topic, send } = await open();
      const at = Date.now() + DAY;
      const { recallHandle, msgId } = await send('x', (timed) => timed.setDeliverTimeMs(at));
      const outMs = Math.floor((at - 1) / 1000) * 1000;
      const text = `v1 ${topic} ${client.brokerName} ${outMs + 1} ${msgId}`;
      const padded = Buffer.from(text).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
      expect(recallHandle).toBe(padded);
      const plain = await send('y', () => {});
      expect(plain.recallHandle).toBeUndefined();
    });

    it.each([
      [{ TIMER_DELAY_SEC: 'x' }, ResponseCode.MESSAGE_ILLEGAL],
      [{ TIMER_DELAY_SEC: '259201' }, ResponseCode.MESSAGE_ILLEGAL],
      [{ TIMER_DELIVER_MS: '5', TIMER_DEL_UNIQKEY: 'k' }, ResponseCode.MESSAGE_ILLEGAL],
      [{ TIMER_DELIVER_MS: '5' }, ResponseCode.SUCCESS],
      [{ TIMER_DELAY_MS: '-5' }, ResponseCode.SUCCESS],
    ])('with %j are answered %i', async (properties: Record<string, string>, code) => {
      const { client, topic } = await open();
      expect((await client.send(topic, { properties })).code).toBe(code);
    });

    it('are delayed by their level when they have one', async () => {
      const { client, topic } = await open();
      const properties = { TIMER_DELAY_SEC: '60', DELAY: '1' };
      const { header } = await client.send(topic, { properties });
      expect(header!.recallHandle).toBeUndefined();
      await expect.poll(async () => (await client.read(topic)).length, { timeout: 10_000 }).toBe(1);
    });

    it('are not recalled with a handle that is of something else', async () => {
      const { client, topic, send } = await open();
      const { recallHandle } = await send('x', (timed) => timed.setDelayTimeSec(60));
      const other = uniqueName('other');
      await client.send(other);
      const recall = (fields: object) =>
        client.call(RequestCode.RECALL_MESSAGE, {
          ...{ producerGroup: 'g', topic, recallHandle: recallHandle!, brokerName: client.brokerName },
          ...fields,
        });
      expect((await recall({ topic: uniqueName('none') })).code).toBe(ResponseCode.TOPIC_NOT_EXIST);
      expect((await recall({ topic: other })).code).toBe(ResponseCode.ILLEGAL_OPERATION);
      expect((await recall({ recallHandle: '!' })).code).toBe(ResponseCode.ILLEGAL_OPERATION);
      expect((await recall({})).code).toBe(ResponseCode.SUCCESS);
    });
  });
}
