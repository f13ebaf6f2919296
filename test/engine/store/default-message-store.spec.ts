import { describe, expect, it } from 'vitest';
import { innerMessage, openStore, put, readAll, temporaryDirectory, get } from '../../support/test-store.js';

describe('DefaultMessageStore', () => {
  it('reads back what was stored, also after it was closed and opened again', async () => {
    const directory = temporaryDirectory();
    let store = openStore(directory);
    for (let i = 0; i < 300; i++) {
      const outcome = await put(
        store,
        innerMessage({
          queueId: i % 4,
          body: Buffer.alloc(i * 7, i),
          properties: new Map([
            ['UNIQ_KEY', `id-${i}`],
            ['TAGS', `Tag${i % 3}`],
            ['KEYS', `key-${i} all`],
            ['name', 'Zürich 火箭 🚀'],
          ]),
        }),
      );
      expect(outcome.status).toBe('PUT_OK');
      expect(outcome.records[0]!.consumeQueueOffset).toBe(Math.floor(i / 4));
    }
    const check = async () => {
      for (let queueId = 0; queueId < 4; queueId++) {
        const messages = await readAll(store, 'TopicA', queueId);
        expect(messages.map((m) => m.getProperty('UNIQ_KEY'))).toEqual(
          Array.from({ length: 75 }, (_, k) => `id-${k * 4 + queueId}`),
        );
        messages.forEach((m, k) => {
          expect(m.body).toEqual(Buffer.alloc((k * 4 + queueId) * 7, k * 4 + queueId));
          expect(m.queueOffset).toBe(k);
          expect(m.getProperty('name')).toBe('Zürich 火箭 🚀');
        });
      }
      expect(store.queryMessage('TopicA', 'key-77', 32, 0, Number.MAX_SAFE_INTEGER)).toHaveLength(1);
      expect(store.queryMessage('TopicA', 'id-78', 32, 0, Number.MAX_SAFE_INTEGER)).toHaveLength(1);
      expect(store.queryMessage('TopicA', 'all', 32, 0, Number.MAX_SAFE_INTEGER)).toHaveLength(32);
    };
    await check();
    await store.close();
    store = openStore(directory);
    await check();
    expect((await get(store, 'TopicA', 0, 75)).status).toBe('OFFSET_OVERFLOW_ONE');
    await store.close();
  });
});
