import { describe, expect, it } from 'vitest';
import type { MessageRequestMode } from '../../lib/remoting/body/query-assignment.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { ResponseCode } from '../../lib/remoting/response-code.js';
import { TestClient } from '../support/test-client.js';
import { createTopic, open } from './admin-client.js';
import type { ClusterRef } from './cluster.js';

/** Queues that the broker shares out: wire-protocol.md 400, 401. */
export function describeAssignment(cluster: ClusterRef): void {
  async function openTopic(queueNums: number) {
    const { client, topic, group } = await open(cluster);
    await createTopic(client, topic, { readQueueNums: queueNums, writeQueueNums: queueNums });
    return { client, topic, group };
  }

  /** Members of a group, each with a connection of its own. */
  async function join(group: string, topic: string, clientIds: readonly string[]): Promise<void> {
    for (const id of clientIds) {
      const member = await TestClient.open(cluster());
      await member.heartbeat(id, group, { [topic]: '*' });
    }
  }

  function queryWith(client: TestClient, topic: string, consumerGroup: string, strategyName = 'AVG') {
    return async (clientId: string, messageModel: 'CLUSTERING' | 'BROADCASTING' = 'CLUSTERING') => {
      const body = { topic, consumerGroup, clientId, strategyName, messageModel };
      const answer = await client.call(RequestCode.QUERY_ASSIGNMENT, undefined, body);
      expect(answer.code).toBe(ResponseCode.SUCCESS);
      return answer.body!.messageQueueAssignments?.map(({ messageQueue, mode }) => {
        expect(messageQueue).toMatchObject({ topic, brokerName: client.brokerName });
        return `${mode} ${messageQueue.queueId}`;
      });
    };
  }

  function setMode(
    client: TestClient,
    topic: string,
    consumerGroup: string,
    mode: MessageRequestMode,
    popShareQueueNum = 0,
  ) {
    const body = { topic, consumerGroup, mode, popShareQueueNum };
    return client.call(RequestCode.SET_MESSAGE_REQUEST_MODE, undefined, body);
  }

  describe('QUERY_ASSIGNMENT', () => {
    it('shares queues out as the named strategy does', async () => {
      const { client, topic, group } = await openTopic(5);
      await join(group, topic, ['a', 'b']);
      const byAverage = queryWith(client, topic, group);
      expect((await byAverage('a'))?.toSorted()).toEqual(['PULL 0', 'PULL 1', 'PULL 2']);
      expect((await byAverage('b'))?.toSorted()).toEqual(['PULL 3', 'PULL 4']);
      expect(await byAverage('stranger')).toEqual([]);
      expect(await byAverage('a', 'BROADCASTING')).toHaveLength(5);
      const inTurn = queryWith(client, topic, group, 'AVG_BY_CIRCLE');
      expect((await inTurn('b'))?.toSorted()).toEqual(['PULL 1', 'PULL 3']);
    });

    it('says nothing of topics, groups and strategies that it does not know', async () => {
      const { client, topic, group } = await openTopic(2);
      expect(await queryWith(client, topic, group)('a')).toBeUndefined();
      await join(group, topic, ['a']);
      expect(await queryWith(client, topic, group)('a')).toHaveLength(2);
      expect(await queryWith(client, topic, group, 'CONSISTENT_HASH')('a')).toBeUndefined();
      expect(await queryWith(client, `${topic}-unknown`, group)('a')).toBeUndefined();
    });

    it('gives all members all queues to pop from, or those of so many members', async () => {
      const { client, topic, group } = await openTopic(4);
      const query = queryWith(client, topic, group);
      await join(group, topic, ['a', 'b', 'c', 'd']);
      expect((await setMode(client, topic, group, 'POP')).code).toBe(ResponseCode.SUCCESS);
      expect(await query('a')).toEqual(['POP -1']);
      await setMode(client, topic, group, 'POP', 1);
      expect((await query('a'))?.toSorted()).toEqual(['POP 0', 'POP 1']);
      expect((await query('d'))?.toSorted()).toEqual(['POP 0', 'POP 3']);
      await setMode(client, topic, group, 'POP', 3);
      expect(await query('d')).toEqual(['POP -1']);
      await setMode(client, topic, group, 'PULL');
      expect(await query('d')).toEqual(['PULL 3']);
    });

    it('gives each of more members than queues one to pop from', async () => {
      const { client, topic, group } = await openTopic(2);
      await join(group, topic, ['a', 'b', 'c', 'd']);
      await setMode(client, topic, group, 'POP', 1);
      const query = queryWith(client, topic, group);
      expect(await query('c')).toEqual(['POP 0']);
      expect(await query('d')).toEqual(['POP 1']);
    });
  });

  describe('SET_MESSAGE_REQUEST_MODE', () => {
    it('refuses retry topics and topics that do not exist', async () => {
      const { client, topic, group } = await openTopic(1);
      const retry = await setMode(client, `%RETRY%${group}`, group, 'POP');
      expect(retry.code).toBe(ResponseCode.NO_PERMISSION);
      expect(retry.remark).toBe('retry topic is not allowed to set mode');
      const unknown = await setMode(client, `${topic}-unknown`, group, 'POP');
      expect(unknown.code).toBe(ResponseCode.TOPIC_NOT_EXIST);
      expect(unknown.remark).toBe(`topic[${topic}-unknown] not exist`);
      expect((await setMode(client, topic, 'a b', 'POP')).code).toBe(
        ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST,
      );
    });
  });
}
