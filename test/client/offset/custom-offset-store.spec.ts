import { expect, it } from 'vitest';
import type { MQClientInstance, OffsetStore } from '../../../lib/client/index.js';
import { createOffsetStore } from '../../../lib/client/offset/create-offset-store.js';
import { RecordingLogger } from '../../support/test-store.js';

const mq = { topic: 't', brokerName: 'a', queueId: 0 };

it('what an offset store of the application throws ends no loop of the consumer, and is logged', async () => {
  const logger = new RecordingLogger();
  const fail = () => {
    throw new Error('broken');
  };
  const rejecting = () => Promise.reject(new Error('no disk'));
  const broken: OffsetStore = {
    load: rejecting,
    updateOffset: fail,
    memoryOffset: fail,
    readOffset: rejecting,
    persistAll: rejecting,
    persist: rejecting,
    removeOffset: fail,
  };
  const store = createOffsetStore({ logger } as unknown as MQClientInstance, 'g', 'CLUSTERING', () => broken);
  store.updateOffset(mq, 1, true);
  expect(store.memoryOffset(mq)).toBe(-1);
  store.removeOffset(mq);
  expect(logger.lines).toEqual(
    ['updateOffset', 'memoryOffset', 'removeOffset'].map(
      (method) => `ERROR ${method} of the offsetStore of group g failed: Error: broken`,
    ),
  );
  // Whoever waits for one of these looks at its outcome.
  await expect(store.load()).rejects.toThrow('no disk');
  await expect(store.readOffset(mq)).rejects.toThrow('no disk');
  await expect(store.persistAll([mq])).rejects.toThrow('no disk');
  await expect(store.persist(mq)).rejects.toThrow('no disk');
});
