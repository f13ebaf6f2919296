import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeMessages } from '../../lib/common/message-decoder.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { MessageExt, MQClientError } from '../../lib/index.js';
import { Inbox, listener, startApp, type TestApp } from '../support/nest-app.js';

function table(app: TestApp, name: string): string {
  return readFileSync(`${app.directory}/store/config/${name}`, 'utf8').replace(/\s/g, '');
}

describe('topics', () => {
  it.each([
    [8, 4],
    [2, 2],
    [1, 1],
  ])(
    'that the first message creates have at most defaultTopicQueueNums: %i gives %i queues',
    async (most, queues) => {
      const app = await startApp({ rocketmq: { engine: { defaultTopicQueueNums: most } } });
      await app.template.syncSend('t', 'x');
      const { body } = await (await app.broker()).route('t');
      expect(body!.queueDatas).toEqual([
        expect.objectContaining({ readQueueNums: queues, writeQueueNums: queues }),
      ]);
    },
  );

  it('are not created where autoCreateTopicEnable is false, and the send says that there is none', async () => {
    const app = await startApp({ rocketmq: { engine: { autoCreateTopicEnable: false } } });
    const error = await app.template.syncSend('t', 'x').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MQClientError);
    expect((error as Error).message).toBe('No route info of this topic: t');
    expect((await (await app.broker()).route('t')).body).toBeUndefined();
  });

  it('are still there after a restart, with as many queues', async () => {
    const app = await startApp({ rocketmq: { engine: { defaultTopicQueueNums: 2 } } });
    await app.template.syncSend('t', 'x');
    await app.close();
    const again = await startApp({ directory: app.directory });
    const { body } = await (await again.broker()).route('t');
    expect(body!.queueDatas[0]!.writeQueueNums).toBe(2);
  });
});

describe('a consumer group', () => {
  it('is known to the broker with its one member, until the application closes', async () => {
    const app = await startApp({ providers: [listener({ topic: 't', consumerGroup: 'g' }, () => {})] });
    const broker = await app.broker();
    expect(await broker.consumerIds('g')).toEqual([expect.stringContaining(`@${process.pid}#`)]);
  });

  it('has its offsets in consumerOffset.json when the application has closed', async () => {
    const inbox = new Inbox<string>();
    const app = await startApp({
      providers: [listener<string>({ topic: 't', consumerGroup: 'g' }, inbox.push)],
    });
    const { messageQueue } = await app.template.syncSendOrderly('t', ['a', 'b', 'c'], 'key');
    await inbox.take(3);
    await app.close();
    expect(table(app, 'consumerOffset.json')).toMatch(
      new RegExp(`"t@g":\\{[^}]*\\b${messageQueue.queueId}:3\\b`),
    );
    expect(table(app, 'subscriptionGroup.json')).toContain('"groupName":"g"');
  });

  it('gets a message of a topic that did not exist when it started at once', async () => {
    const inbox = new Inbox<string>();
    const app = await startApp({ providers: [listener<string>({ topic: 'new' }, inbox.push)] });
    await app.template.syncSend('new', 'first');
    expect(await inbox.take()).toEqual(['first']);
  });
});

describe('a sent message can be found', () => {
  it('by its unique id, its offset id and each of its keys', async () => {
    const app = await startApp();
    await app.template.syncSend('t', 'other', { keys: 'other' });
    const { msgId, offsetMsgId } = await app.template.syncSend('t', 'mine', { keys: ['red', 'green'] });
    const broker = await app.broker();
    const query = async (key: string, uniqueKeyQuery = false) => {
      const times = { beginTimestamp: 0, endTimestamp: Number.MAX_SAFE_INTEGER };
      const header = { topic: 't', key, maxNum: 10, uniqueKeyQuery, ...times };
      const { body } = await broker.call(RequestCode.QUERY_MESSAGE, header);
      return decodeMessages(body!).map((message: MessageExt) => message.body.toString());
    };
    expect(await query('red')).toEqual(['mine']);
    expect(await query('green')).toEqual(['mine']);
    expect(await query(msgId, true)).toEqual(['mine']);
    const offset = Number.parseInt(offsetMsgId.slice(16), 16);
    const { body } = await broker.call(RequestCode.VIEW_MESSAGE_BY_ID, { offset } as never);
    expect(decodeMessages(body as never)[0]).toMatchObject({ msgId, offsetMsgId });
  });
});

describe('a large backlog', () => {
  it('is worked off although handlers are slower than pulls', async () => {
    const done = new Inbox<number>();
    const app = await startApp();
    const batch = Array.from({ length: 500 }, (_, i) => i);
    for (let i = 0; i < 8; i++) await app.template.syncSendOrderly('t', batch, 'key');
    await app.close();
    const slow = async (value: number) => {
      await new Promise((resolve) => setImmediate(resolve));
      done.push(value);
    };
    await startApp({ directory: app.directory, providers: [listener<number>({ topic: 't' }, slow)] });
    const received = await done.take(4000);
    expect(received.toSorted((a, b) => a - b)).toEqual(
      batch.flatMap((value) => Array.from({ length: 8 }, () => value)),
    );
  });
});
