import { describe, expect, it, onTestFinished } from 'vitest';
import type { MessageExt } from '../../lib/common/message-ext.js';
import { queryMessageTrace } from '../../lib/client/index.js';
import { eventually } from '../support/eventually.js';
import { startEngine } from '../support/test-engine.js';
import { collect, message, startConsumer, startInstance, startProducer } from '../support/test-peers.js';
import { JARS, runJava, workDirectory } from './java.js';
import { MqAdmin } from './mqadmin.js';

const TIMEOUT = 60_000;
const open = () => startEngine({ engine: { listen: { nameServerPort: 0, listenPort: 0 } } });

describe('message trace', { timeout: TIMEOUT }, () => {
  it('of our clients is read by mqadmin', async () => {
    const engine = await open();
    const producer = startProducer(engine, { producer: { group: 'senders', enableMsgTrace: true } });
    const sent = message('traced', 'hello', 'blue');
    sent.setKeys(['k1']);
    const { msgId } = await producer.send(sent);
    const got: MessageExt[] = [];
    const consumer = await startConsumer(engine, 'receivers', { traced: '*' }, collect(got), {
      consumer: { enableMsgTrace: true },
    });
    await eventually(() => got.length === 1);
    await Promise.all([producer.endTrace(), consumer.shutdown()]);
    const admin = MqAdmin.start(workDirectory(), engine.namesrvAddrs[0]!);
    onTestFinished(() => admin.stop());
    const output = await admin.run('queryMsgTraceById', '-i', msgId);
    expect(output).toMatch(/Pub\s+senders\s+127\.0\.0\.1\S*\s.*success/);
    expect(output).toMatch(/Sub\s+receivers\s.*success/);
  });

  it('of Java clients is read by our reader', async () => {
    const engine = await open();
    const lines = await runJava('TracedClients', { jars: JARS }, engine.namesrvAddrs[0]!);
    const [msgId, offsetMsgId] = lines.at(-1)!.split(' ');
    const traces = await queryMessageTrace(startInstance(engine), msgId!);
    expect(traces).toMatchObject([
      {
        traceType: 'Pub',
        groupName: 'java-traced-producer',
        ...{ topic: 'java-traced', tags: 'tag', keys: 'key', bodyLength: 5, msgType: 3, offsetMsgId },
      },
      { traceType: 'SubBefore', groupName: 'java-traced-group', keys: 'key' },
      { traceType: 'SubAfter', groupName: 'java-traced-group', success: true, contextCode: 0 },
    ]);
  });
});
