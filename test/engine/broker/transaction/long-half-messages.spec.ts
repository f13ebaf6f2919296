import { describe, expect, it } from 'vitest';
import { TestClient } from '../../../support/test-client.js';
import { startEngine } from '../../../support/test-engine.js';
import { bodies } from '../../../support/test-peers.js';
import { temporaryDirectory } from '../../../support/test-store.js';
import { checksOf, COMMIT, DISCARDED_TOPIC, end, GROUP, sendHalf } from '../../../support/transactions.js';
import { SECOND, VirtualClock } from '../../../support/virtual-clock.js';

const INTERVAL = 30 * SECOND;

async function open() {
  const clock = new VirtualClock();
  const directory = temporaryDirectory();
  const engine = await startEngine({ clock, directory });
  const client = await TestClient.open(engine);
  await client.producerHeartbeat('one', GROUP);
  const send = (body: string) => sendHalf(client, 't', { body, bornTimestamp: clock.now() });
  return { clock, directory, engine, client, send };
}

describe('the check of long messages', () => {
  it('asks for, and delivers, a message that is longer than maxMessageSize is now', async () => {
    const { clock, directory, engine, send } = await open();
    const body = 'long'.repeat(100);
    const half = await send(body);
    await engine.close();
    const again = await startEngine({ clock, directory, engine: { maxMessageSize: 100 } });
    const producer = await TestClient.open(again);
    await producer.producerHeartbeat('one', GROUP);
    await clock.advance(INTERVAL);
    expect(checksOf(producer).map(({ message }) => message.body.toString())).toEqual([body]);
    expect((await end(producer, half, COMMIT)).code).toBe(0);
    expect(bodies(await producer.read('t'))).toEqual([body]);
  });

  it('goes on behind a message that has no room in a log file with what a check adds', async () => {
    const { clock, engine, client, send } = await open();
    let length = 64 * 1024;
    const long = () => send('l'.repeat(length)).catch(() => undefined);
    let half = await long();
    for (; half === undefined; half = await long()) length--;
    await send('next');
    await clock.advance(INTERVAL);
    expect(checksOf(client).map(({ message }) => message.body.toString())).toEqual(['next']);
    expect(engine.logger.lines.join()).toContain(
      `half message ${half.msgId} cannot be stored in ${DISCARDED_TOPIC} either (MESSAGE_ILLEGAL) and is dropped`,
    );
  });
});
