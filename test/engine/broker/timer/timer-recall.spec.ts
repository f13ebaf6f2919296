import { describe, expect, it } from 'vitest';
import { ResponseCode } from '../../../../lib/remoting/response-code.js';
import { TimerBroker } from '../../../support/timer-broker.js';
import { HOUR, MINUTE } from '../../../support/virtual-clock.js';

const DAY = 24 * HOUR;

describe('a recall', () => {
  it.each([
    [true, 't+x'],
    [false, 'x'],
  ])(
    'takes a message back that is not due yet, and no other (%s)',
    async (appendTopicForTimerDeleteKey, key) => {
      const broker = await TimerBroker.open({ appendTopicForTimerDeleteKey });
      const { header } = await broker.send('x', broker.in(10_000));
      await broker.send('y', broker.in(10_000));
      const handle = header!.recallHandle!;
      const text = Buffer.from(handle, 'base64url').toString();
      expect(text).toBe(`v1 t broker-a ${broker.clock.now() + 9001} x`);
      expect(await broker.recall(handle)).toMatchObject({ code: 0, header: { msgId: 'x' } });
      const [marker] = (await broker.client.read('rmq_sys_wheel_timer')).slice(-1);
      expect(marker!.getProperty('TIMER_DEL_UNIQKEY')).toBe(key);
      await broker.pass(MINUTE);
      expect(await broker.arrived()).toEqual(['y']);
    },
  );

  it('holds after a restart and after a crash', async () => {
    const broker = await TimerBroker.open();
    const { header } = await broker.send('x', broker.in(10_000));
    await broker.pass(2000);
    await broker.recall(header!.recallHandle!);
    await broker.kill(30_000);
    await broker.pass(MINUTE);
    await broker.restart();
    await broker.pass(MINUTE);
    expect(await broker.arrived()).toEqual([]);
  });

  it('holds when it is taken up late', async () => {
    const broker = await TimerBroker.open({ flushDiskType: 'SYNC_FLUSH' });
    const { header } = await broker.send('x', broker.in(10_000));
    broker.disk.holdsSyncs = true;
    const recalled = broker.recall(header!.recallHandle!);
    await broker.pass(1);
    broker.clock.pass(12_000);
    broker.disk.releaseSyncs();
    expect((await recalled).code).toBe(0);
    await broker.pass(MINUTE);
    expect(await broker.arrived()).toEqual([]);
  });

  it.each([0, 100])(
    'holds when an earlier message could not be delivered meanwhile, and %i others came',
    async (count) => {
      const broker = await TimerBroker.open();
      await broker.send('early', broker.in(5000));
      const { header } = await broker.send('x', broker.in(10_000));
      broker.disk.faults.push({ operation: 'write', path: /commitlog/, code: 'ENOSPC' });
      await broker.pass(5000);
      broker.disk.faults.length = 0;
      broker.clock.pass(3000);
      await Promise.all(Array.from({ length: count }, (_, i) => broker.send(`${i}`, broker.in(DAY))));
      expect((await broker.recall(header!.recallHandle!)).code).toBe(0);
      broker.clock.pass(3000);
      await broker.pass(MINUTE);
      expect(await broker.arrived()).toEqual(['early']);
    },
  );

  it('refuses what it cannot recall', async () => {
    const broker = await TimerBroker.open();
    const { header } = await broker.send('x', broker.in(10_000));
    const handle = header!.recallHandle!;
    const forged = (text: string) => Buffer.from(text).toString('base64url');
    const later = broker.clock.now() + 10_000;
    await broker.send('o', {}, 'other');
    for (const [topic, value, code, text] of [
      ['none', handle, ResponseCode.TOPIC_NOT_EXIST, 'topic[none] not exist'],
      ['other', handle, ResponseCode.ILLEGAL_OPERATION, 'is of topic t'],
      ['t', '!', ResponseCode.ILLEGAL_OPERATION, 'invalid'],
      ['t', 'x'.repeat(5000), ResponseCode.ILLEGAL_OPERATION, 'invalid'],
      ['t', forged('v2 t broker-a 1 x'), ResponseCode.ILLEGAL_OPERATION, 'invalid'],
      ['t', forged(`v1 t broker-b ${later} x`), ResponseCode.ILLEGAL_OPERATION, 'is of broker broker-b'],
      ['t', forged('v1 t broker-a 1 x'), ResponseCode.ILLEGAL_OPERATION, 'was due at 1'],
      ['t', forged('v1 t broker-a soon x'), ResponseCode.ILLEGAL_OPERATION, 'was due at soon'],
    ] as const) {
      const answer = await broker.recall(value, topic);
      expect(answer.code, value).toBe(code);
      expect(answer.remark).toContain(text);
    }
    await broker.pass(10_000);
    expect((await broker.recall(handle)).code).toBe(ResponseCode.ILLEGAL_OPERATION);
    expect(await broker.arrived()).toEqual(['x']);
  });

  it('is off when it is told to be', async () => {
    const broker = await TimerBroker.open({ recallMessageEnable: false });
    const { header } = await broker.send('x', broker.in(10_000));
    expect((await broker.recall(header!.recallHandle!)).code).toBe(ResponseCode.NO_PERMISSION);
  });

  it('holds when both wait to be taken up, and nothing else waits', async () => {
    const broker = await TimerBroker.open();
    broker.disk.faults.push({ operation: 'write', path: /timerlog/, code: 'ENOSPC' });
    await broker.send('y', broker.in(DAY));
    await broker.pass(1000);
    for (let i = 0; i < 100; i++) await broker.send(`${i}`, broker.in(DAY));
    const { header } = await broker.send('x', broker.in(5000));
    expect((await broker.recall(header!.recallHandle!)).code).toBe(0);
    await broker.pass(10_000);
    broker.disk.faults.length = 0;
    await broker.pass(MINUTE);
    expect(await broker.arrived()).toEqual([]);
  });

  it('holds when the engine was down for longer than the wheel is round', async () => {
    const broker = await TimerBroker.open({ fileReservedTime: 1000 });
    const { header } = await broker.send('x', broker.in(DAY));
    await broker.send('y', broker.in(DAY));
    expect((await broker.recall(header!.recallHandle!)).code).toBe(0);
    await broker.pass(MINUTE);
    await broker.restart(40 * DAY);
    await broker.send('z', broker.in(DAY));
    await broker.pass(1000);
    expect(await broker.arrived()).toEqual(['y']);
    await broker.pass(DAY);
    expect(await broker.arrived()).toEqual(['y', 'z']);
  });

  it('holds when the engine was down while the message had to be stored again', async () => {
    const broker = await TimerBroker.open({ fileReservedTime: 1000 });
    const { header } = await broker.send('x', broker.in(2.5 * DAY));
    for (let i = 0; i < 100; i++) await broker.send(`${i}`, broker.in(2.5 * DAY));
    await broker.pass(MINUTE);
    expect((await broker.recall(header!.recallHandle!)).code).toBe(0);
    await broker.pass(0.89 * DAY);
    await broker.send('y', broker.in(1.96 * DAY));
    await broker.pass(MINUTE);
    await broker.restart(4 * DAY);
    await broker.pass(1000);
    expect(await broker.arrived()).toEqual([...Array.from({ length: 100 }, (_, i) => `${i}`), 'y']);
  });

  it('and all others hold when those of later turns are stored again before those of earlier ones are due', async () => {
    const options = { timerRollWindowSlot: 6 * 86_400, timerMaxDelaySec: 60 * 86_400 };
    const broker = await TimerBroker.open(options);
    await broker.send('17', broker.in(17 * DAY));
    await broker.send('45', broker.in(45 * DAY));
    const { header } = await broker.send('x', broker.in(17 * DAY));
    expect((await broker.recall(header!.recallHandle!)).code).toBe(0);
    await broker.restart(43 * DAY);
    await broker.pass(1000);
    expect(await broker.arrived()).toEqual(['17']);
    broker.clock.pass(2 * DAY);
    await broker.pass(1000);
    expect(await broker.arrived()).toEqual(['17', '45']);
    expect(broker.log).not.toContain('built anew');
  });
});
