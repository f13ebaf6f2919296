import { describe, expect, it } from 'vitest';
import type { MessageStoreConfig } from '../../lib/engine/store/message-store-config.js';
import { eventually } from '../support/eventually.js';
import { SeededRandom } from '../support/random.js';
import { bodyOf } from '../support/store-process-protocol.js';
import { StoreProcess } from '../support/store-process.js';
import { openStore, readAll, SMALL_FILES, temporaryDirectory } from '../support/test-store.js';

const KILLS = 3;
const TIMEOUT = { timeout: 60_000 };
const seed = Date.now() % 1_000_000;

describe(`a store whose process is killed under load (seed ${seed})`, () => {
  it.each(['SYNC_FLUSH', 'ASYNC_FLUSH'] as const)(
    'has everything that it acknowledged (%s)',
    TIMEOUT,
    async (flushDiskType) => {
      const random = new SeededRandom(seed);
      const directory = temporaryDirectory();
      const config: Partial<MessageStoreConfig> = {
        ...SMALL_FILES,
        flushDiskType,
        storePathRootDir: directory,
      };
      const acknowledged: string[] = [];
      for (let kill = 0; kill < KILLS; kill++) {
        const child = await StoreProcess.start();
        await child.open(config, `k${kill}`);
        const enough = random.integer(1, 2000);
        await eventually(() => child.acknowledged.length >= enough, 30_000);
        await child.kill();
        acknowledged.push(...child.acknowledged);
      }
      const store = openStore(directory, { config });
      const found = new Map<string, number>();
      for (let queueId = 0; queueId < 3; queueId++) {
        for (const [i, message] of (await readAll(store, 'TopicA', queueId)).entries()) {
          expect(message.queueOffset).toBe(i);
          expect(message.body.equals(bodyOf(message.msgId)), message.msgId).toBe(true);
          found.set(message.msgId, (found.get(message.msgId) ?? 0) + 1);
        }
      }
      expect(acknowledged.length).toBeGreaterThan(0);
      expect(acknowledged.filter((id) => found.get(id) !== 1)).toEqual([]);
      expect([...found.values()].every((count) => count === 1)).toBe(true);
      await store.close();
    },
  );
});
