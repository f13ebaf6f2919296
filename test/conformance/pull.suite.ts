import { describe, expect, it } from 'vitest';
import { decodeMessages } from '../../lib/common/message-decoder.js';
import { PullSysFlag } from '../../lib/common/pull-sys-flag.js';
import { buildSubscriptionData } from '../../lib/remoting/filter/filter-api.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { ResponseCode } from '../../lib/remoting/response-code.js';
import { bodies } from '../support/test-peers.js';
import { TestClient } from '../support/test-client.js';
import { uniqueName, type ClusterRef } from './cluster.js';

/** PULL_MESSAGE: store-and-broker.md 12. */
export function describePull(cluster: ClusterRef): void {
  describe('PULL_MESSAGE', () => {
    async function openWithTopic(tags: readonly string[]): Promise<{ client: TestClient; topic: string }> {
      const client = await TestClient.open(cluster());
      const topic = uniqueName('pull');
      for (const [i, TAGS] of tags.entries()) {
        await client.send(topic, { body: String(i), properties: TAGS === '' ? {} : { TAGS } });
      }
      return { client, topic };
    }

    describe('answers by the offset', () => {
      it('of messages: with them, in order', async () => {
        const { client, topic } = await openWithTopic(['', '', '']);
        const { code, remark, header, body } = await client.pull(topic, 'g', { queueOffset: 1 });
        expect(code).toBe(ResponseCode.SUCCESS);
        expect(remark).toBe('FOUND');
        expect(header).toEqual({
          suggestWhichBrokerId: 0,
          nextBeginOffset: 3,
          minOffset: 0,
          maxOffset: 3,
        });
        expect(bodies(decodeMessages(body!))).toEqual(['1', '2']);
      });

      it.each([
        ['behind the last one', 2, ResponseCode.PULL_NOT_FOUND, 'OFFSET_OVERFLOW_ONE', 2],
        ['far behind', 7, ResponseCode.PULL_OFFSET_MOVED, 'OFFSET_OVERFLOW_BADLY', 2],
        ['before the first one', -1, ResponseCode.PULL_OFFSET_MOVED, 'OFFSET_TOO_SMALL', 0],
      ])('%s', async (_, queueOffset, code, remark, nextBeginOffset) => {
        const { client, topic } = await openWithTopic(['', '']);
        const response = await client.pull(topic, 'g', { queueOffset });
        expect(response).toMatchObject({ code, remark });
        expect(response.header).toMatchObject({ nextBeginOffset, minOffset: 0, maxOffset: 2 });
      });

      it.each([
        [0, ResponseCode.PULL_NOT_FOUND],
        [5, ResponseCode.PULL_OFFSET_MOVED],
      ])('%i of an empty queue', async (queueOffset, code) => {
        const { client, topic } = await openWithTopic(['']);
        const response = await client.pull(topic, 'g', { queueId: 1, queueOffset });
        expect(response.code).toBe(code);
        expect(response.header).toMatchObject({ nextBeginOffset: 0, minOffset: 0, maxOffset: 0 });
      });
    });

    it('gives at most the messages asked for, and 32', async () => {
      const { client, topic } = await openWithTopic([]);
      await client.sendBatch(
        topic,
        Array.from({ length: 40 }, () => ({})),
      );
      const two = await client.pull(topic, 'g', { maxMsgNums: 2 });
      expect(two.header!.nextBeginOffset).toBe(2);
      expect(decodeMessages(two.body!)).toHaveLength(2);
      const most = await client.pull(topic, 'g', { maxMsgNums: 100 });
      expect(decodeMessages(most.body!)).toHaveLength(32);
    });

    it('gives at most 256 KiB, but one message in any case', async () => {
      const { client, topic } = await openWithTopic([]);
      for (let i = 0; i < 3; i++) await client.send(topic, { body: Buffer.alloc(100 * 1024) });
      await client.send(topic, { body: Buffer.alloc(300 * 1024) });
      expect((await client.pull(topic, 'g')).header!.nextBeginOffset).toBe(2);
      const large = await client.pull(topic, 'g', { queueOffset: 3 });
      expect(decodeMessages(large.body!)[0]!.body).toHaveLength(300 * 1024);
    });

    describe('filters by tag', () => {
      it.each([
        ['*', ['0', '1', '2', '3']],
        ['', ['0', '1', '2', '3']],
        ['a', ['0', '3']],
        [' a || b ', ['0', '1', '3']],
        ['||b', ['1']],
      ])('with %j', async (subscription, expected) => {
        const { client, topic } = await openWithTopic(['a', 'b', '', 'a']);
        const { body } = await client.pull(topic, 'g', { subscription });
        expect(bodies(decodeMessages(body!))).toEqual(expected);
      });

      it.each(['c', ' ', '|| ||'])('with %j, which nothing has', async (subscription) => {
        const { client, topic } = await openWithTopic(['a', '']);
        const { code, remark, header } = await client.pull(topic, 'g', { subscription });
        expect(code).toBe(ResponseCode.PULL_RETRY_IMMEDIATELY);
        expect(remark).toBe('NO_MATCHED_MESSAGE');
        expect(header!.nextBeginOffset).toBe(2);
      });

      it('on the hash alone, as the client looks at the tag itself', async () => {
        const { client, topic } = await openWithTopic(['Aa', 'BB']);
        const { body } = await client.pull(topic, 'g', { subscription: 'Aa' });
        expect(bodies(decodeMessages(body!))).toEqual(['0', '1']);
      });

      it('and refuses an expression without a tag', async () => {
        const { client, topic } = await openWithTopic(['']);
        const { code, remark } = await client.pull(topic, 'g', { subscription: '||' });
        expect(code).toBe(ResponseCode.SUBSCRIPTION_PARSE_FAILED);
        expect(remark).toContain("parse the consumer's subscription failed");
      });
    });

    describe('refuses', () => {
      it('a group that cannot be', async () => {
        const { client, topic } = await openWithTopic(['']);
        for (const group of ['a.b', ' ', 'x'.repeat(256)]) {
          const { code, remark } = await client.pull(topic, group);
          expect(code).toBe(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST);
          expect(remark).toContain(`subscription group [${group}] does not exist`);
        }
      });

      it('a topic that does not exist', async () => {
        const client = await TestClient.open(cluster());
        const { code, remark } = await client.pull(uniqueName('unknown'), 'g');
        expect(code).toBe(ResponseCode.TOPIC_NOT_EXIST);
        expect(remark).toContain('not exist, apply first please!');
      });

      it.each([-1, 4])('queue %i', async (queueId) => {
        const { client, topic } = await openWithTopic(['']);
        const { code, remark } = await client.pull(topic, 'g', { queueId });
        expect(code).toBe(ResponseCode.INVALID_PARAMETER);
        expect(remark).toContain(`queueId[${queueId}] is illegal`);
      });
    });

    describe('with the subscription of the heartbeat', () => {
      const sysFlag = 0;

      it('gives what the group subscribes to', async () => {
        const { client, topic } = await openWithTopic(['a', 'b']);
        const group = uniqueName('group');
        await client.heartbeat('c1', group, { [topic]: 'b' });
        const { body } = await client.pull(topic, group, { sysFlag });
        expect(bodies(decodeMessages(body!))).toEqual(['1']);
      });

      it('refuses a group without members', async () => {
        const { client, topic } = await openWithTopic(['a']);
        const { code, remark } = await client.pull(topic, uniqueName('group'), { sysFlag });
        expect(code).toBe(ResponseCode.SUBSCRIPTION_NOT_EXIST);
        expect(remark).toContain("the consumer's group info not exist");
      });

      it('refuses a topic that the group does not subscribe to', async () => {
        const { client, topic } = await openWithTopic(['a']);
        const group = uniqueName('group');
        await client.heartbeat('c1', group, { [uniqueName('other')]: '*' });
        const { code, remark } = await client.pull(topic, group, { sysFlag });
        expect(code).toBe(ResponseCode.SUBSCRIPTION_NOT_EXIST);
        expect(remark).toContain("the consumer's subscription not exist");
      });

      it('refuses a pull that is ahead of the heartbeat', async () => {
        const { client, topic } = await openWithTopic(['a']);
        const group = uniqueName('group');
        await client.heartbeat('c1', group, { [topic]: buildSubscriptionData(topic, '*', 1000)! });
        const { code, remark } = await client.pull(topic, group, { sysFlag, subVersion: 1001 });
        expect(code).toBe(ResponseCode.SUBSCRIPTION_NOT_LATEST);
        expect(remark).toContain("the consumer's subscription not latest");
        const { code: older } = await client.pull(topic, group, { sysFlag, subVersion: 1000 });
        expect(older).toBe(ResponseCode.SUCCESS);
      });
    });

    describe('commits the offset', () => {
      it.each([
        ['when the flag says so', PullSysFlag.COMMIT_OFFSET, 1],
        ['not without the flag', 0, undefined],
      ])('%s', async (_, commit, expected) => {
        const { client, topic } = await openWithTopic(['', '']);
        const group = uniqueName('group');
        const sysFlag = PullSysFlag.SUBSCRIPTION | PullSysFlag.SUSPEND | commit;
        await client.send(topic, { queueId: 1 });
        await client.pull(topic, group, { queueOffset: 1, sysFlag, commitOffset: 1 });
        const { header } = await client.call(RequestCode.QUERY_CONSUMER_OFFSET, {
          consumerGroup: group,
          topic,
          queueId: 0,
        });
        // Without an offset the group begins at 0.
        expect(header!.offset).toBe(expected ?? 0);
      });
    });
  });

  describe('long polling', () => {
    /** Held for longer than {@link TestClient} waits: an answer is due to what happened meanwhile. */
    const HELD = {
      queueOffset: 1,
      sysFlag: PullSysFlag.SUBSCRIPTION | PullSysFlag.SUSPEND,
      suspendTimeoutMillis: 60_000,
    };

    async function hold(subscription = '*', group = 'g') {
      const client = await TestClient.open(cluster());
      const topic = uniqueName('poll');
      await client.send(topic, { body: 'first' });
      let isAnswered = false;
      const answer = client.pull(topic, group, { ...HELD, subscription }).then((response) => {
        isAnswered = true;
        return response;
      });
      return { client, topic, answer, isAnswered: () => isAnswered };
    }

    it('holds a pull, and answers it when a message arrives', async () => {
      const { client, topic, answer, isAnswered } = await hold();
      // A whole exchange on the same connection: an answer would have come before.
      await client.read(topic, 1);
      expect(isAnswered()).toBe(false);
      await client.send(topic, { body: 'second' });
      const { code, body } = await answer;
      expect(code).toBe(ResponseCode.SUCCESS);
      expect(bodies(decodeMessages(body!))).toEqual(['second']);
    });

    it('is not woken by a message of another queue or with another tag', async () => {
      const { client, topic, answer, isAnswered } = await hold('wanted');
      await client.send(topic, { queueId: 1, properties: { TAGS: 'wanted' } });
      await client.send(topic, { properties: { TAGS: 'other' } });
      await client.read(topic, 1);
      expect(isAnswered()).toBe(false);
      await client.send(topic, { body: 'wanted', properties: { TAGS: 'wanted' } });
      const { body } = await answer;
      expect(bodies(decodeMessages(body!))).toEqual(['wanted']);
    });

    it('wakes every pull that waits for the message', async () => {
      const { client, topic, answer } = await hold();
      const other = client.pull(topic, 'g2', HELD);
      await client.send(topic, { body: 'second' });
      for (const { body } of [await answer, await other]) {
        expect(bodies(decodeMessages(body!))).toEqual(['second']);
      }
    });

    it('refuses a pull that is held when its group may not consume any more', async () => {
      const group = uniqueName('group');
      const { client, topic, answer, isAnswered } = await hold('*', group);
      const { body } = await client.call(RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, { group });
      const config = { ...body!, consumeEnable: false };
      await client.call(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, undefined, config);
      expect(isAnswered()).toBe(false);
      await client.send(topic, { body: 'second' });
      expect((await answer).code).toBe(ResponseCode.NO_PERMISSION);
    });

    it('answers at once when the pull may not be held', async () => {
      const { client, topic, answer } = await hold();
      const { code } = await client.pull(topic, 'g', { ...HELD, sysFlag: PullSysFlag.SUBSCRIPTION });
      expect(code).toBe(ResponseCode.PULL_NOT_FOUND);
      await client.send(topic);
      await answer;
    });

    it('answers at once when the offset is wrong', async () => {
      const client = await TestClient.open(cluster());
      const topic = uniqueName('poll');
      await client.send(topic);
      expect((await client.pull(topic, 'g', { ...HELD, queueOffset: 9 })).code).toBe(
        ResponseCode.PULL_OFFSET_MOVED,
      );
    });

    it('gives up when the time is over', async () => {
      const client = await TestClient.open(cluster());
      const topic = uniqueName('poll');
      await client.send(topic);
      const { code } = await client.pull(topic, 'g', { ...HELD, suspendTimeoutMillis: 1 });
      expect(code).toBe(ResponseCode.PULL_NOT_FOUND);
    });
  });
}
