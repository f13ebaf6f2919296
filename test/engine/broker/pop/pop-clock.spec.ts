import { describe, expect, it } from 'vitest';
import { encodeExtraInfo } from '../../../../lib/common/extra-info.js';
import { extraInfo } from '../../../support/pop-client.js';
import { HOUR, SECOND } from '../../../support/virtual-clock.js';
import { bodies } from '../../../support/test-peers.js';
import { PopBroker } from './pop-broker.js';

/** More than `timerMaxDelaySec`. */
const DAYS = 240 * HOUR;

/** Two messages that were popped while the clock was ahead. */
async function openAhead(ahead: number) {
  const broker = await PopBroker.open();
  await broker.send('1', '2');
  broker.clock.set(broker.clock.now() + ahead);
  const { messages } = await broker.group.pop();
  const setBack = () => broker.clock.set(broker.clock.now() - ahead);
  const popAgain = async () => bodies((await broker.group.pop({ invisibleTime: HOUR })).messages);
  return { broker, messages, setBack, popAgain };
}

describe('messages that were popped before the clock was set back', () => {
  it.each([
    ['waits in the wheel', 5 * SECOND],
    ['is in the revive topic', 11 * SECOND],
  ])('come back within their time while their check point %s', async (_, passed) => {
    const { broker, messages, setBack, popAgain } = await openAhead(2 * HOUR);
    await broker.group.ack(messages[0]!);
    await broker.pass(passed);
    setBack();
    await broker.pass(8 * SECOND);
    expect(await popAgain()).toEqual([]);
    await broker.pass(8 * SECOND);
    expect(await popAgain()).toEqual(['2']);
    await broker.pass(3 * HOUR);
    expect(await popAgain()).toEqual(['2']);
  });

  it('come back also when the broker was down meanwhile', async () => {
    const { broker, messages, setBack, popAgain } = await openAhead(2 * HOUR);
    await broker.group.ack(messages[0]!);
    await broker.close();
    setBack();
    await broker.start();
    await broker.pass(16 * SECOND);
    expect(await popAgain()).toEqual(['2']);
  });

  it.each([2 * HOUR, DAYS])('can be acknowledged when it was ahead by %s ms', async (ahead) => {
    const { broker, messages, setBack, popAgain } = await openAhead(ahead);
    setBack();
    await broker.pass(5 * SECOND);
    expect((await broker.group.ack(messages[0]!)).code).toBe(0);
    await broker.pass(11 * SECOND);
    expect(await popAgain()).toEqual(['2']);
  });

  it('can be acknowledged until their time is over when it was ahead by less than that', async () => {
    const broker = await PopBroker.open();
    await broker.send('1');
    broker.clock.set(broker.clock.now() + 300 * SECOND);
    const { messages } = await broker.group.pop({ invisibleTime: 600 * SECOND });
    broker.clock.set(broker.clock.now() - 300 * SECOND);
    await broker.pass(280 * SECOND);
    expect((await broker.group.ack(messages[0]!)).code).toBe(0);
    await broker.pass(HOUR);
    expect((await broker.group.pop()).messages).toEqual([]);
  });

  it.each([2 * HOUR, DAYS])('get another time when it was ahead by %s ms', async (ahead) => {
    const { broker, messages, setBack, popAgain } = await openAhead(ahead);
    setBack();
    const { code, header } = await broker.group.changeInvisibleTime(messages[0]!, 30 * SECOND);
    expect(code).toBe(0);
    expect(header!.popTime).toBe(broker.clock.now());
    await broker.pass(16 * SECOND);
    expect(await popAgain()).toEqual(['2']);
    await broker.pass(18 * SECOND);
    expect(await popAgain()).toEqual(['1']);
  });

  it('come back no more once they are acknowledged when it is set back again', async () => {
    const { broker, messages, popAgain } = await openAhead(2 * HOUR);
    const acknowledge = () => Promise.all(messages.map((message) => broker.group.ack(message)));
    broker.clock.set(broker.clock.now() - HOUR);
    await broker.pass(5 * SECOND);
    await acknowledge();
    await broker.pass(5 * SECOND);
    await broker.send('3');
    messages.splice(0, 2, ...(await broker.group.pop()).messages);
    await acknowledge();
    await broker.pass(16 * SECOND);
    broker.clock.set(broker.clock.now() - HOUR);
    await broker.send('4');
    expect(await popAgain()).toEqual(['4']);
    await broker.pass(16 * SECOND);
    expect(await popAgain()).toEqual([]);
  });

  it('in order can be acknowledged with what a change of their time answers', async () => {
    const broker = await PopBroker.open();
    await broker.send('1', '2');
    const now = broker.clock.now();
    broker.clock.set(now + 2 * HOUR);
    const pop = () => broker.group.pop({ order: true, queueId: 0, maxMsgNums: 1 });
    const [message] = (await pop()).messages;
    broker.clock.set(now);
    const { header } = await broker.group.changeInvisibleTime(message!, 30 * SECOND);
    message!.putProperty('POP_CK', encodeExtraInfo({ ...extraInfo(message!), ...header! }));
    expect((await broker.group.ack(message!)).code).toBe(0);
    expect(bodies((await pop()).messages)).toEqual(['2']);
  });
});

describe('messages that are popped after the clock was set back', () => {
  it('wait for their time in the wheel', async () => {
    const broker = await PopBroker.open();
    broker.clock.set(broker.clock.now() + 2 * HOUR);
    await broker.send('1');
    broker.clock.set(broker.clock.now() - 2 * HOUR);
    expect((await broker.group.pop({ invisibleTime: HOUR })).messages).toHaveLength(1);
    await broker.pass(5 * SECOND);
    expect(await broker.client.read('rmq_sys_REVIVE_LOG_DefaultCluster')).toEqual([]);
    await broker.pass(HOUR + SECOND);
    expect(bodies((await broker.group.pop()).messages)).toEqual(['1']);
  });
});
