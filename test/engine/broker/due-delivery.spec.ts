import { describe, expect, it } from 'vitest';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { ResponseCode } from '../../../lib/remoting/response-code.js';
import { TimerBroker } from '../../support/timer-broker.js';

describe('DueDelivery', () => {
  it.each([
    ['a time', { TIMER_DELAY_SEC: 60 }],
    ['a delay level', { DELAY: 5 }],
  ])('drops a message with %s whose topic is deleted but for its files, and goes on', async (_, due) => {
    const broker = await TimerBroker.open();
    await broker.send('now', {}, 'doomed');
    await broker.pass(15_000);
    await broker.send('late', due, 'doomed');
    await broker.send('kept', due);
    broker.disk.faults.push({ operation: 'remove', path: /consumequeue\/doomed/, code: 'EIO' });
    const deletion = await broker.client.call(RequestCode.DELETE_TOPIC_IN_BROKER, { topic: 'doomed' });
    expect(deletion.code).not.toBe(ResponseCode.SUCCESS);
    await broker.pass(61_000);
    expect(await broker.arrived()).toEqual(['kept']);
    expect(broker.log).toContain(
      'ERROR Message late of 4 bytes, which is due, cannot be stored in topic doomed and is dropped: the topic is deleted',
    );
    expect((await broker.send('refused', {}, 'doomed')).code).toBe(ResponseCode.SERVICE_NOT_AVAILABLE);
  });

  it('keeps a message that has as many properties as it may, and is stored again for another turn', async () => {
    const broker = await TimerBroker.open({ timerRollWindowSlot: 60 });
    const send = (length: number) => broker.send('x', { ...broker.in(180_000), long: '-'.repeat(length) });
    let length = 32_767;
    while ((await send(length)).code !== ResponseCode.SUCCESS) length--;
    await broker.pass(181_000);
    const [message] = await broker.client.read('t');
    expect(message?.getProperty('long')).toHaveLength(length);
  });
});
