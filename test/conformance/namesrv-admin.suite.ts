import { describe, expect, it } from 'vitest';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { ResponseCode } from '../../lib/remoting/response-code.js';
import { eventually } from '../support/eventually.js';
import { createTopic, open } from './admin-client.js';
import type { ClusterRef } from './cluster.js';

/** What administrators ask of a name server: wire-protocol.md 2.3.9. */
export function describeNamesrvAdmin(cluster: ClusterRef): void {
  describe('the name server', () => {
    it('lists topics, of all brokers and of a cluster', async () => {
      const { client, topic } = await open(cluster);
      await createTopic(client, topic);
      const all = await client.callNamesrv(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, undefined);
      expect(all.body!.topicList).toContain(topic);
      const list = async (name: string) =>
        (await client.callNamesrv(RequestCode.GET_TOPICS_BY_CLUSTER, { cluster: name })).body!.topicList;
      expect(await list('DefaultCluster')).toContain(topic);
      expect(await list('none')).toEqual([]);
    });

    it('forgets a topic that the broker has deleted', async () => {
      const { client, topic } = await open(cluster);
      await createTopic(client, topic);
      await client.call(RequestCode.DELETE_TOPIC_IN_BROKER, { topic });
      const header = { topic, clusterName: 'DefaultCluster' };
      expect((await client.callNamesrv(RequestCode.DELETE_TOPIC_IN_NAMESRV, header)).code).toBe(0);
      expect((await client.route(topic)).code).toBe(ResponseCode.TOPIC_NOT_EXIST);
    });

    it('learns again of a topic that it forgot and the broker has', async () => {
      const { client, topic } = await open(cluster);
      await createTopic(client, topic);
      await client.callNamesrv(RequestCode.DELETE_TOPIC_IN_NAMESRV, { topic });
      await eventually(async () => (await client.route(topic)).code === ResponseCode.SUCCESS, 60_000);
    }, 70_000);

    it('keeps keys and values', async () => {
      const { client, topic: namespace } = await open(cluster);
      const put = (key: string, value: string) =>
        client.callNamesrv(RequestCode.PUT_KV_CONFIG, { namespace, key, value });
      const get = (key: string) => client.callNamesrv(RequestCode.GET_KV_CONFIG, { namespace, key });
      expect((await client.callNamesrv(RequestCode.GET_KVLIST_BY_NAMESPACE, { namespace })).code).toBe(22);
      expect((await put('__proto__', 'one')).code).toBe(0);
      await put('b', 'zwei äöü');
      expect((await get('__proto__')).header).toEqual({ value: 'one' });
      expect((await get('c')).code).toBe(ResponseCode.QUERY_NOT_FOUND);
      const list = await client.callNamesrv(RequestCode.GET_KVLIST_BY_NAMESPACE, { namespace });
      expect(list.body!.table.get('b')).toBe('zwei äöü');
      await client.callNamesrv(RequestCode.DELETE_KV_CONFIG, { namespace, key: 'b' });
      expect((await get('b')).code).toBe(ResponseCode.QUERY_NOT_FOUND);
    });

    it('takes the write permission of a broker away, and gives it back', async () => {
      const { client, topic } = await open(cluster);
      await createTopic(client, topic);
      const { brokerName } = client;
      const perm = async () => (await client.route(topic)).body!.queueDatas[0]!.perm;
      const wiped = await client.callNamesrv(RequestCode.WIPE_WRITE_PERM_OF_BROKER, { brokerName });
      expect(wiped.header!.wipeTopicCount).toBeGreaterThan(1);
      expect(await perm()).toBe(4);
      const added = await client.callNamesrv(RequestCode.ADD_WRITE_PERM_OF_BROKER, { brokerName });
      expect(added.header!.addTopicCount).toBe(wiped.header!.wipeTopicCount);
      expect(await perm()).toBe(6);
    });
  });
}
