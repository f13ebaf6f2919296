import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../lib/common/clock.js';
import { MQAdminImpl } from '../../lib/client/mq-admin-impl.js';
import { silentLogger } from '../../lib/common/logger.js';
import type { MessageExt } from '../../lib/common/message-ext.js';
import { TcpTransport } from '../../lib/remoting/transport/tcp-transport.js';
import { uniqueName, type Cluster } from '../conformance/cluster.js';
import { eventually } from '../support/eventually.js';
import { TestClient } from '../support/test-client.js';
import { collect, startConsumer, startInstance } from '../support/test-peers.js';
import { ApacheCluster } from './apache-cluster.js';
import { workDirectory } from './java.js';
import { MqAdmin } from './mqadmin.js';

const FIRST = { consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET' } as const;

describe('batches that Apache keeps as one record (queue.type=BatchCQ)', { timeout: 120_000 }, () => {
  let apache: ApacheCluster;
  let cluster: Cluster;
  beforeAll(async () => {
    apache = await ApacheCluster.start('single');
    cluster = {
      namesrvAddrs: [apache.namesrvAddr],
      connect: () => new TcpTransport({ clock: systemClock, logger: silentLogger }),
      close: async () => {},
    };
  }, 120_000);
  afterAll(() => apache?.close());

  /** A topic of one queue with a batch of three messages. */
  async function sendBatch(): Promise<string> {
    const topic = uniqueName('batch-cq');
    const admin = MqAdmin.start(workDirectory(), apache.namesrvAddr);
    onTestFinished(() => admin.stop());
    const options = ['-c', 'DefaultCluster', '-t', topic, '-r', '1', '-w', '1', '-a', '+queue.type=BatchCQ'];
    expect(await admin.run('updateTopic', ...options)).toContain('success');
    const client = await TestClient.open(cluster);
    const batch = ['a', 'b', 'c'].map((text) => ({
      body: Buffer.from(text),
      flag: 5,
      properties: { TAGS: text, UNIQ_KEY: `id-${text}` },
    }));
    // As Java's producer sends it: a batch with an id is kept as one record.
    const sent = await client.sendBatch(topic, batch, { properties: { UNIQ_KEY: 'batch-id', WAIT: 'true' } });
    expect(sent.remark).toBeUndefined();
    return topic;
  }

  it('come as their messages, each at its own offset', async () => {
    const topic = await sendBatch();
    const received: MessageExt[] = [];
    await startConsumer(cluster, uniqueName('g'), { [topic]: '*' }, collect(received), { consumer: FIRST });
    await eventually(() => received.length >= 3, 60_000);
    const shown = received.map(({ queueOffset, body, tags, msgId, flag }) =>
      [queueOffset, body.toString(), tags, msgId, flag].join(' '),
    );
    expect(shown.toSorted()).toEqual(['0 a a id-a 5', '1 b b id-b 5', '2 c c id-c 5']);
    const pulled = await new MQAdminImpl(startInstance(cluster)).pull(
      { topic, brokerName: 'broker-a', queueId: 0 },
      1,
      32,
    );
    expect(pulled.messages.map(({ queueOffset }) => queueOffset)).toEqual([1, 2]);
    expect(pulled.nextOffset).toBe(3);
  });

  it('come again message by message', async () => {
    const topic = await sendBatch();
    const handled: string[] = [];
    const concurrently = async (messages: readonly MessageExt[]) => {
      for (const { body, reconsumeTimes } of messages) handled.push(`${body.toString()} ${reconsumeTimes}`);
      const isRefused = messages.some(
        ({ body, reconsumeTimes }) => body.toString() === 'b' && reconsumeTimes === 0,
      );
      return isRefused ? ('RECONSUME_LATER' as const) : ('CONSUME_SUCCESS' as const);
    };
    const group = uniqueName('g');
    await startConsumer(cluster, group, { [topic]: '*' }, { concurrently }, { consumer: FIRST });
    await eventually(() => handled.length >= 4, 90_000);
    expect(handled.toSorted()).toEqual(['a 0', 'b 0', 'b 1', 'c 0']);
  });
});
