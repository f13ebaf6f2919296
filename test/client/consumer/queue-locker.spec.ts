import { describe, expect, it } from 'vitest';
import type { MessageExt } from '../../../lib/common/message-ext.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { FaultyTransport } from '../../support/faulty-transport.js';
import { bodies, startConsumer, startInstance } from '../../support/test-peers.js';
import { TestClient } from '../../support/test-client.js';
import { startEngine } from '../../support/test-engine.js';
import { SECOND, VirtualClock } from '../../support/virtual-clock.js';

const OFFSET = { consumerGroup: 'g', topic: 't', queueId: 0 };

/** A consumer that has handled messages `0` and `1` of the only queue of topic `t` in order. */
async function open() {
  const clock = new VirtualClock();
  const engine = await startEngine({ clock });
  const client = await TestClient.open(engine);
  const send = (body: string) => client.send('t', { body, defaultTopicQueueNums: 1 });
  for (const body of ['0', '1']) await send(body);
  const transport = new FaultyTransport(engine.connect());
  const instance = startInstance(engine, { clock, transport });
  const handled: string[] = [];
  const orderly = (messages: readonly MessageExt[]) => {
    handled.push(...bodies(messages));
    return 'SUCCESS' as const;
  };
  await startConsumer(engine, 'g', { t: '*' }, { orderly }, { instance });
  await clock.advance(SECOND);
  const batch = (clientId: string) => {
    const mqSet = [{ topic: 't', brokerName: client.brokerName, queueId: 0 }];
    return { consumerGroup: 'g', clientId, mqSet };
  };
  const unlock = (clientId: string) => client.call(RequestCode.UNLOCK_BATCH_MQ, undefined, batch(clientId));
  /** Another member of the group gets the queue. */
  const lockElsewhere = async () => {
    const { body } = await client.call(RequestCode.LOCK_BATCH_MQ, undefined, batch('other'));
    expect(body!.lockOKMQSet).toHaveLength(1);
  };
  /** It handles two more messages, and leaves. */
  const handleElsewhere = async () => {
    for (const body of ['2', '3']) await send(body);
    await client.call(RequestCode.UPDATE_CONSUMER_OFFSET, { ...OFFSET, commitOffset: 4 });
    await unlock('other');
  };
  const committed = async () => (await client.call(RequestCode.QUERY_CONSUMER_OFFSET, OFFSET)).header!.offset;
  const unlockHere = () => unlock(instance.clientId);
  return { clock, send, transport, handled, unlockHere, lockElsewhere, handleElsewhere, committed };
}

describe('a lock that was lost', () => {
  it('because another member got it means that the queue goes on where that member came', async () => {
    const { clock, send, handled, unlockHere, lockElsewhere, handleElsewhere, committed } = await open();
    await unlockHere();
    await lockElsewhere();
    await clock.advance(20 * SECOND);
    await handleElsewhere();
    await clock.advance(25 * SECOND);
    expect(handled).toEqual(['0', '1']);
    expect(await committed()).toBe(4);
    await send('4');
    await clock.advance(SECOND);
    expect(handled).toEqual(['0', '1', '4']);
  });

  it('while the process stood still means the same, although nobody else has it any more', async () => {
    const { clock, transport, handled, lockElsewhere, handleElsewhere, committed } = await open();
    transport.failing.add(RequestCode.LOCK_BATCH_MQ);
    await clock.advance(61 * SECOND);
    await lockElsewhere();
    await handleElsewhere();
    transport.failing.clear();
    await clock.advance(25 * SECOND);
    expect(handled).toEqual(['0', '1']);
    expect(await committed()).toBe(4);
  });

  it('while its broker was away brings nothing again', async () => {
    const { clock, send, transport, handled, committed } = await open();
    const { LOCK_BATCH_MQ, PULL_MESSAGE, UPDATE_CONSUMER_OFFSET } = RequestCode;
    for (const code of [LOCK_BATCH_MQ, PULL_MESSAGE, UPDATE_CONSUMER_OFFSET]) transport.failing.add(code);
    // The pull for it is held already.
    await send('2');
    await clock.advance(61 * SECOND);
    expect(await committed()).toBe(2);
    transport.failing.clear();
    await clock.advance(25 * SECOND);
    expect(handled).toEqual(['0', '1', '2']);
    expect(await committed()).toBe(3);
  });
});
