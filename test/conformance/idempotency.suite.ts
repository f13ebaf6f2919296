import { describe, expect, it } from 'vitest';
import { BrokerIdempotencyStore } from '../../lib/idempotency/broker-idempotency-store.js';
import type { RocketMQIdempotencyAnswer } from '../../lib/interfaces/idempotency.interface.js';
import { startInstance, startProducer } from '../support/test-peers.js';
import { uniqueName, type ClusterRef } from './cluster.js';

const TIMES = { ttl: 60_000, lease: 60_000 };
type New = Extract<RocketMQIdempotencyAnswer, { state: 'NEW' }>;

/** Keys in a topic: that of several who want one, one gets it. */
export function describeIdempotency(cluster: ClusterRef): void {
  describe('idempotency in a topic', () => {
    const open = () => new BrokerIdempotencyStore(startInstance(cluster()), startProducer(cluster()));
    const key = () => uniqueName('key');
    const take = async (store: BrokerIdempotencyStore, of: string, times = TIMES): Promise<New> => {
      const answer = await store.begin(of, times);
      expect(answer.state).toBe('NEW');
      return answer as New;
    };

    it('gives a key to one of many, and nobody else when it is done', async () => {
      const stores = [open(), open(), open()];
      const wanted = key();
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, i) => stores[i % 3]!.begin(wanted, TIMES)),
      );
      const taken = answers.filter((answer): answer is New => answer.state === 'NEW');
      expect(taken).toHaveLength(1);
      const others = answers.filter(({ state }) => state === 'IN_PROGRESS');
      expect(others).toHaveLength(11);
      await taken[0]!.done();
      for (const store of stores) expect(await store.begin(wanted, TIMES)).toEqual({ state: 'DONE' });
      await take(stores[0]!, key());
    });

    it('gives a key again that was released', async () => {
      const [first, second] = [open(), open()];
      const wanted = key();
      const claim = await take(first, wanted);
      expect(await second.begin(wanted, TIMES)).toMatchObject({ state: 'IN_PROGRESS' });
      await claim.release();
      const next = await take(second, wanted);
      // What the first says now is about a key that is another's.
      await claim.release();
      expect(await first.begin(wanted, TIMES)).toMatchObject({ state: 'IN_PROGRESS' });
      await next.done();
      expect(await first.begin(wanted, TIMES)).toEqual({ state: 'DONE' });
    });

    it('gives a key again whose lease is over, or whose time', async () => {
      const store = open();
      const wanted = key();
      const takeLater = async (times: typeof TIMES): Promise<New> => {
        for (;;) {
          const answer = await store.begin(wanted, times);
          if (answer.state === 'NEW') return answer;
        }
      };
      await take(store, wanted);
      expect(await store.begin(wanted, TIMES)).toMatchObject({ state: 'IN_PROGRESS' });
      const claim = await takeLater({ ...TIMES, lease: 1 });
      await claim.done();
      expect(await store.begin(wanted, TIMES)).toEqual({ state: 'DONE' });
      await takeLater({ ...TIMES, ttl: 1 });
    });

    it('knows what is done after more failures than a broker tells of at once', async () => {
      const store = open();
      const wanted = key();
      for (let i = 0; i < 40; i++) await (await take(store, wanted)).release();
      await (await take(store, wanted)).done();
      expect(await store.begin(wanted, TIMES)).toEqual({ state: 'DONE' });
    });
  });
}
