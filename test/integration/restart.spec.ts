import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MessageExt, type EngineOptions, type RocketMQMessageListenerOptions } from '../../lib/index.js';
import { Inbox, listener, startApp } from '../support/nest-app.js';
import { temporaryDirectory } from '../support/test-store.js';
import { VirtualClock } from '../support/virtual-clock.js';

const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i}`);

describe('after a restart', () => {
  it.each([
    ['concurrently', { consumeMode: 'CONCURRENTLY' }],
    ['in order', { consumeMode: 'ORDERLY' }],
    ['broadcasting', { messageModel: 'BROADCASTING' }],
  ] as const)('a group that consumes %s goes on where it was', async (_name, options) => {
    const directory = temporaryDirectory();
    const inbox = new Inbox<string>();
    const providers = [listener<string>({ topic: 't', consumerGroup: 'g', ...options }, inbox.push)];
    const first = await startApp({ directory, providers });
    for (const text of numbers(8)) await first.template.syncSend('t', text);
    await inbox.take(8);
    await first.close();

    const silent = await startApp({ directory });
    for (const text of ['a', 'b', 'c', 'd']) await silent.template.syncSend('t', text);
    await silent.close();

    const second = await startApp({ directory, providers });
    await inbox.take(12);
    await second.template.syncSend('t', 'end');
    await inbox.take(13);
    expect(inbox.received.toSorted()).toEqual([...numbers(8), 'a', 'b', 'c', 'd', 'end']);
  });

  it('everything that was sent is there, with its ids and queues', async () => {
    const directory = temporaryDirectory();
    const first = await startApp({ directory, rocketmq: { engine: { flushDiskType: 'SYNC_FLUSH' } } });
    const sent = await Promise.all(numbers(100).map((text) => first.template.syncSend('t', text)));
    await first.close();
    expect(existsSync(`${directory}/store/abort`)).toBe(false);
    const stored = await (await startApp({ directory })).stored('t');
    const ids = stored.map(({ msgId, queueId, queueOffset }) => `${msgId} ${queueId} ${queueOffset}`);
    const expected = sent.map(
      ({ msgId, messageQueue, queueOffset }) => `${msgId} ${messageQueue.queueId} ${queueOffset}`,
    );
    expect(ids.toSorted()).toEqual(expected.toSorted());
  });

  it('a delayed message comes when it is due, or at once when it is overdue', async () => {
    const directory = temporaryDirectory();
    const clock = new VirtualClock();
    const first = await startApp({ directory, clock });
    await first.template.syncSend('t', 'soon', { delayLevel: 4 });
    await first.template.syncSend('t', 'late', { delayLevel: 6 });
    await clock.advance(10_000);
    await first.close();

    const inbox = new Inbox<string>();
    const restarted = new VirtualClock(clock.now() + 60_000);
    await startApp({
      directory,
      clock: restarted,
      providers: [listener<string>({ topic: 't' }, inbox.push)],
    });
    await restarted.advance(100);
    expect(await inbox.take()).toEqual(['soon']);
    await restarted.advance(49_899);
    expect(inbox.received).toEqual(['soon']);
    await restarted.advance(1);
    expect(await inbox.take(2)).toEqual(['soon', 'late']);
    await restarted.advance(10_000_000);
    expect(inbox.received).toHaveLength(2);
  });

  it('attempts of a message that failed go on, and are counted on', async () => {
    const directory = temporaryDirectory();
    const attempts = new Inbox<number>();
    const options: RocketMQMessageListenerOptions = {
      topic: 't',
      consumerGroup: 'g',
      messageType: MessageExt,
      maxReconsumeTimes: 3,
      delayLevelWhenNextConsume: 2,
    };
    const dead = new Inbox<MessageExt>();
    const providers = [
      listener(options, ({ reconsumeTimes }: MessageExt) => {
        attempts.push(reconsumeTimes);
        throw new Error('not yet');
      }),
      listener({ topic: '%DLQ%g', consumerGroup: 'dead', messageType: MessageExt }, dead.push),
    ];
    let now = Date.UTC(2026, 0, 15);
    for (let start = 0; start < 4; start++) {
      const clock = new VirtualClock(now);
      const app = await startApp({ directory, clock, providers });
      if (start === 0) await app.template.syncSend('t', 'x');
      else await clock.advance(5000);
      await attempts.take(start + 1);
      if (start < 3) await app.logger.logged(`failed (attempt ${start + 1}, group g)`);
      else await dead.take();
      await app.close();
      now = clock.now();
    }
    expect(attempts.received).toEqual([0, 1, 2, 3]);
    expect(dead.received).toHaveLength(1);
  });

  describe('a new group', () => {
    /** Three messages, one a minute; then three groups that begin in different places, and one more message. */
    async function received(engine: EngineOptions, count: number): Promise<string[]> {
      const directory = temporaryDirectory();
      const clock = new VirtualClock();
      const first = await startApp({ directory, clock });
      for (const text of ['0', '1', '2']) {
        await first.template.syncSendOrderly('t', text, 'key');
        await clock.advance(60_000);
      }
      await first.close();
      const inbox = new Inbox<string>();
      const group = (consumerGroup: string, options: object) =>
        listener<string>({ topic: 't', consumerGroup, ...options }, (text) =>
          inbox.push(`${consumerGroup} ${text}`),
        );
      const app = await startApp({
        directory,
        clock: new VirtualClock(clock.now()),
        rocketmq: { engine },
        providers: [
          group('first', { consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET' }),
          group('last', {}),
          group('time', {
            consumeFromWhere: 'CONSUME_FROM_TIMESTAMP',
            consumeTimestamp: new Date(clock.now() - 90_000),
          }),
        ],
      });
      await app.template.syncSendOrderly('t', 'end', 'key');
      return (await inbox.take(count)).toSorted();
    }

    it('begins where consumeFromWhere says', async () => {
      // With none of the memory for recent messages all of them count as old.
      expect(await received({ accessMessageInMemoryMaxRatio: 0 }, 7)).toEqual([
        ...['first 0', 'first 1', 'first 2', 'first end'],
        'last end',
        ...['time 2', 'time end'],
      ]);
    });

    it('begins at the beginning of a topic that still has its first message', async () => {
      const groups = ['first', 'last', 'time'];
      const expected = groups.flatMap((name) => ['0', '1', '2', 'end'].map((text) => `${name} ${text}`));
      expect(await received({}, 12)).toEqual(expected);
    });
  });
});

describe('broadcasting', () => {
  it('keeps its offsets in the store by the name of the instance, whatever the address of this machine', async () => {
    const directory = temporaryDirectory();
    const inbox = new Inbox<string>();
    const providers = [
      listener<string>({ topic: 't', consumerGroup: 'g', messageModel: 'BROADCASTING' }, inbox.push),
    ];
    const storeAt = (name: string) => ({
      rocketmq: { instanceName: 'shop', unitName: 'u', engine: { storePathRootDir: `${directory}/${name}` } },
      providers,
    });
    const first = await startApp(storeAt('one'));
    await first.template.syncSendOrderly('t', ['a', 'b'], 'key');
    await inbox.take(2);
    await first.close();
    expect(readdirSync(directory), 'a volume for the store has all').toEqual(['one']);
    expect(existsSync(`${directory}/one/offsets/localhost@shop@u/g/offsets.json`)).toBe(true);

    const second = await startApp(storeAt('two'));
    await second.template.syncSendOrderly('t', ['c', 'd'], 'key');
    expect((await inbox.take(4)).slice(2)).toEqual(['c', 'd']);
  });
});
