import { describe, expect, it } from 'vitest';
import { ResponseCode } from '../../../lib/remoting/response-code.js';
import { bodies } from '../../support/test-peers.js';
import { TimerBroker } from '../../support/timer-broker.js';
import { checksOf, GROUP, sendHalf } from '../../support/transactions.js';
import { MINUTE, SECOND } from '../../support/virtual-clock.js';
import type { VirtualBroker } from '../../support/virtual-broker.js';
import { PopBroker } from './pop/pop-broker.js';

/** Several files of each kind for a few dozen messages. */
const TINY = { mappedFileSizeCommitLog: 16 * 1024, mappedFileSizeConsumeQueue: 20 * 20 };
/** So long that the log of two hundred of them has more than ten files. */
const TEXT = 'x'.repeat(1000);
const NAMES = Array.from({ length: 200 }, (_, i) => `${i}${TEXT}`);

/** The process has as many files open as it may: what is not open cannot be opened. */
function failOpens({ disk }: VirtualBroker, path: RegExp): void {
  disk.faults.push({ operation: 'open', path, code: 'EMFILE' });
}

describe('a table of the broker that cannot be opened', () => {
  it.each(['timercheck', 'delayOffset.json', 'topics.json'])('ends the start: %s', async (name) => {
    const broker = await TimerBroker.open(TINY);
    await broker.send('timed', broker.in(MINUTE));
    await broker.client.send('t', { body: 'delayed', properties: { DELAY: '5' } });
    await broker.pass(30 * SECOND);
    await broker.close();
    broker.disk.faults.push({ operation: 'open', path: new RegExp(`${name}$`), code: 'EACCES' });
    await expect(broker.start()).rejects.toThrow(
      new RegExp(`^/store/config/${name} cannot be opened \\(EACCES.*let the user of this process`),
    );
    broker.disk.faults.length = 0;
    await broker.start();
    await broker.pass(MINUTE);
    expect((await broker.arrived()).toSorted()).toEqual(['delayed', 'timed']);
  });
});

describe('a start that ends at a file of the timer log', () => {
  it('leaves none of the others open', async () => {
    const broker = await TimerBroker.open(TINY);
    for (const body of NAMES) await broker.send(body, broker.in(MINUTE));
    await broker.pass(SECOND);
    await broker.close();
    expect(broker.disk.openFiles).toBe(0);
    broker.disk.faults.push({ operation: 'open', path: /timerlog\/0*4096$/, code: 'EACCES' });
    await expect(broker.start()).rejects.toThrow(/timerlog\/0*4096 cannot be opened \(EACCES/);
    expect(broker.disk.openFiles).toBe(0);
    broker.disk.faults.length = 0;
    await broker.start();
    await broker.pass(2 * MINUTE);
    expect(bodies(await broker.client.read('t'))).toEqual(NAMES);
  });
});

describe('while files cannot be opened', () => {
  it('a pull is refused, and finds everything afterwards', async () => {
    const broker = await TimerBroker.open(TINY);
    for (const body of NAMES) await broker.client.send('t', { body });
    await broker.restart();
    failOpens(broker, /commitlog/);
    const { code, remark } = await broker.client.pull('t', 'g');
    expect(code).toBe(ResponseCode.SYSTEM_BUSY);
    expect(remark).toBe('the broker cannot read these messages now; its log says why');
    expect(broker.log).toMatch(/ERROR Messages cannot be read now: \/store\/commitlog\/\d+ cannot be opened/);
    broker.disk.faults.length = 0;
    expect(bodies(await broker.client.read('t'))).toEqual(NAMES);
  });

  it.each([/commitlog/, /consumequeue/])('delayed messages wait: %s', async (path) => {
    const broker = await TimerBroker.open(TINY);
    for (const body of NAMES) await broker.client.send('t', { body, properties: { DELAY: '5' } });
    await broker.restart();
    failOpens(broker, path);
    await broker.pass(3 * MINUTE);
    broker.disk.faults.length = 0;
    const before = await broker.client.read('t');
    expect(before.length).toBeLessThan(NAMES.length);
    await broker.pass(SECOND);
    expect(bodies(await broker.client.read('t'))).toEqual(NAMES);
  });

  it.each([
    ['all', /commitlog/],
    ['those behind the first that are delivered together', /commitlog\/0*344064/],
  ])('timed messages wait, and come once: %s', async (_, path) => {
    const broker = await TimerBroker.open(TINY);
    for (const body of NAMES) await broker.send(body, broker.in(MINUTE));
    await broker.restart();
    failOpens(broker, path);
    await broker.pass(3 * MINUTE);
    expect(broker.log).toContain('ERROR Waiting messages: ');
    expect(broker.log).not.toContain('built anew');
    broker.disk.faults.length = 0;
    await broker.pass(SECOND);
    expect(bodies(await broker.client.read('t'))).toEqual(NAMES);
  });

  it('messages of the timer topic are not passed over', async () => {
    const broker = await TimerBroker.open(TINY);
    for (const body of NAMES) await broker.send(body, broker.in(MINUTE));
    await broker.close();
    for (const name of ['timerlog', 'timerwheel', 'config/timercheck']) broker.disk.delete(`/store/${name}`);
    await broker.start();
    failOpens(broker, /commitlog/);
    await broker.pass(3 * MINUTE);
    broker.disk.faults.length = 0;
    await broker.pass(2 * SECOND);
    expect(bodies(await broker.client.read('t'))).toEqual(NAMES);
  });

  it('half messages are neither passed over nor forgotten', async () => {
    const broker = await TimerBroker.open(TINY);
    const bornTimestamp = broker.clock.now();
    for (const body of NAMES) await sendHalf(broker.client, 't', { body, bornTimestamp });
    await broker.restart();
    failOpens(broker, /commitlog/);
    await broker.client.producerHeartbeat('one', GROUP);
    await broker.pass(MINUTE);
    expect(broker.log).toContain('ERROR The check of transactions failed');
    broker.disk.faults.length = 0;
    await broker.client.producerHeartbeat('one', GROUP);
    await broker.pass(MINUTE);
    const asked = new Set(checksOf(broker.client).map(({ message }) => message.body.toString()));
    expect(asked).toEqual(new Set(NAMES));
  });

  it('a pop is refused, and what was popped before comes back afterwards', async () => {
    const broker = await PopBroker.open(TINY);
    await broker.send(...NAMES);
    const { messages } = await broker.group.pop({ maxMsgNums: 8 });
    expect(messages).toHaveLength(8);
    await broker.pass(6 * SECOND);
    await broker.restart();
    failOpens(broker, /commitlog/);
    await broker.pass(MINUTE);
    const refused = await broker.group.pop();
    expect(refused.code).toBe(ResponseCode.SYSTEM_BUSY);
    expect(refused.remark).toBe('Messages of queue 0 of topic t cannot be read now');
    expect(broker.log).not.toContain('is no longer there for a retry');
    broker.disk.faults.length = 0;
    await broker.pass(5 * SECOND);
    const names = new Set<string>();
    for (let popped = await broker.group.pop(); popped.messages.length > 0; popped = await broker.group.pop())
      for (const body of bodies(popped.messages)) names.add(body);
    expect(names).toEqual(new Set(NAMES));
  });
});
