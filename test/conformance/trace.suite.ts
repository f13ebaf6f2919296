import { describe, expect, it } from 'vitest';
import type { MessageExt } from '../../lib/common/message-ext.js';
import { queryMessageTrace, type MessageTrace, type TransactionListener } from '../../lib/client/index.js';
import { eventually } from '../support/eventually.js';
import {
  collect,
  message,
  startConsumer,
  startInstance,
  startProducer,
  startTransactionProducer,
} from '../support/test-peers.js';
import { uniqueName, type ClusterRef } from './cluster.js';

/** Message trace: wire-protocol.md 8. */
export function describeTrace(cluster: ClusterRef): void {
  describe('message trace', () => {
    it('tells of the send of a message and of every delivery', async () => {
      const [topic, traceTopic, group] = ['traced', 'trace', 'group'].map(uniqueName) as [
        string,
        string,
        string,
      ];
      const trace = { enableMsgTrace: true, customizedTraceTopic: traceTopic };
      const producer = startProducer(cluster(), { producer: { group: 'traced-producer', ...trace } });
      const sent = message(topic, 'hello', 'blue');
      sent.setKeys(['k1', 'k2']);
      const { msgId, offsetMsgId } = await producer.send(sent);
      const got: MessageExt[] = [];
      const listener = collect(got);
      const consumer = await startConsumer(cluster(), group, { [topic]: '*' }, listener, { consumer: trace });
      await eventually(() => got.length === 1);
      await Promise.all([producer.endTrace(), consumer.shutdown()]);
      const instance = startInstance(cluster());
      let traces: MessageTrace[] = [];
      // Apache's broker indexes what it has stored a little later.
      await expect
        .poll(async () => (traces = await queryMessageTrace(instance, msgId, traceTopic)).length, {
          timeout: 10_000,
        })
        .toBe(3);
      const [pub, before, after] = traces;
      expect(pub).toMatchObject({
        traceType: 'Pub',
        regionId: 'DefaultRegion',
        groupName: 'traced-producer',
        ...{
          topic,
          msgId,
          offsetMsgId,
          tags: 'blue',
          keys: 'k1 k2',
          bodyLength: 5,
          msgType: 0,
          success: true,
        },
      });
      expect(before).toMatchObject({
        traceType: 'SubBefore',
        groupName: group,
        msgId,
        retryTimes: 0,
        keys: 'k1 k2',
      });
      const { requestId } = before as { requestId: string };
      expect(after).toMatchObject({
        traceType: 'SubAfter',
        requestId,
        success: true,
        contextCode: 0,
        groupName: group,
      });
    });

    it('tells how a transaction ended', async () => {
      const [topic, traceTopic] = ['traced', 'trace'].map(uniqueName) as [string, string];
      const config = { group: 'traced-producer', enableMsgTrace: true, customizedTraceTopic: traceTopic };
      const listener: TransactionListener = {
        executeLocalTransaction: () => 'ROLLBACK_MESSAGE',
        checkLocalTransaction: () => 'UNKNOW',
      };
      const producer = startTransactionProducer(cluster(), listener, { producer: config });
      const { msgId } = await producer.sendMessageInTransaction(message(topic, 'body', 'blue'));
      await producer.endTrace();
      const instance = startInstance(cluster());
      const about = { groupName: 'traced-producer', topic, msgId, tags: 'blue' };
      const end = { transactionId: msgId, transactionState: 'ROLLBACK_MESSAGE', fromTransactionCheck: false };
      await expect
        .poll(() => queryMessageTrace(instance, msgId, traceTopic), { timeout: 10_000 })
        .toMatchObject([
          { traceType: 'Pub', msgType: 1, ...about },
          { traceType: 'EndTransaction', msgType: 2, ...about, ...end },
        ]);
    });

    it.each([2, 1000])('tells of a batch of %d by the id of each of its messages', async (count) => {
      const [topic, traceTopic] = ['traced', 'trace'].map(uniqueName) as [string, string];
      const trace = { enableMsgTrace: true, customizedTraceTopic: traceTopic };
      const producer = startProducer(cluster(), { producer: trace });
      const messages = Array.from({ length: count }, (_, i) => message(topic, `body ${i}`));
      const { msgId } = await producer.sendBatch(messages);
      await producer.endTrace();
      const instance = startInstance(cluster());
      for (const id of [msgId.split(',')[0]!, msgId.split(',').at(-1)!]) {
        await expect
          .poll(() => queryMessageTrace(instance, id, traceTopic), { timeout: 10_000 })
          .toMatchObject([{ traceType: 'Pub', topic, tags: undefined, msgId: expect.stringContaining(id) }]);
      }
    });

    it('tells of a batch by the ids of its messages, as its send gave them', async () => {
      const [topic, traceTopic] = ['traced', 'trace'].map(uniqueName) as [string, string];
      const trace = { enableMsgTrace: true, customizedTraceTopic: traceTopic };
      const producer = startProducer(cluster(), { producer: trace });
      const { msgId } = await producer.sendBatch(['a', 'b'].map((body) => message(topic, body)));
      await producer.endTrace();
      const instance = startInstance(cluster());
      await expect
        .poll(() => queryMessageTrace(instance, msgId, traceTopic), { timeout: 10_000 })
        .toMatchObject([{ traceType: 'Pub', topic, msgId, tags: undefined }]);
    });

    it('knows nothing of a message that was not traced', async () => {
      const { msgId } = await startProducer(cluster()).send(message(uniqueName('untraced')));
      expect(await queryMessageTrace(startInstance(cluster()), msgId, uniqueName('trace'))).toEqual([]);
    });
  });
}
