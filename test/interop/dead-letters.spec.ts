import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Type } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  Idempotent,
  MessageExt,
  RocketMQAdmin,
  RocketMQDeadLetterListener,
  RocketMQMessageListener,
  RocketMQModule,
  Retry,
} from '../../lib/index.js';
import { uniqueName } from '../conformance/cluster.js';
import { Inbox, startApp, type TestApp } from '../support/nest-app.js';
import { TestEngine } from '../support/test-engine.js';
import { ApacheCluster } from './apache-cluster.js';
import { poll } from './poll.js';
import { spawnJava, workDirectory, type Until } from './java.js';

/** Instead of 20 s, in which a new retry topic would not be consumed. */
const SOON = { 'rocketmq.client.rebalance.waitInterval': '1000' };

interface Server {
  readonly nameServer: string;
  close(): Promise<void>;
}

async function startEngine(): Promise<Server> {
  let end: () => void | Promise<void> = () => {};
  const until: Until = (cleanup) => void (end = cleanup);
  const engine = new TestEngine(workDirectory(until), {
    engine: { listen: { nameServerPort: 0, listenPort: 0 } },
  });
  await engine.start();
  const close = async () => {
    await engine.close();
    await end();
  };
  return { nameServer: engine.namesrvAddrs[0]!, close };
}

async function startApache(): Promise<Server> {
  const apache = await ApacheCluster.start('single');
  return { nameServer: apache.namesrvAddr, close: () => apache.close() };
}

describe.each([
  ['the engine over TCP', startEngine],
  ['Apache RocketMQ', startApache],
])('an application on %s', (_name, start) => {
  let server: Server;
  beforeAll(async () => void (server = await start()), 60_000);
  afterAll(() => server?.close());

  const open = (...providers: Type[]): Promise<TestApp> =>
    startApp({
      module: [RocketMQModule.forRoot({ nameServer: server.nameServer, engine: false })],
      providers,
    });

  it('listens to what a consumer in Java gave up, and sends it again', { timeout: 120_000 }, async () => {
    const [group, topic] = [uniqueName('java'), uniqueName('given-up')];
    const sender = await open();
    const options = { keys: ['k'], properties: { region: 'EU' } };
    const { msgId } = await sender.template.syncSend(`${topic}:paid`, 'text', options);
    const java = spawnJava(workDirectory(), 'DeadLetters', { system: SOON }, server.nameServer, group, topic);
    const ended = once(java, 'exit');
    onTestFinished(async () => {
      java.kill('SIGKILL');
      await ended;
    });
    const lines: string[] = [];
    createInterface({ input: java.stdout }).on('line', (line) => lines.push(line));
    const admin = sender.module.get(RocketMQAdmin, { strict: false });
    const dead = async (): Promise<number> => {
      let count = 0;
      for await (const { topic: of } of admin.deadLetters(group)) count += of === `%DLQ%${group}` ? 1 : 0;
      return count;
    };
    await poll('a dead message', async () => (await dead()) === 1, 60_000);

    const attempts = new Inbox<MessageExt>();
    class DeadListener {
      @RocketMQDeadLetterListener(group, { messageType: MessageExt })
      onDead(message: MessageExt): unknown {
        attempts.push(message);
        return attempts.received.length === 1 ? Retry({ delayLevel: 1 }) : undefined;
      }
    }
    await open(DeadListener);
    for (const message of await attempts.take(2))
      expect(message).toMatchObject({ msgId, topic: `%DLQ%${group}`, keys: 'k', tags: 'paid' });
    expect(attempts.received[1]!.getProperty('DLQ_ORIGIN_TOPIC')).toBe(topic);

    expect(await admin.resendDeadLetter(group, msgId)).toMatchObject({ msgId, sendStatus: 'SEND_OK' });
    await poll('the message in Java', () => lines.length === 2, 20_000);
    const from = attempts.received[0]!.storeTimestamp;
    expect(await admin.resendDeadLetters(group, { from, target: 'GROUP' })).toBe(1);
    expect(await admin.resendDeadLetters(group, { to: from })).toBe(0);
    // The client of 5.5 asks for the new retry topic every 30 s only.
    await poll('the message in Java again', () => lines.length === 3, 45_000);
    const shown = `${topic} ${msgId} k paid EU 0 text`;
    expect(lines).toEqual([`first: ${shown}`, `again: ${shown}`, `again: ${shown}`]);
    expect(await dead()).toBe(1);
  });

  it('handles messages with one key once in all of its instances', { timeout: 60_000 }, async () => {
    const topic = uniqueName('once');
    const handled = new Inbox<string>();
    let asked = 0;
    const key = (text: string) => {
      asked++;
      return text;
    };
    const listener = (): Type => {
      @RocketMQMessageListener({
        topic,
        consumerGroup: topic,
        messageType: String,
        consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
      })
      @Idempotent({ key })
      class Once {
        onMessage(text: string): void {
          handled.push(text);
        }
      }
      return Once;
    };
    const sender = await open();
    for (let i = 0; i < 40; i++) await sender.template.syncSend(topic, `${i % 5}`);
    await Promise.all([open(listener()), open(listener())]);
    await handled.take(5);
    for (let i = 5; i < 25; i++) await sender.template.syncSend(topic, `${i % 10}`);
    await poll('all messages', () => asked >= 60 && handled.received.length >= 10, 30_000);
    expect(handled.received.toSorted()).toEqual(Array.from({ length: 10 }, (_, i) => `${i}`));
  });
});
