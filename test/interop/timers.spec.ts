import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Message } from '../../lib/common/message.js';
import { startEngine } from '../support/test-engine.js';
import { TestClient } from '../support/test-client.js';
import { bodies, startProducer } from '../support/test-peers.js';
import { JARS, runJava, workDirectory } from './java.js';
import { startApache as startApacheWith, startOurs } from './store-broker.js';

const TIMEOUT = 120_000;
/** Milliseconds from the send in which one broker is ended and the other one started. */
const DELAY = 21_000;

const RECALLS = { recallMessageEnable: true };

/** As docs/migration.md says: version 5.5 has this option, and 5.3 does so by itself. */
const startApacheOnOurs = (store: string) =>
  startApacheWith(store, { ...RECALLS, appendTopicForTimerDeleteKey: true });

const startApache = (store: string) => startApacheWith(store, RECALLS);

describe('timed messages', () => {
  it('of the Java client are delivered and recalled by the engine', { timeout: TIMEOUT }, async () => {
    const engine = await startEngine({ engine: { listen: { nameServerPort: 0, listenPort: 0 } } });
    const lines = await runJava('Timers', { jars: JARS }, engine.namesrvAddrs[0]!);
    expect(lines.filter((line) => line.startsWith('worked: '))).toEqual(
      ['send', 'recall', 'deliver', 'too late'].map((part) => `worked: ${part}`),
    );
  });

  it.each([
    ['ours', 'that of Apache', startOurs, startApacheOnOurs],
    ['that of Apache', 'ours', startApache, startOurs],
  ])(
    'wait in %s, and come from %s after SIGKILL',
    { timeout: TIMEOUT },
    async (_from, _to, startFirst, startSecond) => {
      const store = join(workDirectory(), 'store');
      const first = await startFirst(store);
      const producer = startProducer(first);
      const at = Date.now() + DELAY;
      const handles: string[] = [];
      for (let i = 0; i < 40; i++) {
        const timed = new Message('timed', Buffer.from(`${i}`));
        timed.setDeliverTimeMs(at + 50 * i);
        const { recallHandle } = await producer.send(timed);
        handles.push(recallHandle!);
      }
      await producer.recallMessage('timed', handles[1]!);
      // Both note once a second how far they are.
      await expect.poll(() => timersOf(store), { timeout: 10_000 }).toBeGreaterThanOrEqual(41);
      await first.end('SIGKILL');

      const second = await startSecond(store);
      await startProducer(second).recallMessage('timed', handles[2]!);
      const client = await TestClient.open(second);
      const arrived = async () => {
        const queues = [0, 1, 2, 3].map((queueId) => client.read('timed', queueId));
        return bodies((await Promise.all(queues)).flat());
      };
      const expected = Array.from({ length: 40 }, (_, i) => `${i}`).filter((i) => i !== '1' && i !== '2');
      await expect.poll(async () => new Set(await arrived()).size, { timeout: DELAY + 20_000 }).toBe(38);
      const got = await arrived();
      expect([...new Set(got)].sort()).toEqual([...expected].sort());
      expect(got).toHaveLength(38);
      await second.end('SIGTERM');
    },
  );
});

/** How many units the checkpoint says are on the disk. */
function timersOf(store: string): number {
  try {
    return Number(readFileSync(join(store, 'config/timercheck')).readBigInt64BE(8)) / 52;
  } catch {
    return 0;
  }
}
