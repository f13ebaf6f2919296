import { describe, expect, it } from 'vitest';
import type { MessageExt } from '../../../lib/common/message-ext.js';
import type { ConsumerConfig } from '../../../lib/client/index.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { FaultyTransport } from '../../support/faulty-transport.js';
import { TestClient } from '../../support/test-client.js';
import { startEngine } from '../../support/test-engine.js';
import { message, startConsumer, startProducer } from '../../support/test-peers.js';
import { RecordingLogger } from '../../support/test-store.js';
import { MINUTE, SECOND, settle, VirtualClock } from '../../support/virtual-clock.js';

interface Call {
  readonly text: string;
  readonly at: number;
  readonly times: number;
  readonly signal: AbortSignal;
  readonly end: () => void;
  readonly fail: () => void;
}

/** A consumer whose calls end when the test says so. */
async function open(
  mode: 'concurrently' | 'orderly',
  texts: readonly string[],
  config: Partial<ConsumerConfig> = {},
) {
  const clock = new VirtualClock();
  const engine = await startEngine({ clock });
  const client = await TestClient.open(engine);
  const producer = startProducer(engine, { clock });
  for (const text of texts) await producer.send(message('t', text), { selector: ([first]) => first! });
  const calls: Call[] = [];
  const listener = <S>(success: S) => {
    return ([first]: readonly MessageExt[], { signal }: { signal: AbortSignal }): Promise<S> =>
      new Promise((resolve, reject) => {
        const end = () => resolve(success);
        const fail = () => reject(new Error('late'));
        const { reconsumeTimes: times } = first!;
        calls.push({ text: first!.body.toString(), at: clock.now(), times, signal, end, fail });
      });
  };
  const transport = new FaultyTransport(engine.connect());
  const logger = new RecordingLogger();
  const consumer = await startConsumer(
    engine,
    'g',
    { t: '*' },
    mode === 'orderly' ? { orderly: listener('SUCCESS') } : { concurrently: listener('CONSUME_SUCCESS') },
    { clock, transport, logger, consumer: { consumeTimeout: 2, ...config } },
  );
  await clock.advance(0);
  return { clock, client, calls, transport, logger, consumer };
}

describe('a call that takes too long', () => {
  it.each([60, -60])(
    'is told in time also when the clock is set by %s minutes meanwhile',
    async (minutes) => {
      const { clock, calls } = await open('concurrently', ['a']);
      clock.set(clock.now() + minutes * MINUTE);
      await clock.advance(2 * MINUTE - 1);
      expect(calls.map(({ signal }) => signal.aborted)).toEqual([false]);
      await clock.advance(1);
      expect(calls[0]!.signal.aborted).toBe(true);
    },
  );

  it('learns of it after consumeTimeout; its message comes again, and its end does not count', async () => {
    const { clock, client, calls, transport, logger } = await open('concurrently', ['a']);
    const [first] = calls as [Call];
    await clock.advance(2 * MINUTE - 1);
    expect(first.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(first.signal.reason).toMatchObject({
      code: 'CLIENT',
      message: expect.stringContaining('for longer than consumeTimeout (2 min)') as string,
    });
    expect(logger.lines).toEqual([
      expect.stringMatching(
        /^WARN The listener of group g has been handling message \w+ of topic t for longer/,
      ),
    ]);
    await clock.advance(10 * SECOND);
    expect(calls.map(({ times }) => times)).toEqual([0, 1]);
    first.fail();
    await settle();
    expect(transport.count(RequestCode.CONSUMER_SEND_MSG_BACK)).toBe(1);
    calls[1]!.end();
    await clock.advance(10 * SECOND);
    const dead = await client.call(RequestCode.QUERY_CONSUMER_OFFSET, {
      consumerGroup: 'g',
      topic: 't',
      queueId: 0,
    });
    expect(dead.header!.offset).toBe(1);
    await clock.advance(5 * MINUTE);
    expect(calls).toHaveLength(2);
  });

  it('is found wherever it is in its queue, each at its own time', async () => {
    const { clock, calls } = await open('concurrently', ['a', 'b', 'c', 'd'], { consumeThreadNumber: 3 });
    expect(calls.map(({ text }) => text)).toEqual(['a', 'b', 'c']);
    await clock.advance(MINUTE);
    calls[0]!.end();
    await clock.advance(0);
    expect(calls[3]!.text).toBe('d');
    await clock.advance(MINUTE);
    expect(calls.map(({ signal }) => signal.aborted)).toEqual([false, true, true, false]);
    await clock.advance(MINUTE);
    expect(calls[3]!.signal.aborted).toBe(true);
  });

  it('keeps its place among consumeThreadNumber until it ends', async () => {
    const { clock, calls } = await open('concurrently', ['a', 'b'], { consumeThreadNumber: 1 });
    await clock.advance(3 * MINUTE);
    expect(calls).toHaveLength(1);
    calls[0]!.end();
    await clock.advance(0);
    expect(calls[1]!.text).toBe('b');
  });

  it('is tried again here when its message cannot be sent back', async () => {
    const { clock, calls, transport } = await open('concurrently', ['a']);
    transport.failing.add(RequestCode.CONSUMER_SEND_MSG_BACK).add(RequestCode.SEND_MESSAGE);
    await clock.advance(2 * MINUTE + 5 * SECOND);
    expect(calls.map(({ times }) => times)).toEqual([0, 1]);
  });

  it('only learns of it in order: the queue waits, and its end counts', async () => {
    const { clock, calls, logger, transport } = await open('orderly', ['a', 'b']);
    await clock.advance(2 * MINUTE);
    expect(calls[0]!.signal.aborted).toBe(true);
    expect(logger.lines.filter((line) => line.includes('its queue waits'))).toHaveLength(1);
    await clock.advance(MINUTE);
    expect(calls).toHaveLength(1);
    calls[0]!.end();
    await clock.advance(0);
    expect(calls.map(({ text }) => text)).toEqual(['a', 'b']);
    expect(transport.count(RequestCode.CONSUMER_SEND_MSG_BACK)).toBe(0);
  });
});

describe.each(['concurrently', 'orderly'] as const)('a call that outlives its consumer, %s', (mode) => {
  it('learns of it when the shutdown waits no longer, and its end does not count', async () => {
    const config = { awaitTerminationMillisWhenShutdown: 5000 };
    const { clock, calls, transport, consumer } = await open(mode, ['a'], config);
    const ended = consumer.shutdown();
    await clock.advance(4999);
    expect(calls[0]!.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(calls[0]!.signal.reason).toMatchObject({ message: 'The consumer is shut down' });
    expect(await ended).toHaveLength(1);
    calls[0]!.fail();
    await settle();
    expect(transport.count(RequestCode.CONSUMER_SEND_MSG_BACK)).toBe(0);
  });

  it('has a signal that tells nothing when it ends in time', async () => {
    const { clock, calls, consumer } = await open(mode, ['a'], { awaitTerminationMillisWhenShutdown: 5000 });
    const ended = consumer.shutdown();
    await clock.advance(10);
    calls[0]!.end();
    await settle();
    expect(await ended).toEqual([]);
    expect(calls[0]!.signal.aborted).toBe(false);
  });
});
