import { describe, expect, it } from 'vitest';
import { RequestCode } from '../../../../lib/remoting/request-code.js';
import { ResponseCode } from '../../../../lib/remoting/response-code.js';
import { bodies } from '../../../support/test-peers.js';
import { SECOND } from '../../../support/virtual-clock.js';
import { PopBroker } from './pop-broker.js';

async function open() {
  const broker = await PopBroker.open();
  await broker.send('1', '2', '3', '4');
  const pop = (attemptId: string, fields: Parameters<typeof broker.group.pop>[0] = {}) =>
    broker.group.pop({ order: true, queueId: 0, maxMsgNums: 2, attemptId, ...fields });
  return { broker, pop };
}

describe('a pop in order', () => {
  it('gives the next portion when all of the last one is acknowledged', async () => {
    const { broker, pop } = await open();
    const { messages } = await pop('a');
    expect(bodies(messages)).toEqual(['1', '2']);
    await broker.group.ack(messages[1]!);
    expect((await pop('b')).messages).toEqual([]);
    await broker.group.ack(messages[0]!);
    expect(bodies((await pop('b')).messages)).toEqual(['3', '4']);
  });

  it('waits for the acknowledgement, or for the end of the time of the last portion', async () => {
    const { broker, pop } = await open();
    const first = await pop('a', { invisibleTime: 3 * SECOND });
    const waiting = pop('b', { pollTime: 9 * SECOND, queueId: -1, maxMsgNums: 1, invisibleTime: 3 * SECOND });
    await broker.pass(0);
    for (const message of first.messages) await broker.group.ack(message);
    const third = await waiting;
    expect(bodies(third.messages)).toEqual(['3']);
    const again = pop('c', { pollTime: 9 * SECOND });
    await broker.pass(10 * SECOND);
    expect(bodies((await again).messages)).toEqual(['3', '4']);
    expect((await again).header!.orderCountInfo).toBe('0 qo0%2 1;0 0 0');
  });

  it('does not wait for a portion that was popped while the clock was ahead', async () => {
    const { broker, pop } = await open();
    const now = broker.clock.now();
    broker.clock.set(now + 24 * 3600 * SECOND);
    await pop('a');
    broker.clock.set(now);
    const waiting = pop('b', { pollTime: 9 * SECOND });
    await broker.pass(2 * SECOND);
    expect(bodies((await waiting).messages)).toEqual(['1', '2']);
  });

  it.each(['acknowledgement', 'end of the time'])(
    'that waits for a queue is woken by the %s there, whoever else waits',
    async (end) => {
      const broker = await PopBroker.open();
      for (const body of ['1', '2']) await broker.client.send('t', { body, queueId: 1 });
      const pop = (queueId: number) =>
        broker.group.pop({
          order: true,
          queueId,
          maxMsgNums: 1,
          pollTime: 9 * SECOND,
          invisibleTime: SECOND,
        });
      const { messages } = await pop(1);
      void pop(0);
      await broker.pass(0);
      const waiting = pop(1);
      await broker.pass(0);
      if (end === 'acknowledgement') await broker.group.ack(messages[0]!);
      else await broker.pass(SECOND);
      expect(bodies((await waiting).messages)).toEqual([end === 'acknowledgement' ? '2' : '1']);
    },
  );

  it.each(['before', 'after'])(
    'that begins just %s the acknowledgement it needs is not held',
    async (when) => {
      const broker = await PopBroker.open();
      for (const body of ['1', '2']) await broker.client.send('t', { body, queueId: 2 });
      const pop = () => broker.group.pop({ order: true, maxMsgNums: 1, pollTime: 9 * SECOND });
      const { messages } = await pop();
      const acknowledge = () => void broker.group.ack(messages[0]!);
      if (when === 'after') acknowledge();
      const next = pop();
      if (when === 'before') acknowledge();
      expect(bodies((await next).messages)).toEqual(['2']);
    },
  );

  it('counts how often a message was given, but for the same attempt', async () => {
    const { broker, pop } = await open();
    for (const count of [0, 1, 2]) {
      for (const _ of ['first', 'repeated']) {
        const { header } = await pop(`attempt ${count}`);
        const each = count === 0 ? '' : `0 qo0%0 ${count};0 qo0%1 ${count};`;
        expect(header!.orderCountInfo).toBe(`${each}0 0 ${count}`);
      }
      await broker.pass(10 * SECOND);
    }
  });

  it.each(['restart', 'kill'] as const)('knows its portions after a %s', async (end) => {
    const { broker, pop } = await open();
    const { messages } = await pop('a', { invisibleTime: 60 * SECOND });
    await broker.group.ack(messages[0]!);
    await broker.pass(6 * SECOND);
    await broker[end]();
    const again = (attemptId: string) =>
      broker.group.pop({ order: true, queueId: 0, maxMsgNums: 2, attemptId });
    expect((await again('b')).messages).toEqual([]);
    expect((await broker.group.ack(messages[1]!)).code).toBe(0);
    expect(bodies((await again('b')).messages)).toEqual(['3', '4']);
  });

  it('loses nothing when a kill takes its portion along', async () => {
    const { broker, pop } = await open();
    await broker.group.pop({ queueId: 0, maxMsgNums: 1 });
    await broker.pass(6 * SECOND);
    const { messages } = await pop('a', { maxMsgNums: 3 });
    await broker.kill();
    const [second, third, fourth] = messages;
    expect((await broker.group.ack(fourth!)).code).toBe(0);
    expect(bodies((await pop('b', { invisibleTime: 0 })).messages)).toEqual(['2', '3']);
    await broker.kill();
    expect((await broker.group.ack(second!)).code).toBe(0);
    expect((await broker.group.ack(third!)).code).toBe(0);
    expect(bodies((await pop('c')).messages)).toEqual(['4']);
  });

  it('acknowledged for a message that it did not give is refused', async () => {
    const { broker, pop } = await open();
    const { messages } = await pop('a');
    const [message] = (await broker.groupOf('t', 'h').pop({ order: true, queueId: 0 })).messages.slice(3);
    message!.putProperty('POP_CK', messages[0]!.getProperty('POP_CK')!);
    const refused = await broker.group.ack(message!);
    expect(refused.code).toBe(ResponseCode.MESSAGE_ILLEGAL);
    expect(refused.remark).toBe('offset is illegal, key:t@g@0, old:0, commit:3, next:-1');
    // Of an earlier pop, which does not count any more.
    await broker.pass(10 * SECOND);
    await pop('b');
    expect((await broker.group.ack(messages[0]!)).code).toBe(0);
    await broker.pass(SECOND);
    expect((await pop('c')).messages).toEqual([]);
  });

  it('begins anew where an administrator sets the offset', async () => {
    const { broker, pop } = await open();
    await pop('a');
    const reset = { topic: 't', group: 'g', timestamp: 0, isForce: true, queueId: -1, offset: -1 };
    await broker.client.call(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, reset);
    const { messages, header } = await pop('b');
    expect(bodies(messages)).toEqual(['1', '2']);
    expect(header!.orderCountInfo).toBe('0 0 0');
  });
});
