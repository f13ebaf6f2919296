import { describe, expect, it } from 'vitest';
import type {
  ConsumerConfig,
  MessageListener,
  MessageListenerConcurrently,
} from '../../../lib/client/index.js';
import type { MessageExt } from '../../../lib/common/message-ext.js';
import { failure, success } from '../../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { ResponseCode } from '../../../lib/remoting/response-code.js';
import { held, openPopConsumer } from '../../support/scripted-pop.js';
import type { ScriptedCall } from '../../support/scripted-transport.js';
import { collect } from '../../support/test-peers.js';

const failing: MessageListener = { concurrently: () => 'RECONSUME_LATER' };

/** A consumer whose listener makes the first message dead, and ends when the test says so; the broker answers then, too. */
async function openDying(consumer: Partial<ConsumerConfig> = {}) {
  const { listener, release } = held();
  const config = { consumeMessageBatchMaxSize: 2, ...consumer };
  const concurrently: MessageListenerConcurrently = async (messages, context) => {
    await opened.consumer.sendMessageBack(messages[0]!, -1);
    return listener.concurrently(messages, context);
  };
  const opened = await openPopConsumer({ concurrently }, config);
  const { answer } = opened.cluster;
  const deadLetters: ScriptedCall[] = [];
  opened.cluster.answer = (call) => {
    if (call.request.code !== RequestCode.SEND_MESSAGE) return answer!(call);
    deadLetters.push(call);
    return true;
  };
  await opened.answer([{ offset: 0 }, { offset: 1 }]);
  const store = async () => {
    deadLetters.shift()!.answer(success(undefined as never, undefined as never));
    await opened.clock.advance(0);
  };
  /** The broker does not take the message back either. */
  const refuse = async () => {
    opened.broker.refuses.add(RequestCode.CONSUMER_SEND_MSG_BACK);
    while (deadLetters.length > 0) {
      deadLetters.shift()!.answer(failure(ResponseCode.SYSTEM_ERROR, 'full'));
      await opened.clock.advance(0);
    }
  };
  const finish = async () => {
    release();
    await opened.clock.advance(0);
  };
  return { ...opened, store, refuse, finish };
}

describe('a popped message', () => {
  it.each([
    [0, 0, 10],
    [0, 2, 60],
    [3, 0, 120],
    [18, 0, 7200],
  ])('that fails with level %i at attempt %i comes again in %i s', async (delayLevel, times, seconds) => {
    const { answer, acks, changes } = await openPopConsumer({
      concurrently: (_, context) => {
        context.delayLevelWhenNextConsume = delayLevel;
        throw new Error('not yet');
      },
    });
    await answer([{ offset: 4, reconsumeTimes: times }]);
    expect(changes()).toMatchObject([{ topic: 't', offset: 4, invisibleTime: seconds * 1000 }]);
    expect(acks()).toEqual([]);
  });

  it('is done when it stands before the one that failed', async () => {
    const { answer, acks, changes } = await openPopConsumer(
      {
        concurrently: (_, context) => {
          context.ackIndex = 0;
          return 'CONSUME_SUCCESS';
        },
      },
      { consumeMessageBatchMaxSize: 3 },
    );
    await answer([{ offset: 0 }, { offset: 1 }, { offset: 2 }]);
    expect(acks().map(({ offset }) => offset)).toEqual([0]);
    expect(changes().map(({ offset }) => offset)).toEqual([1, 2]);
  });

  it('is handed over anew when it stands behind the one that failed and was not begun', async () => {
    const sizes: number[] = [];
    const concurrently: MessageListenerConcurrently = (messages, context) => {
      sizes.push(messages.length);
      if (sizes.length === 1) Object.assign(context, { currentIndex: 0, ackIndex: -1 });
      return 'CONSUME_SUCCESS';
    };
    const config = { consumeMessageBatchMaxSize: 3 };
    const { answer, acks, changes } = await openPopConsumer({ concurrently }, config);
    await answer([{ offset: 0 }, { offset: 1 }, { offset: 2 }]);
    expect(sizes).toEqual([3, 2]);
    expect(changes().map(({ offset }) => offset)).toEqual([0]);
    expect(acks().map(({ offset }) => offset)).toEqual([1, 2]);
  });

  it('is not acknowledged when its listener ends too late, and not begun when its time is over', async () => {
    const { begun, listener, release } = held();
    const config = { consumeThreadNumber: 1, popInvisibleTime: 5000 };
    const { answer, acks, changes, clock, logger, pops } = await openPopConsumer(listener, config);
    await answer([{ offset: 0 }, { offset: 1 }]);
    await clock.advance(5000);
    release();
    await clock.advance(0);
    expect(begun).toHaveLength(1);
    expect([...acks(), ...changes()]).toEqual([]);
    const lines = logger.lines.join('\n');
    expect(lines).toContain('The listener of group g did not end within popInvisibleTime, 5000 ms');
    expect(lines).toContain('The listener of group g did not begin within popInvisibleTime, 5000 ms');
    expect(pops).toHaveLength(1);
  });

  it('tells its listener when its time is over, and when the end waits no longer', async () => {
    const { begun, listener } = held();
    const reasons: string[] = [];
    const concurrently: MessageListener = {
      concurrently: (messages, context) => {
        context.signal.addEventListener('abort', () => reasons.push(String(context.signal.reason)));
        return listener.concurrently!(messages, context);
      },
    };
    const { answer, clock, consumer } = await openPopConsumer(concurrently, { popInvisibleTime: 5000 });
    await answer([{ offset: 0 }]);
    await clock.advance(4999);
    expect([begun.length, reasons.length]).toEqual([1, 0]);
    await clock.advance(1);
    expect(reasons).toEqual([expect.stringContaining('popInvisibleTime (5000 ms) is over')]);
    await answer([{ offset: 1 }]);
    await consumer.shutdown();
    expect(reasons).toEqual([expect.anything(), expect.stringContaining('is shut down')]);
  });

  it('is acknowledged when its listener ends in time, also when the clock was set forth meanwhile', async () => {
    const { listener, release } = held();
    const { acks, answer, clock } = await openPopConsumer(listener, { popInvisibleTime: 5000 });
    await answer([{ offset: 0 }]);
    clock.set(clock.now() + 3_600_000);
    release();
    await clock.advance(0);
    expect(acks()).toHaveLength(1);
  });

  it('is made dead after its last attempt, and is acknowledged then', async () => {
    const { answer, acks, changes, dead } = await openPopConsumer(failing, { maxReconsumeTimes: 2 });
    await answer([{ offset: 0, reconsumeTimes: 1 }]);
    expect(changes()).toHaveLength(1);
    await answer([{ offset: 1, reconsumeTimes: 2 }]);
    expect(dead()).toMatchObject([{ topic: '%RETRY%g', maxReconsumeTimes: 0 }]);
    expect(acks().map(({ offset }) => offset)).toEqual([1]);
    expect(changes()).toHaveLength(1);
  });

  it('is made dead when its last attempt takes too long, and those before it in the call are not', async () => {
    const { begun, listener } = held();
    const concurrently: MessageListenerConcurrently = (messages, context) => {
      context.currentIndex = 1;
      return listener.concurrently(messages, context);
    };
    const config = { maxReconsumeTimes: 2, popInvisibleTime: 5000, consumeMessageBatchMaxSize: 3 };
    const { answer, acks, dead, clock, logger } = await openPopConsumer({ concurrently }, config);
    await answer([0, 1, 2].map((offset) => ({ offset, reconsumeTimes: 2 })));
    await clock.advance(4999);
    expect(dead()).toEqual([]);
    await clock.advance(1);
    expect(begun).toHaveLength(3);
    expect(dead()).toMatchObject([{ topic: '%RETRY%g', maxReconsumeTimes: 0 }]);
    expect(acks().map(({ offset }) => offset)).toEqual([1]);
    const ids = begun.map(({ msgId }) => msgId);
    expect(logger.lines).toContainEqual(expect.stringContaining(`the messages are dead: ${ids[1]}`));
    expect(logger.lines).toContainEqual(expect.stringContaining(`come again: ${ids[0]}, ${ids[2]}`));
  });

  it('that came back more often than it was tried, as at a shutdown, has its attempt', async () => {
    const got: MessageExt[] = [];
    const { answer, acks, dead } = await openPopConsumer(collect(got), { maxReconsumeTimes: 0 });
    await answer([{ offset: 0, reconsumeTimes: 16 }]);
    expect(got).toHaveLength(1);
    expect([acks().length, dead().length]).toEqual([1, 0]);
  });

  it('that comes back again and again is dead without another attempt, as the process may end by it', async () => {
    const got: MessageExt[] = [];
    const { answer, acks, dead } = await openPopConsumer(collect(got), { maxReconsumeTimes: 2 });
    await answer([{ offset: 0, reconsumeTimes: 19 }]);
    expect(got).toHaveLength(0);
    expect(dead()).toHaveLength(1);
    expect(acks()).toHaveLength(1);
  });

  it('that cannot be made dead comes again', async () => {
    const { answer, acks, changes, broker, logger } = await openPopConsumer({
      concurrently: (_, context) => {
        context.deadLetterReason = 'no such order';
        return 'RECONSUME_LATER';
      },
    });
    broker.refuses.add(RequestCode.SEND_MESSAGE).add(RequestCode.CONSUMER_SEND_MSG_BACK);
    await answer([{ offset: 0 }]);
    expect(acks()).toEqual([]);
    expect(changes()).toMatchObject([{ offset: 0, invisibleTime: 10_000 }]);
    expect(logger.lines.join('\n')).toContain('cannot be made dead, it is tried again');
  });

  it('that the listener makes dead is acknowledged when its dead letter is stored, and counts until then', async () => {
    const { acks, changes, pops, store, finish } = await openDying({ popThresholdForQueue: 1 });
    expect(pops).toHaveLength(0);
    await finish();
    expect(acks().map(({ offset }) => offset)).toEqual([1]);
    expect(pops).toHaveLength(1);
    await store();
    expect(acks().map(({ offset }) => offset)).toEqual([1, 0]);
    expect(changes()).toEqual([]);
  });

  it('whose dead letter is refused after the call has ended comes again', async () => {
    const { acks, changes, logger, refuse, finish } = await openDying();
    await finish();
    await refuse();
    expect(acks().map(({ offset }) => offset)).toEqual([1]);
    expect(changes()).toMatchObject([{ offset: 0, invisibleTime: 10_000 }]);
    expect(logger.lines.join('\n')).toContain('cannot be made dead, it is tried again');
  });

  it('whose dead letter is refused when its time is over comes again by itself', async () => {
    const { acks, changes, clock, logger, refuse } = await openDying({ popInvisibleTime: 5000 });
    await clock.advance(5000);
    await refuse();
    expect([...acks(), ...changes()]).toEqual([]);
    expect(logger.lines.join('\n')).toContain('cannot be made dead, it is tried again');
  });

  it('that the listener gives back itself is not acknowledged', async () => {
    const opened = await openPopConsumer({
      concurrently: async (messages) => {
        await opened.consumer.sendMessageBack(messages[0]!, 2);
        return 'CONSUME_SUCCESS' as const;
      },
    });
    await opened.answer([{ offset: 0 }]);
    expect(opened.acks()).toEqual([]);
    expect(opened.changes()).toMatchObject([{ offset: 0, invisibleTime: 60_000 }]);
  });

  it('stays what it is when the broker does not hear of it', async () => {
    const { answer, broker, logger, pops } = await openPopConsumer(collect([]));
    broker.refuses.add(RequestCode.ACK_MESSAGE);
    await answer([{ offset: 0 }]);
    expect(logger.lines.join('\n')).toContain('is not acknowledged, it may come again');
    expect(pops).toHaveLength(1);
  });

  it('is left to others at the end when it was not begun, also when it comes too late', async () => {
    const { begun, listener, release } = held();
    const config = { consumeThreadNumber: 1, awaitTerminationMillisWhenShutdown: 1000 };
    const { answer, acks, changes, consumer, clock } = await openPopConsumer(listener, config);
    await answer([{ offset: 0 }, { offset: 1 }]);
    const ended = consumer.shutdown();
    await clock.advance(0);
    expect(changes()).toMatchObject([{ offset: 1, invisibleTime: 1000 }]);
    release();
    await clock.advance(0);
    expect(await ended).toEqual([]);
    expect(acks().map(({ offset }) => offset)).toEqual([0]);
    await answer([{ offset: 2 }]);
    expect(changes().map(({ offset }) => offset)).toEqual([1, 2]);
    expect(begun).toHaveLength(1);
  });

  it('is named at the end when its listener did not end', async () => {
    const { begun, listener } = held();
    const { answer, consumer, clock, acks } = await openPopConsumer(listener, {
      awaitTerminationMillisWhenShutdown: 10,
    });
    await answer([{ offset: 0 }]);
    const ended = consumer.shutdown();
    await clock.advance(10);
    expect(await ended).toEqual(begun);
    expect(acks()).toEqual([]);
  });
});
