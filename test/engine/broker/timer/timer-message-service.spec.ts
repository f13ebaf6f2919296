import { describe, expect, it } from 'vitest';
import { ResponseCode } from '../../../../lib/remoting/response-code.js';
import { TimerBroker } from '../../../support/timer-broker.js';
import { HOUR, MINUTE, settle } from '../../../support/virtual-clock.js';

const DAY = 24 * HOUR;
const MIB = 1024 * 1024;
const TIMER_LOG = '/store/timerlog/00000000000000000000';
const CHECKPOINT = '/store/config/timercheck';

describe('TimerMessageService', () => {
  it('delivers at the second, and keeps what belongs to the message', async () => {
    const broker = await TimerBroker.open();
    const now = broker.clock.now();
    const properties = { TIMER_DELIVER_MS: now + 90_000, TAGS: 'a', KEYS: 'k' };
    const { header } = await broker.send('x', properties);
    expect(header).toMatchObject({ queueId: 0, queueOffset: 0, transactionId: 'x' });
    await broker.pass(90_000 - 1);
    expect(await broker.arrived()).toEqual([]);
    await broker.pass(1);
    const [message] = await broker.client.read('t');
    expect(message).toMatchObject({ topic: 't', queueId: 0, tags: 'a', keys: 'k', msgId: 'x' });
    expect(message!.storeTimestamp).toBe(now + 90_000);
    expect(Object.fromEntries(message!.properties)).toMatchObject({
      REAL_TOPIC: 't',
      REAL_QID: '0',
      TIMER_DELIVER_MS: `${now + 90_000}`,
      TIMER_OUT_MS: `${now + 89_000}`,
      TIMER_ENQUEUE_MS: `${now}`,
      TIMER_DEQUEUE_MS: `${now + 90_000}`,
    });
  });

  it.each([
    [{ TIMER_DELAY_SEC: 5 }, 5000],
    [{ TIMER_DELAY_MS: 4500 }, 5000],
    [{ TIMER_DELAY_MS: 5000 }, 5000],
    [{ TIMER_DELAY_SEC: 2, TIMER_DELAY_MS: 9000, TIMER_DELIVER_MS: 1 }, 2000],
    [{ TIMER_DELAY_MS: 2000, TIMER_DELIVER_MS: 1 }, 2000],
    [{ TIMER_DELAY_MS: 1 }, 1000],
  ])('delivers %j after %i ms', async (properties, millis) => {
    const broker = await TimerBroker.open();
    await broker.send('x', properties);
    await broker.pass(millis - 1);
    expect(await broker.arrived()).toEqual([]);
    await broker.pass(1);
    expect(await broker.arrived()).toEqual(['x']);
  });

  it('delivers in the order of the times, and of one time in that of sending', async () => {
    const broker = await TimerBroker.open();
    for (let i = 0; i < 300; i++) await broker.send(`late${i}`, broker.in(10_000));
    for (let i = 0; i < 40; i++) await broker.send(`early${i}`, broker.in(5000));
    await broker.pass(20_000);
    const names = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name}${i}`);
    expect(await broker.arrived()).toEqual([...names('early', 40), ...names('late', 300)]);
  });

  it('lets a time that is over be none, and a delay level win', async () => {
    const broker = await TimerBroker.open();
    await broker.send('over', { TIMER_DELIVER_MS: 1 });
    expect(await broker.arrived()).toEqual(['over']);
    await broker.send('level', { TIMER_DELAY_SEC: 1, DELAY: 2 });
    await broker.pass(2000);
    expect(await broker.arrived()).toEqual(['over']);
    await broker.pass(3000);
    expect(await broker.arrived()).toEqual(['over', 'level']);
  });

  it.each([
    [{ TIMER_DELAY_SEC: 'soon' }, 'TIMER_DELAY_SEC=soon is no number'],
    [{ TIMER_DELAY_MS: Number.MAX_SAFE_INTEGER }, 'more than the max delay 259200000ms'],
    [{ TIMER_DELAY_SEC: 259_201 }, '259201000 ms away, more than the max delay 259200000ms'],
    [{ TIMER_DELIVER_MS: 1, TIMER_DEL_UNIQKEY: 't+x' }, 'is over, there is nothing to recall'],
  ])('refuses %j', async (properties, text) => {
    const broker = await TimerBroker.open();
    const { code, remark } = await broker.send('x', properties);
    expect(code).toBe(ResponseCode.MESSAGE_ILLEGAL);
    expect(remark).toContain(text);
  });

  it('refuses timed messages when it is told to', async () => {
    const broker = await TimerBroker.open({ timerWheelEnable: false });
    const { code, remark } = await broker.send('x', { TIMER_DELAY_SEC: 1 });
    expect(code).toBe(ResponseCode.SYSTEM_ERROR);
    expect(remark).toContain('timerWheelEnable is false');
    expect(broker.log).not.toContain('timerWheelEnable');
  });

  it('says at the start that what waits stays away without timers', async () => {
    const broker = await TimerBroker.open();
    await broker.send('x', broker.in(HOUR));
    await broker.restart(0, { timerWheelEnable: false });
    expect(broker.log).toMatch(/WARN timerWheelEnable is false: .* do not come/);
  });

  it.each([
    [{ timerRollWindowSlot: 3600 }, 4],
    // Before its log file expires.
    [{ fileReservedTime: 2 }, 3],
  ])('rolls a message on that is due far away, and recalls it there: %o', async (options, times) => {
    const broker = await TimerBroker.open(options);
    await broker.send('kept', broker.in(5 * HOUR));
    const { header } = await broker.send('recalled', broker.in(5 * HOUR));
    await broker.pass(4.5 * HOUR);
    expect((await broker.recall(header!.recallHandle!)).code).toBe(0);
    const stored = await broker.client.read('rmq_sys_wheel_timer');
    const rolls = stored
      .filter(({ msgId }) => msgId === 'kept')
      .map((m) => m.getProperty('TIMER_ROLL_TIMES'));
    expect(rolls).toEqual([undefined, '1', '2', '3', '4'].slice(0, times + 1));
    await broker.pass(0.5 * HOUR - 1);
    expect(await broker.arrived()).toEqual([]);
    await broker.pass(1);
    expect(await broker.arrived()).toEqual(['kept']);
  });

  it('delivers after a restart what became due meanwhile, and the rest when it is due', async () => {
    const broker = await TimerBroker.open();
    await broker.send('early', broker.in(5000));
    await broker.send('meanwhile', broker.in(20_000));
    await broker.send('later', broker.in(60_000));
    await broker.pass(10_000);
    await broker.restart(20_000);
    await broker.pass(1);
    expect(await broker.arrived()).toEqual(['early', 'meanwhile']);
    await broker.pass(30_000);
    expect(await broker.arrived()).toEqual(['early', 'meanwhile', 'later']);
  });

  it('costs no timer while nothing waits', async () => {
    const broker = await TimerBroker.open();
    await broker.send('x', broker.in(5000));
    await broker.pass(MINUTE);
    const journal = broker.disk.journal.length;
    await broker.pass(HOUR);
    expect(broker.disk.journal.slice(journal)).toEqual([]);
  });

  it('takes a message up after days without any', async () => {
    const broker = await TimerBroker.open();
    await broker.send('x', broker.in(5000));
    await broker.pass(3 * DAY);
    await broker.send('y', broker.in(5000));
    await broker.pass(5000);
    expect(await broker.arrived()).toEqual(['x', 'y']);
  });

  describe('after damage', () => {
    async function withWaiting(): Promise<TimerBroker> {
      const broker = await TimerBroker.open();
      for (let i = 0; i < 200; i++) await broker.send(`${i}`, broker.in(5000 + i * 100));
      await broker.pass(10_000);
      await broker.close();
      return broker;
    }
    const all = Array.from({ length: 200 }, (_, i) => `${i}`);

    async function expectAllOnce(broker: TimerBroker): Promise<void> {
      await broker.pass(MINUTE);
      expect(await broker.arrived()).toEqual(all);
    }

    it.each(['/store/timerwheel', '/store/timerlog', TIMER_LOG])('does without %s', async (path) => {
      const broker = await withWaiting();
      broker.disk.delete(path);
      await broker.start();
      await expectAllOnce(broker);
    });

    it('does not mind a torn wheel', async () => {
      const broker = await withWaiting();
      broker.disk.cut('/store/timerwheel', 12_345);
      await broker.start();
      await expectAllOnce(broker);
    });

    it.each([0, 13, 25, 30, 45, 50, 52 * 40 + 7, 52 * 70 + 18])(
      'finds a flipped bit at byte %i',
      async (byte) => {
        const broker = await withWaiting();
        broker.disk.kill();
        const content = broker.disk.content(TIMER_LOG);
        broker.disk.damage(TIMER_LOG, byte, Buffer.from([content[byte]! ^ 4]));
        await broker.kill();
        expect(broker.log).toContain('built anew');
        await expectAllOnce(broker);
      },
    );

    it('finds a bit that flips while it runs', async () => {
      const broker = await TimerBroker.open();
      for (let i = 0; i < 70; i++) await broker.send(`${i}`, broker.in(5000 + i * 1000));
      const content = broker.disk.content(TIMER_LOG);
      // The window of the reader has the first ones already.
      broker.disk.damage(TIMER_LOG, 52 * 60 + 30, Buffer.from([content[52 * 60 + 30]! ^ 4]));
      await broker.restart();
      await broker.pass(2 * MINUTE);
      expect(await broker.arrived()).toEqual(Array.from({ length: 70 }, (_, i) => `${i}`));
    });

    it('takes everything up anew without a checkpoint', async () => {
      const broker = await TimerBroker.open();
      await broker.send('delivered', broker.in(1000));
      await broker.send('waiting', broker.in(MINUTE));
      await broker.pass(5000);
      await broker.close();
      broker.disk.delete(CHECKPOINT);
      await broker.start();
      await broker.pass(2 * MINUTE);
      // Nothing says any more that the first one was delivered.
      expect(await broker.arrived()).toEqual(['delivered', 'delivered', 'waiting']);
    });

    async function withReadTime(writer: 'Apache' | 'damage', change: (readTimeMs: number) => number) {
      const broker = await TimerBroker.open();
      await broker.send('x', broker.in(MINUTE));
      await broker.pass(5000);
      await broker.close();
      const numbers = broker.disk.content(CHECKPOINT).subarray(0, 56);
      numbers.writeBigInt64BE(BigInt(change(Number(numbers.readBigInt64BE(0)))));
      // Apache counts its versions.
      if (writer === 'Apache') numbers.writeBigInt64BE(numbers.readBigInt64BE(48) + 1n, 48);
      broker.disk.damage(CHECKPOINT, 0, numbers);
      return broker;
    }

    it('goes on from a checkpoint that is not a whole second, as Apache writes with another precision', async () => {
      const broker = await withReadTime('Apache', (readTimeMs) => readTimeMs + 300);
      await broker.start();
      expect(broker.log).not.toContain('built anew');
      await broker.pass(2 * MINUTE);
      expect(await broker.arrived()).toEqual(['x']);
    });

    it.each([32, 40, 50].flatMap((bit) => [['Apache', bit] as const, ['damage', bit] as const]))(
      'does not believe in a future that came with %s and bit %i',
      async (writer, bit) => {
        const broker = await withReadTime(writer, (readTimeMs) => readTimeMs + 2 ** bit);
        await broker.start();
        await broker.pass(2 * MINUTE);
        expect(await broker.arrived()).toEqual(['x']);
      },
    );

    it('finds a time up to which everything is delivered that damage raised by less than it was down', async () => {
      const broker = await withReadTime('damage', (readTimeMs) => readTimeMs + 2 ** 17);
      broker.clock.pass(10 * MINUTE);
      await broker.start();
      await broker.pass(1000);
      expect(await broker.arrived()).toEqual(['x']);
    });

    it('does not deliver a rolled message twice when the log is built anew', async () => {
      const broker = await TimerBroker.open({ timerRollWindowSlot: 3600 });
      await broker.send('x', broker.in(3 * HOUR));
      await broker.pass(2.7 * HOUR);
      await broker.close();
      broker.disk.delete('/store/timerlog');
      await broker.start();
      await broker.pass(HOUR);
      expect(await broker.arrived()).toEqual(['x']);
    });
  });

  it('delivers what waited longer than the wheel is round', async () => {
    const broker = await TimerBroker.open({ fileReservedTime: 1000 });
    await broker.send('x', broker.in(DAY));
    await broker.pass(MINUTE);
    await broker.restart(20 * DAY);
    await broker.pass(1000);
    expect(await broker.arrived()).toEqual(['x']);
  });

  it('delivers what is larger than messages may be by now', async () => {
    const sizes = { mappedFileSizeCommitLog: 64 * MIB };
    const broker = await TimerBroker.open({ ...sizes, maxMessageSize: 32 * MIB });
    await broker.send('x'.repeat(17 * MIB), { ...broker.in(5000), UNIQ_KEY: 'large' });
    await broker.restart(0, { maxMessageSize: 1000 });
    await broker.pass(10_000);
    expect((await broker.arrived()).map(({ length }) => length)).toEqual([17 * MIB]);
  });

  it('tries a delivery again until it can be stored', async () => {
    const broker = await TimerBroker.open();
    await broker.send('x', broker.in(5000));
    broker.disk.faults.push({ operation: 'write', path: /commitlog/, code: 'ENOSPC' });
    await broker.pass(10_000);
    expect(await broker.arrived()).toEqual([]);
    broker.disk.faults.length = 0;
    await broker.pass(10_000);
    expect(await broker.arrived()).toEqual(['x']);
  });

  it('takes up again what the timer log had no room for', async () => {
    const broker = await TimerBroker.open();
    broker.disk.faults.push({ operation: 'write', path: /timerlog/, code: 'ENOSPC' });
    await broker.send('x', broker.in(20_000));
    await broker.pass(15_000);
    expect(broker.log.match(/ERROR Waiting messages: /g)).toHaveLength(2);
    broker.disk.faults.length = 0;
    await broker.pass(10_000);
    expect(await broker.arrived()).toEqual(['x']);
  });

  it('delivers once what was taken up before the timer log had no room for a new file', async () => {
    const broker = await TimerBroker.open();
    const all = Array.from({ length: 100 }, (_, i) => `${i}`);
    for (const body of all.slice(0, 70)) await broker.send(body, broker.in(10_000));
    await broker.pass(1);
    broker.disk.faults.push({ operation: 'write', path: /timerlog/, code: 'ENOSPC', times: 1 });
    await Promise.all(all.slice(70).map((body) => broker.send(body, broker.in(10_000))));
    await broker.pass(20_000);
    expect(broker.log).toContain('ENOSPC');
    expect(await broker.arrived()).toEqual(all);
  });

  describe('delivers a slot of many messages once', () => {
    const all = Array.from({ length: 300 }, (_, i) => `${i}`);

    /** While the first of them are being stored. */
    async function inTheMiddle(): Promise<TimerBroker> {
      const sizes = { mappedFileSizeCommitLog: 8 * 1024 * 1024 };
      const broker = await TimerBroker.open({ flushDiskType: 'SYNC_FLUSH', ...sizes });
      const properties = { ...broker.in(5000), long: '-'.repeat(8000) };
      await Promise.all(all.map((body) => broker.send(body, properties)));
      await broker.pass(4000);
      broker.disk.holdsSyncs = true;
      await broker.pass(1000);
      return broker;
    }

    /** After the first of them are stored, the engine has ended. */
    async function endedInTheMiddle(): Promise<TimerBroker> {
      const broker = await inTheMiddle();
      const closed = broker.close();
      await settle();
      broker.disk.releaseSyncs();
      await closed;
      return broker;
    }

    it('when the engine ends in the middle of it', async () => {
      const broker = await endedInTheMiddle();
      await broker.start();
      await broker.pass(1000);
      expect(await broker.arrived()).toEqual(all);
    });

    it('and nothing early that is sent while the clock is set back in the middle of it', async () => {
      const broker = await inTheMiddle();
      broker.clock.set(broker.clock.now() - 60 * MINUTE);
      const sent = broker.send('later', broker.in(10 * MINUTE));
      await settle();
      broker.disk.releaseSyncs();
      await sent;
      await broker.pass(5000);
      expect(await broker.arrived()).toEqual(all);
      await broker.pass(10 * MINUTE);
      expect(await broker.arrived()).toEqual([...all, 'later']);
    });

    it('but for what Apache may have left of another one', async () => {
      const broker = await endedInTheMiddle();
      const numbers = broker.disk.content(CHECKPOINT).subarray(0, 56);
      numbers.writeBigInt64BE(numbers.readBigInt64BE(48) + 1n, 48);
      broker.disk.damage(CHECKPOINT, 0, numbers);
      await broker.start();
      await broker.pass(1000);
      expect(new Set(await broker.arrived())).toEqual(new Set(all));
      expect((await broker.arrived()).length).toBeGreaterThan(all.length);
    });

    it('when the timer log has no room in the middle of it, and goes on meanwhile', async () => {
      const broker = await inTheMiddle();
      broker.disk.faults.push({ operation: 'write', path: /timerlog/, code: 'ENOSPC' });
      const sent = broker.send('other', broker.in(MINUTE));
      await settle();
      broker.disk.releaseSyncs();
      await sent;
      await broker.pass(5000);
      expect(await broker.arrived()).toEqual(all);
      broker.disk.faults.length = 0;
      await broker.pass(MINUTE);
      expect(await broker.arrived()).toEqual([...all, 'other']);
      expect(broker.log).not.toContain('built anew');
    });
  });

  it('drops a message of the timer topic that has no time, and goes on', async () => {
    const broker = await TimerBroker.open();
    await broker.send('bad', { REAL_TOPIC: 't' }, 'rmq_sys_wheel_timer');
    const delayed = { REAL_TOPIC: 'SCHEDULE_TOPIC_XXXX', REAL_QID: 0, TIMER_OUT_MS: 1 };
    await broker.send('worse', delayed, 'rmq_sys_wheel_timer');
    await broker.send('x', broker.in(1000));
    await broker.pass(2000);
    expect(await broker.arrived()).toEqual(['x']);
    expect(broker.log).toContain('has no time or topic and is dropped');
  });
});
