import { describe, expect, it } from 'vitest';
import { encodeExtraInfo } from '../../../../lib/common/extra-info.js';
import { extraInfo } from '../../../support/pop-client.js';
import { bodies } from '../../../support/test-peers.js';
import { RequestCode } from '../../../../lib/remoting/request-code.js';
import { ResponseCode } from '../../../../lib/remoting/response-code.js';
import { SECOND } from '../../../support/virtual-clock.js';
import { PopBroker } from './pop-broker.js';

const REVIVE_TOPIC = 'rmq_sys_REVIVE_LOG_DefaultCluster';
const TOPICS = '/store/config/topics.json';

/** One queue more than the eight of this broker. */
function addReviveQueue({ disk }: PopBroker): void {
  const text = disk.content(TOPICS).toString('latin1');
  const field = '"readQueueNums":8';
  disk.damage(TOPICS, text.indexOf(field, text.indexOf(REVIVE_TOPIC)), Buffer.from('"readQueueNums":9'));
}

describe('popped messages', () => {
  it.each(['restart', 'kill'] as const)(
    'come back after a %s, but for those that are acknowledged',
    async (end) => {
      const broker = await PopBroker.open();
      await broker.send('1', '2', '3');
      const { messages } = await broker.group.pop();
      await broker.group.ack(messages[0]!);
      // Offsets are written a little later, as in Apache's broker.
      await broker.pass(6 * SECOND);
      await broker[end](3 * SECOND);
      expect((await broker.group.pop()).messages).toEqual([]);
      await broker.pass(8 * SECOND);
      expect(bodies((await broker.group.pop()).messages)).toEqual(['2', '3']);
    },
  );

  it.each([0, 11, 3600])(
    'come back in a cluster with another name, but for those that are acknowledged, after %i s',
    async (seconds) => {
      const broker = await PopBroker.open();
      await broker.send('1', '2', '3');
      const { messages } = await broker.group.pop();
      await broker.group.ack(messages[0]!);
      // Their check points may be in the revive topic already.
      await broker.pass(Math.min(seconds, 11) * SECOND);
      await broker.restart(Math.max(0, seconds - 11) * SECOND, { brokerClusterName: 'other' });
      if (seconds === 0) await broker.group.ack(messages[1]!);
      await broker.pass(20 * SECOND);
      expect(bodies((await broker.group.pop()).messages)).toEqual(seconds === 0 ? ['3'] : ['2', '3']);
    },
  );

  it('come back when the broker was away at their time', async () => {
    const broker = await PopBroker.open();
    await broker.send('1', '2');
    const { messages } = await broker.group.pop();
    await broker.group.ack(messages[1]!);
    await broker.restart(3600 * SECOND);
    await broker.pass(5 * SECOND);
    expect(bodies((await broker.group.pop()).messages)).toEqual(['1']);
  });

  it('come back once, though the broker ends between', async () => {
    const broker = await PopBroker.open();
    await broker.send('1');
    await broker.group.pop();
    await broker.pass(20 * SECOND);
    await broker.restart();
    await broker.pass(20 * SECOND);
    expect((await broker.group.pop()).messages).toHaveLength(1);
    expect((await broker.group.pop()).messages).toHaveLength(0);
  });

  it('stay invisible for their time when the clock was ahead', async () => {
    const broker = await PopBroker.open();
    await broker.client.send('t', { body: 'later', properties: { TIMER_DELAY_SEC: '200000' } });
    broker.clock.set(broker.clock.now() + 24 * 3600 * SECOND);
    await broker.pass(5 * SECOND);
    broker.clock.set(broker.clock.now() - 24 * 3600 * SECOND);
    await broker.send('1');
    expect((await broker.group.pop({ invisibleTime: 60 * SECOND })).messages).toHaveLength(1);
    await broker.pass(50 * SECOND);
    expect((await broker.group.pop()).messages).toEqual([]);
    await broker.pass(15 * SECOND);
    expect((await broker.group.pop()).messages).toHaveLength(1);
  });

  it('are given to other consumers after the first', async () => {
    const broker = await PopBroker.open();
    await broker.send('1');
    const [message] = (await broker.group.pop()).messages;
    await broker.pass(16 * SECOND);
    // Too late: somebody else may have it already.
    expect((await broker.group.ack(message!)).code).toBe(0);
    expect((await broker.group.pop()).messages).toHaveLength(1);
  });

  it('come back with whatever properties they have', async () => {
    const broker = await PopBroker.open();
    const send = async (length: number) =>
      (await broker.client.send('t', { body: `${length}`, properties: { p: 'x'.repeat(length) } })).code;
    let longest = 32_767;
    while ((await send(longest)) !== 0) longest -= 10;
    // Without room for the time of the first pop, for POP_CK, and with room for both.
    const lengths = [longest, longest - 40, longest - 200];
    for (const length of lengths.slice(1)) expect(await send(length)).toBe(0);
    await broker.group.pop();
    await broker.pass(16 * SECOND);
    const { messages } = await broker.group.pop();
    const topics = new Map(messages.map((message) => [Number(message.body), message.topic]));
    expect(lengths.map((length) => topics.get(length))).toEqual(['%RETRY%g_t', '%RETRY%g_t', 't']);
    for (const message of messages) expect((await broker.group.ack(message)).code).toBe(0);
    await broker.pass(16 * SECOND);
    expect((await broker.group.pop()).messages).toEqual([]);
  });

  it('are forgotten with their topic', async () => {
    const broker = await PopBroker.open();
    await broker.send('1');
    await broker.group.pop();
    await broker.client.call(RequestCode.DELETE_TOPIC_IN_BROKER, { topic: 't' });
    await broker.pass(20 * SECOND);
    expect(await broker.client.read('%RETRY%g_t')).toEqual([]);
    expect(broker.log).not.toContain('Popped messages');
    expect(broker.log).toContain('Messages 0 of queue 0 of topic t do not come back to group g');
  });

  it('that nobody gets any more are one line in the log, however many', async () => {
    const broker = await PopBroker.open();
    const maxMsgNums = 1;
    await broker.send(...Array.from({ length: 20 }, (_, i) => `${i}`));
    for (let i = 0; i < 20; i++) await broker.group.pop({ maxMsgNums });
    await broker.client.call(RequestCode.DELETE_TOPIC_IN_BROKER, { topic: 't' });
    await broker.pass(20 * SECOND);
    expect(broker.log.split('do not come back to group g')).toHaveLength(2);
  });

  it('that came back are deleted with their topic', async () => {
    const broker = await PopBroker.open();
    await broker.send('1');
    await broker.group.pop();
    await broker.pass(16 * SECOND);
    expect((await broker.client.route('%RETRY%g_t')).code).toBe(ResponseCode.SUCCESS);
    await broker.client.call(RequestCode.DELETE_TOPIC_IN_BROKER, { topic: 't' });
    expect((await broker.client.route('%RETRY%g_t')).code).toBe(ResponseCode.TOPIC_NOT_EXIST);
    await broker.send('2');
    expect(bodies((await broker.group.pop()).messages)).toEqual(['2']);
  });

  it('come back in any number', async () => {
    const broker = await PopBroker.open();
    const texts = Array.from({ length: 500 }, (_, i) => `${i}`);
    await broker.send(...texts);
    const acknowledged: string[] = [];
    for (let i = 0; i < 500; i++) {
      const [message] = (await broker.group.pop({ maxMsgNums: 1 })).messages;
      if (i % 3 !== 0) continue;
      await broker.group.ack(message!);
      acknowledged.push(...bodies([message!]));
    }
    await broker.pass(20 * SECOND);
    const again: string[] = [];
    for (;;) {
      const { messages } = await broker.group.pop();
      if (messages.length === 0) break;
      again.push(...bodies(messages));
    }
    expect([...again, ...acknowledged].toSorted()).toEqual(texts.toSorted());
  });

  it('have check points and acknowledgements in the form of Apache', async () => {
    const broker = await PopBroker.open();
    await broker.send('1', '2', '3');
    const { messages, header } = await broker.group.pop();
    const { popTime } = header!;
    await broker.group.ack(messages[0]!);
    await broker.group.batchAck([messages[1]!, messages[2]!]);
    await broker.pass(16 * SECOND);
    const records = await broker.client.read(REVIVE_TOPIC, 0);
    expect(records.map(({ tags }) => tags)).toEqual(['ck', 'ack', 'bAck']);
    const own = `"bn":"broker-a","c":"g"`;
    expect(bodies(records)).toEqual([
      `{"bm":0,${own},"d":[0,1,2],"it":10000,"n":3,"pt":${popTime},"q":0,"reviveTime":${popTime + 10_000},"ro":0,"so":0,"t":"t"}`,
      `{"ao":0,${own},"pt":${popTime},"q":0,"so":0,"t":"t"}`,
      `{"ao":-1,"aol":[1,2],${own},"pt":${popTime},"q":0,"so":0,"t":"t"}`,
    ]);
    expect(records.map((record) => record.getProperty('UNIQ_KEY'))).toEqual([
      `t@0@0@g@${popTime}@broker-a@ck`,
      `t@0@0@g@${popTime}@broker-a@ack`,
      `t@0@-1@g@${popTime}@broker-a@ack`,
    ]);
    const due = [popTime + 9000, popTime + 10_000, popTime + 10_000];
    expect(records.map((record) => record.getProperty('TIMER_DELIVER_MS'))).toEqual(due.map(String));
  });

  it.each(['runs', 'starts'])(
    'come back from a queue of the revive topic that only Apache makes (reviveQueueNum), also when the broker %s',
    async (when) => {
      const broker = await PopBroker.open();
      await broker.send('1', '2');
      await broker.close();
      addReviveQueue(broker);
      await broker.start();
      const { messages } = await broker.group.pop();
      for (const message of messages) {
        await broker.group.ack(message);
        message.putProperty('POP_CK', encodeExtraInfo({ ...extraInfo(message), reviveQid: 8 }));
        const { header } = await broker.group.changeInvisibleTime(message, 20 * SECOND);
        const { popTime, invisibleTime } = header!;
        const changed = { popTime, invisibleTime, ckQueueOffset: message.queueOffset };
        message.putProperty('POP_CK', encodeExtraInfo({ ...extraInfo(message), ...changed }));
      }
      expect((await broker.group.batchAck(messages.slice(1))).code).toBe(ResponseCode.SUCCESS);
      await broker.pass(20 * SECOND);
      expect(await broker.client.read(REVIVE_TOPIC, 8)).not.toEqual([]);
      if (when === 'starts') await broker.restart();
      await broker.pass(5 * SECOND);
      expect(bodies((await broker.group.pop()).messages)).toEqual(['1']);
    },
  );

  it('come back after a loss of power, though the offset of the group was flushed before the check point', async () => {
    const broker = await PopBroker.open();
    await broker.send('1', '2');
    await broker.group.pop({ maxMsgNums: 1 });
    // Offsets are written 5 s after the first change, the log twice a second.
    await broker.pass(4990);
    await broker.group.pop({ maxMsgNums: 1 });
    await broker.pass(11);
    await broker.losePower();
    const again: string[] = bodies((await broker.group.pop()).messages);
    await broker.pass(20 * SECOND);
    again.push(...bodies((await broker.group.pop()).messages));
    expect(new Set(again)).toEqual(new Set(['1', '2']));
  });

  it('are not given away before their check point is on the disk', async () => {
    const broker = await PopBroker.open({ flushDiskType: 'SYNC_FLUSH' });
    await broker.send('1');
    broker.disk.holdsSyncs = true;
    let isAnswered = false;
    const popping = broker.group.pop().finally(() => (isAnswered = true));
    await broker.pass(SECOND);
    expect(isAnswered).toBe(false);
    broker.disk.releaseSyncs();
    expect((await popping).messages).toHaveLength(1);
  });

  it('are not given away when their check point cannot be stored', async () => {
    const broker = await PopBroker.open();
    await broker.send('1');
    broker.disk.faults.push({ operation: 'write', path: /commitlog/, code: 'ENOSPC' });
    const refused = await broker.group.pop();
    expect(refused.code).toBe(1);
    expect(refused.remark).toContain('the check point of the popped messages cannot be stored');
    broker.disk.faults.length = 0;
    await broker.pass(2 * SECOND);
    expect((await broker.group.pop()).messages).toHaveLength(1);
  });

  it('come once after a pop whose check point was not on the disk in time', async () => {
    const broker = await PopBroker.open({ flushDiskType: 'SYNC_FLUSH' });
    await broker.send('1');
    broker.disk.holdsSyncs = true;
    const popping = broker.group.pop();
    await broker.pass(5 * SECOND);
    expect(await popping).toMatchObject({
      code: 1,
      remark: 'the check point of the popped messages cannot be stored: FLUSH_DISK_TIMEOUT',
    });
    const again = broker.group.pop();
    await broker.pass(5 * SECOND);
    expect((await again).messages).toEqual([]);
    broker.disk.releaseSyncs();
    await broker.pass(16 * SECOND);
    const { messages } = await broker.group.pop();
    expect(bodies(messages)).toEqual(['1']);
    await broker.group.ack(messages[0]!);
    await broker.pass(60 * SECOND);
    expect((await broker.group.pop()).messages).toEqual([]);
  });

  it('come once after a change of their time that was not on the disk in time', async () => {
    const broker = await PopBroker.open({ flushDiskType: 'SYNC_FLUSH' });
    await broker.send('1');
    const { messages } = await broker.group.pop({ invisibleTime: 30 * SECOND });
    broker.disk.holdsSyncs = true;
    const changing = broker.group.changeInvisibleTime(messages[0]!, 20 * SECOND);
    await broker.pass(5 * SECOND);
    broker.disk.releaseSyncs();
    expect((await changing).code).toBe(0);
    await broker.pass(60 * SECOND);
    expect(bodies((await broker.group.pop()).messages)).toEqual(['1']);
    expect((await broker.group.pop()).messages).toEqual([]);
  });

  it('do not come back when the timers take their acknowledgement up late', async () => {
    const broker = await PopBroker.open({ flushDiskType: 'SYNC_FLUSH' });
    await broker.send('1');
    const [message] = (await broker.group.pop()).messages;
    broker.disk.holdsSyncs = true;
    const acknowledging = broker.group.ack(message!);
    await broker.pass(1);
    broker.clock.pass(12 * SECOND);
    broker.disk.releaseSyncs();
    expect((await acknowledging).code).toBe(0);
    await broker.pass(20 * SECOND);
    expect((await broker.group.pop()).messages).toEqual([]);
  });

  it('come back that are larger than messages may be by now', async () => {
    const broker = await PopBroker.open();
    await broker.send('long'.repeat(1000), 'short');
    await broker.group.pop();
    await broker.restart(0, { maxMessageSize: 1000 });
    await broker.pass(20 * SECOND);
    expect(bodies((await broker.group.pop()).messages).toSorted()).toEqual(['long'.repeat(1000), 'short']);
  });

  it('that the store does not take hold up nobody', async () => {
    const broker = await PopBroker.open();
    // As long as a file of the log, but for a few bytes that the name of its retry topic needs then.
    const long = (length: number) => broker.client.send('t', { body: 'l'.repeat(length) });
    let length = 64 * 1024;
    while ((await long(length)).code !== 0) length--;
    await broker.send('short');
    await broker.group.pop();
    await broker.group.pop();
    await broker.pass(20 * SECOND);
    expect(bodies((await broker.group.pop({ invisibleTime: 600 * SECOND })).messages)).toEqual(['short']);
    const text = 'Message 0 of queue 0 of topic t cannot be stored for a retry of group g and is dropped';
    expect(broker.log).toContain(`${text}: MESSAGE_ILLEGAL`);
    await broker.pass(10 * SECOND);
    await broker.restart();
    await broker.pass(20 * SECOND);
    expect(broker.log).not.toContain(text);
    expect((await broker.group.pop()).messages).toEqual([]);
  });

  it('whose retry topic is deleted but for its files come back when the disk lets them go', async () => {
    const broker = await PopBroker.open();
    await broker.send('1');
    await broker.group.pop();
    await broker.pass(30 * SECOND);
    await broker.send('2');
    expect(bodies((await broker.group.pop()).messages)).toEqual(['2', '1']);
    const fault = { operation: 'remove', path: /consumequeue\/%RETRY%g_t/, code: 'EIO' } as const;
    broker.disk.faults.push(fault);
    const deletion = await broker.client.call(RequestCode.DELETE_TOPIC_IN_BROKER, { topic: 't' });
    expect(deletion.code).not.toBe(0);
    await broker.pass(20 * SECOND);
    expect(broker.log).toContain('that group g did not acknowledge cannot be read or stored for a retry');
    broker.disk.faults.length = 0;
    await broker.pass(5 * SECOND);
    expect(bodies((await broker.group.pop()).messages)).toEqual(['2']);
  });

  it('come back in queues that are new to a store whose offsets are older', async () => {
    const broker = await PopBroker.open();
    await broker.send('1');
    const { messages } = await broker.group.pop();
    await broker.group.ack(messages[0]!);
    await broker.pass(20 * SECOND);
    await broker.close();
    const isKept = (path: string) => /^\/$|^\/store$|config$|consumerOffset.json$/.test(path);
    for (const path of [...broker.disk.paths()]) if (!isKept(path)) broker.disk.delete(path);
    await broker.start();
    await broker.client.send('u', { body: '2' });
    const group = broker.groupOf('u', 'g');
    expect(bodies((await group.pop()).messages)).toEqual(['2']);
    await broker.pass(20 * SECOND);
    expect(bodies((await group.pop()).messages)).toEqual(['2']);
  });
});
