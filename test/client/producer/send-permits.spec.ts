import { describe, expect, it } from 'vitest';
import { SendPermits } from '../../../lib/client/producer/send-permits.js';
import { MQClientError } from '../../../lib/errors/index.js';
import { HOUR, settle, VirtualClock } from '../../support/virtual-clock.js';

function create(backPressureForAsyncSendNum: number, backPressureForAsyncSendSize = 1000) {
  const clock = new VirtualClock();
  const limits = { backPressureForAsyncSendNum, backPressureForAsyncSendSize };
  return { clock, permits: new SendPermits(clock, limits) };
}

/** Notes the names of sends as they begin, or fail. */
function recorder(permits: SendPermits) {
  const log: string[] = [];
  const acquire = (name: string, bytes = 1, timeout = 100, signal?: AbortSignal) =>
    void permits
      .acquire({ bytes, timeout, topic: 't', signal }, (left) => log.push(`${name} ${left}`))
      .catch((error: Error) => log.push(`${name} ${error.message}`));
  return { log, acquire };
}

describe('SendPermits', () => {
  it('lets sends begin in their order, as others end, with the time that is left', async () => {
    const { clock, permits } = create(2);
    const { log, acquire } = recorder(permits);
    for (const name of ['a', 'b', 'c', 'd']) acquire(name);
    await settle();
    expect(log.splice(0)).toEqual(['a 100', 'b 100']);
    await clock.advance(30);
    permits.release(1);
    await settle();
    expect(log.splice(0)).toEqual(['c 70']);
    permits.release(1);
    permits.release(1);
    await settle();
    expect(log).toEqual(['d 70']);
  });

  it.each([-HOUR, HOUR])('tells the time that is left also when the clock is set by %s ms', async (step) => {
    const { clock, permits } = create(1);
    const { log, acquire } = recorder(permits);
    for (const name of ['a', 'b']) acquire(name);
    await clock.advance(30);
    clock.set(clock.now() + step);
    permits.release(1);
    await settle();
    expect(log).toEqual(['a 100', 'b 70']);
  });

  it('counts bytes, lets no small one pass a large one, and a too large one go alone', async () => {
    const { permits } = create(10, 100);
    const { log, acquire } = recorder(permits);
    acquire('small', 60);
    acquire('large', 70);
    acquire('tiny', 1);
    await settle();
    expect(log.splice(0)).toEqual(['small 100']);
    permits.release(60);
    await settle();
    expect(log.splice(0)).toEqual(['large 100', 'tiny 100']);
    acquire('too large', 5000);
    permits.release(70);
    await settle();
    expect(log).toEqual([]);
    permits.release(1);
    await settle();
    expect(log).toEqual(['too large 100']);
  });

  it('refuses at once when as many wait as may be under way', async () => {
    const { permits } = create(2);
    const { log, acquire } = recorder(permits);
    for (const name of ['a', 'b', 'c', 'd', 'e']) acquire(name);
    await settle();
    expect(log[2]).toContain(
      'e A message of topic t was not sent: 2 asynchronous sends (backPressureForAsyncSendNum)',
    );
    expect(log[2]).toContain('and as many wait already');
    await expect(
      permits.acquire({ bytes: 1, timeout: 100, topic: 't', signal: undefined }, () => {}),
    ).rejects.toMatchObject({
      name: MQClientError.name,
      retryable: true,
      topic: 't',
    });
  });

  it('refuses at the end of the timeout, and leaves no gap', async () => {
    const { clock, permits } = create(2);
    const { log, acquire } = recorder(permits);
    acquire('a');
    acquire('b');
    acquire('short', 1, 50);
    acquire('long', 1, 500);
    await clock.advance(50);
    expect(log[2]).toContain('short A message of topic t was not sent');
    expect(log[2]).toContain('none ended within 50 ms');
    permits.release(1);
    await settle();
    expect(log[3]).toBe('long 450');
  });

  it('ends waiting at a signal, and at the end of the producer', async () => {
    const { permits } = create(2);
    const { log, acquire } = recorder(permits);
    const controller = new AbortController();
    acquire('a');
    acquire('b');
    acquire('c', 1, 100, controller.signal);
    acquire('d');
    controller.abort(new Error('gone'));
    await settle();
    permits.close();
    await settle();
    acquire('e', 1, 100, AbortSignal.abort(new Error('gone before')));
    await settle();
    expect(log).toEqual([
      'a 100',
      'b 100',
      'c gone',
      'd The producer was shut down before the message could be sent',
      'e gone before',
    ]);
  });
});
