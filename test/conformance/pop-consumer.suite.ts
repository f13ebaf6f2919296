import { describe, expect, it } from 'vitest';
import { MessageSelector, type ConsumerConfig, type MessageListener } from '../../lib/client/index.js';
import { systemClock } from '../../lib/common/clock.js';
import type { MessageExt } from '../../lib/common/message-ext.js';
import type { MessageRequestMode } from '../../lib/remoting/body/query-assignment.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { eventually } from '../support/eventually.js';
import { TestClient } from '../support/test-client.js';
import {
  bodies,
  collect,
  message,
  startConsumer,
  startInstance,
  startProducer,
} from '../support/test-peers.js';
import { RecordingLogger } from '../support/test-store.js';
import { MINUTE } from '../support/virtual-clock.js';
import { createTopic } from './admin-client.js';
import { uniqueName, type ClusterRef } from './cluster.js';

const client = { pollNameServerInterval: 500, rebalanceInterval: 500 };
/** Milliseconds in which Apache's broker notices that a message is due again, beside the delay itself. */
const REVIVAL = 15_000;

/** DefaultMQPushConsumer with `clientRebalance: false`: wire-protocol.md 2.3.11. */
export function describePopConsumer(cluster: ClusterRef): void {
  async function setMode(topic: string, consumerGroup: string, mode: MessageRequestMode, share = 0) {
    const administrator = await TestClient.open(cluster());
    const body = { topic, consumerGroup, mode, popShareQueueNum: share };
    const { code } = await administrator.call(RequestCode.SET_MESSAGE_REQUEST_MODE, undefined, body);
    expect(code).toBe(0);
  }

  /** A topic from which the group pops. */
  async function popTopic(queueNums = 4, share = 0) {
    const [topic, group] = [uniqueName('popped'), uniqueName('group')];
    const fields = { readQueueNums: queueNums, writeQueueNums: queueNums };
    await createTopic(await TestClient.open(cluster()), topic, fields);
    await setMode(topic, group, 'POP', share);
    return { topic, group };
  }

  function pop(
    topic: string,
    group: string,
    listener: MessageListener,
    config: Partial<ConsumerConfig> = {},
    selector: string | MessageSelector = '*',
    clock = systemClock,
  ) {
    const consumer = { clientRebalance: false, ...config };
    return startConsumer(cluster(), group, { [topic]: selector }, listener, { consumer, client, clock });
  }

  async function send(topic: string, ...texts: readonly string[]): Promise<void> {
    const producer = startProducer(cluster());
    for (const text of texts) await producer.send(message(topic, text, text.split('-')[1]));
  }

  const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i}`);
  const popped = ({ admin }: Awaited<ReturnType<typeof pop>>) => [...admin.runningInfo().mqPopTable.keys()];

  describe('pop consumer', () => {
    it('gets every message once, with what identifies its delivery', async () => {
      const { topic, group } = await popTopic();
      await send(topic, ...numbers(40));
      const got: MessageExt[] = [];
      const consumer = await pop(topic, group, collect(got));
      await eventually(() => got.length >= 40);
      expect(bodies(got).toSorted()).toEqual(numbers(40).toSorted());
      const { brokerName } = await TestClient.open(cluster());
      expect(got[0]).toMatchObject({ topic, reconsumeTimes: 0, brokerName });
      expect(got[0]!.getProperty('POP_CK')).toMatch(/^\d+ \d+ 60000 \d+ 0 \S+ \d+ \d+$/);
      expect(got[0]!.getProperty('1ST_POP_TIME')).toMatch(/^\d{13}$/);
      expect(popped(consumer)).toEqual([{ topic, brokerName, queueId: -1 }]);
      await expect.poll(() => [...consumer.admin.runningInfo().mqPopTable.values()][0]!.waitAckCount).toBe(0);
    });

    it('needs no clock that agrees with that of the broker', async () => {
      const { topic, group } = await popTopic();
      await send(topic, 'hello');
      const got: MessageExt[] = [];
      const behind = { ...systemClock, now: () => Date.now() - MINUTE };
      await pop(topic, group, collect(got), {}, '*', behind);
      await eventually(() => got.length > 0);
    });

    it('is woken by a message that is sent while it waits', async () => {
      const { topic, group } = await popTopic();
      const got: MessageExt[] = [];
      await pop(topic, group, collect(got));
      for (const text of numbers(3)) {
        await send(topic, text);
        await eventually(() => bodies(got).includes(text), 5000);
      }
      expect(bodies(got)).toEqual(numbers(3));
    });

    it('shares one queue with others, which begin before the first has ended', async () => {
      const { topic, group } = await popTopic(1);
      const open: (() => void)[] = [];
      const listener = (into: MessageExt[]): MessageListener => ({
        concurrently: async (messages) => {
          into.push(...messages);
          await new Promise<void>((resolve) => open.push(resolve));
          return 'CONSUME_SUCCESS' as const;
        },
      });
      const got: [MessageExt[], MessageExt[]] = [[], []];
      const few = { consumeThreadNumber: 1, popBatchNums: 1, popThresholdForQueue: 1 };
      await pop(topic, group, listener(got[0]), few);
      await pop(topic, group, listener(got[1]), few);
      await send(topic, ...numbers(4));
      await eventually(() => got.every(({ length }) => length === 1));
      const consumed = () => got.flat().length;
      await eventually(() => {
        for (const resolve of open.splice(0)) resolve();
        return consumed() >= 4;
      });
      for (const resolve of open.splice(0)) resolve();
      expect(bodies(got.flat()).toSorted()).toEqual(numbers(4));
    });

    it('pops from single queues, when members share those of some others only', async () => {
      const { topic, group } = await popTopic(4, 1);
      const got: MessageExt[] = [];
      const members: Awaited<ReturnType<typeof pop>>[] = [];
      for (let i = 0; i < 4; i++) members.push(await pop(topic, group, collect(got)));
      const queues = () => members.map((member) => popped(member).map(({ queueId }) => queueId));
      await eventually(() => queues().every((ids) => ids.length === 2 && !ids.includes(-1)), 15_000);
      await send(topic, ...numbers(8));
      await eventually(() => got.length >= 8);
      expect(bodies(got).toSorted()).toEqual(numbers(8));
    });

    it('gets only messages of its tags', async () => {
      const { topic, group } = await popTopic(1);
      await send(topic, '0-a', '1-b', '2-c', '3-a');
      const got: MessageExt[] = [];
      await pop(topic, group, collect(got), {}, 'a || c');
      await eventually(() => got.length >= 3);
      await send(topic, '4-b', '5-c');
      await eventually(() => got.length >= 4);
      expect(bodies(got)).toEqual(['0-a', '2-c', '3-a', '5-c']);
    });

    it('selects by SQL92', async () => {
      const { topic, group } = await popTopic(1);
      await send(topic, '0-a', '1-b', '2-a');
      const got: MessageExt[] = [];
      await pop(topic, group, collect(got), {}, MessageSelector.bySql("TAGS = 'a'"));
      await eventually(() => got.length >= 2);
      expect(bodies(got)).toEqual(['0-a', '2-a']);
    });

    it('makes a message dead with a reason, and consumes the dead ones', async () => {
      const { topic, group } = await popTopic(1);
      await send(topic, 'bad', 'worse');
      await pop(topic, group, {
        concurrently: ([first], context) => {
          if (first!.body.toString() === 'bad') context.deadLetterReason = 'no such order';
          else context.delayLevelWhenNextConsume = -1;
          return 'RECONSUME_LATER';
        },
      });
      const got: MessageExt[] = [];
      await startConsumer(cluster(), uniqueName('dead'), { [`%DLQ%${group}`]: '*' }, collect(got), {
        client,
      });
      await eventually(() => got.length === 2);
      const bad = got.find(({ body }) => body.toString() === 'bad')!;
      expect(bad).toMatchObject({ topic: `%DLQ%${group}`, reconsumeTimes: 1 });
      expect(bad.getProperty('DLQ_REASON')).toBe('no such order');
      expect(bad.getProperty('RETRY_TOPIC')).toBe(topic);
      expect(bad.getProperty('POP_CK')).toBeUndefined();
      expect(bodies(got).toSorted()).toEqual(['bad', 'worse']);
    });

    it('pulls when the mode is changed, also from where popped messages wait that failed', async () => {
      const { topic, group } = await popTopic(1);
      await send(topic, 'fails');
      const got: MessageExt[] = [];
      const consumer = await pop(topic, group, {
        concurrently: (messages) => {
          got.push(...messages);
          const isFirst = messages[0]!.reconsumeTimes === 0;
          return isFirst && bodies(messages)[0] === 'fails' ? 'RECONSUME_LATER' : 'CONSUME_SUCCESS';
        },
      });
      await eventually(() => got.length === 1);
      await setMode(topic, group, 'PULL');
      await eventually(() => popped(consumer).length === 0);
      await send(topic, 'pulled');
      // Whether what was popped is pulled too depends on what the broker has committed.
      await eventually(() => bodies(got).includes('pulled'));
      const subscribed = consumer.admin.runningInfo().subscriptionSet.map((data) => data.topic);
      expect(subscribed).toContain(`%RETRY%${group}_${topic}`);
    });

    it('delivers again what failed, did not end or did not begin, and nothing else', async () => {
      const topics = await Promise.all(numbers(4).map(() => popTopic(1)));
      const [failing, late, left, done] = topics as [(typeof topics)[0], ...typeof topics];
      const attempts: MessageExt[][] = topics.map(() => []);
      const times: number[][] = topics.map(() => []);
      const note = (i: number, messages: readonly MessageExt[]) => {
        attempts[i]!.push(...messages);
        times[i]!.push(Date.now());
      };
      for (const { topic } of topics) await send(topic, 'x');
      await pop(failing.topic, failing.group, {
        concurrently: (messages) => {
          note(0, messages);
          return attempts[0]!.length === 1 ? 'RECONSUME_LATER' : 'CONSUME_SUCCESS';
        },
      });
      const config = { popInvisibleTime: 5000 };
      let release = () => {};
      const concurrently = async (messages: readonly MessageExt[]) => {
        note(1, messages);
        // The first attempt succeeds too late.
        if (attempts[1]!.length === 1) await new Promise<void>((resolve) => (release = resolve));
        return 'CONSUME_SUCCESS' as const;
      };
      await pop(late!.topic, late!.group, { concurrently }, config);
      const paused = await pop(left!.topic, left!.group, collect([]));
      paused.pause();
      await pop(done!.topic, done!.group, { concurrently: (m) => (note(3, m), 'CONSUME_SUCCESS') }, config);
      await send(left!.topic, 'y');
      await eventually(
        () => attempts[0]!.length === 1 && attempts[1]!.length === 1 && attempts[3]!.length === 1,
      );
      await paused.shutdown();
      await pop(left!.topic, left!.group, { concurrently: (m) => (note(2, m), 'CONSUME_SUCCESS') });
      await eventually(() => attempts[1]!.length >= 2, 5000 + REVIVAL);
      release();
      await eventually(() => attempts[0]!.length >= 2 && attempts[2]!.length >= 1, 10_000 + REVIVAL);
      expect(times[0]![1]! - times[0]![0]!).toBeGreaterThanOrEqual(9900);
      const poppedAt = Number(attempts[1]![0]!.getProperty('1ST_POP_TIME'));
      expect(times[1]![1]! - poppedAt).toBeGreaterThanOrEqual(5000);
      for (const i of [0, 1]) {
        expect(attempts[i]!.map(({ reconsumeTimes }) => reconsumeTimes)).toEqual([0, 1]);
        expect(attempts[i]![1]).toMatchObject({ topic: topics[i]!.topic, msgId: attempts[i]![0]!.msgId });
        expect(bodies(attempts[i]!)).toEqual(['x', 'x']);
      }
      expect(attempts[3]).toHaveLength(1);
    }, 60_000);

    it('consumes in order by pulling, as Java does, and says so', async () => {
      const { topic, group } = await popTopic(1);
      await send(topic, ...numbers(5));
      const got: MessageExt[] = [];
      const logger = new RecordingLogger();
      const instance = startInstance(cluster(), { logger, client });
      const orderly: MessageListener = {
        orderly: (messages) => {
          got.push(...messages);
          return 'SUCCESS';
        },
      };
      const consumer = { clientRebalance: false };
      await startConsumer(cluster(), group, { [topic]: '*' }, orderly, { consumer, instance });
      await eventually(() => got.length >= 5);
      expect(bodies(got)).toEqual(numbers(5));
      expect(logger.lines.join('\n')).toContain('consumes in order, so clientRebalance: false has no effect');
    });
  });
}
