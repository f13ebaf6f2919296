import { describe, expect, it } from 'vitest';
import { ResponseCode } from '../../lib/remoting/response-code.js';
import { TestClient, type BatchItem } from '../support/test-client.js';
import { codeOf, uniqueName, type ClusterRef } from './cluster.js';

const MIB = 1024 * 1024;

/** SEND_BATCH_MESSAGE: store-and-broker.md 2.7 and 15.4. */
export function describeBatch(cluster: ClusterRef): void {
  describe('SEND_BATCH_MESSAGE', () => {
    it('stores the messages one behind the other', async () => {
      const client = await TestClient.open(cluster());
      const topic = uniqueName('batch');
      await client.send(topic, { queueId: 1 });
      const batch: BatchItem[] = [
        { body: Buffer.from('one'), flag: 1, properties: { TAGS: 'a', UNIQ_KEY: 'U1' } },
        { body: Buffer.from('two'), flag: 2, properties: { KEYS: 'k', UNIQ_KEY: 'U2' } },
        { body: Buffer.from('three'), properties: { UNIQ_KEY: 'U3' } },
      ];
      const { code, header } = await client.sendBatch(topic, batch, { queueId: 1, bornTimestamp: 1234 });
      expect(code).toBe(ResponseCode.SUCCESS);
      expect(header).toMatchObject({ queueId: 1, queueOffset: 1 });
      const stored = (await client.read(topic, 1)).slice(1);
      expect(stored.map(({ body }) => body.toString())).toEqual(['one', 'two', 'three']);
      expect(stored.map(({ queueOffset }) => queueOffset)).toEqual([1, 2, 3]);
      expect(stored.map(({ flag }) => flag)).toEqual([1, 2, 0]);
      expect(stored.map(({ bornTimestamp }) => bornTimestamp)).toEqual([1234, 1234, 1234]);
      expect(stored.map(({ tags }) => tags)).toEqual(['a', undefined, undefined]);
      expect(stored.map(({ keys }) => keys)).toEqual([undefined, 'k', undefined]);
      expect(header!.msgId).toBe(stored.map(({ offsetMsgId }) => offsetMsgId).join(','));
    });

    it('leaves every message its own properties, and gives it none of the batch', async ({ skip }) => {
      skip(cluster().version === '5.3.3', 'there the properties of the batch win');
      const client = await TestClient.open(cluster());
      const topic = uniqueName('batch');
      const batch: BatchItem[] = [
        { properties: { UNIQ_KEY: 'U1', TAGS: 'a' } },
        { properties: { KEYS: 'k' } },
      ];
      await client.sendBatch(topic, batch, {
        properties: { UNIQ_KEY: 'of the batch', TAGS: 'b', WAIT: 'false' },
      });
      const stored = await client.read(topic);
      expect(stored.map(({ tags, keys, msgId }) => [tags, keys, msgId])).toEqual([
        ['a', undefined, 'U1'],
        [undefined, 'k', stored[1]!.offsetMsgId],
      ]);
      expect(stored.map((message) => message.waitStoreMsgOK)).toEqual([true, true]);
    });

    it('chooses one queue for all', async () => {
      const client = await TestClient.open(cluster());
      const topic = uniqueName('batch');
      const { header } = await client.sendBatch(topic, [{}, {}, {}, {}, {}, {}], { queueId: -1 });
      expect(await client.read(topic, header!.queueId)).toHaveLength(6);
    });

    it('refuses a batch of which one message is delayed', async ({ skip }) => {
      skip(cluster().isApache === true, 'only its client looks');
      const client = await TestClient.open(cluster());
      const topic = uniqueName('batch');
      const { code } = await client.sendBatch(topic, [{}, { properties: { DELAY: '1' } }]);
      expect(code).toBe(ResponseCode.MESSAGE_ILLEGAL);
      expect(await client.read(topic)).toEqual([]);
    });

    it.each<[string, string, BatchItem[], Pick<BatchItem, 'properties'>, number]>([
      ['to a retry topic', '%RETRY%group', [{}], {}, ResponseCode.MESSAGE_ILLEGAL],
      [
        'that is delayed as a whole',
        'batch',
        [{}],
        { properties: { DELAY: '1' } },
        ResponseCode.MESSAGE_ILLEGAL,
      ],
      ['without messages', 'batch', [], {}, ResponseCode.SYSTEM_ERROR],
      [
        'with too long properties',
        'batch',
        [{}, { properties: { a: 'x'.repeat(32_767) } }],
        {},
        ResponseCode.MESSAGE_ILLEGAL,
      ],
      [
        'of more than 4 MiB together',
        'batch',
        [{ body: Buffer.alloc(2 * MIB) }, { body: Buffer.alloc(2 * MIB + 1) }],
        {},
        ResponseCode.SYSTEM_ERROR,
      ],
    ])('refuses a batch %s, and stores nothing of it', async (_, prefix, batch, header, expected) => {
      const client = await TestClient.open(cluster());
      const topic = uniqueName(prefix);
      const code = await codeOf(client.sendBatch(topic, batch, header), ResponseCode.MESSAGE_ILLEGAL);
      expect(code).toBe(expected);
      expect(await client.read(topic)).toEqual([]);
    });
  });
}
