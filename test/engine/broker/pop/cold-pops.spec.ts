import { describe, expect, it, onTestFinished } from 'vitest';
import type { EngineOptions } from '../../../../lib/engine/index.js';
import { bodies } from '../../../support/test-peers.js';
import { settle, SECOND } from '../../../support/virtual-clock.js';
import { PopBroker } from './pop-broker.js';

const LARGE = { mappedFileSizeCommitLog: 8 * 1024 * 1024 };

/** A broker with messages in its memory. */
async function open(count: number, options: EngineOptions = {}) {
  const broker = await PopBroker.open({ ...LARGE, ...options });
  onTestFinished(() => broker.disk.releaseTransfers());
  const texts = Array.from({ length: count }, (_, i) => `${i}`);
  await broker.send(...texts);
  return { broker, texts };
}

describe('what comes back from the disk', () => {
  it('is read a few messages at once, and those that were popped together with few reads', async () => {
    const { broker, texts } = await open(52);
    expect((await broker.group.pop()).messages).toHaveLength(32);
    for (let i = 0; i < 20; i++) await broker.group.pop({ maxMsgNums: 1 });
    await broker.restart(0, { accessMessageInMemoryMaxRatio: 0 });
    await broker.pass(11 * SECOND);
    const { disk } = broker;
    disk.holdsTransfers = /commitlog/;
    await broker.pass(5 * SECOND);
    let count = 0;
    for (; disk.heldTransferCount > 0; count++) {
      expect(disk.heldTransferCount).toBeLessThanOrEqual(4);
      disk.releaseTransfer();
      await settle(10);
      if (disk.heldTransferCount === 0) await broker.pass(5 * SECOND);
    }
    expect(count).toBeGreaterThan(20);
    expect(count).toBeLessThanOrEqual(24);
    disk.releaseTransfers();
    const again: string[] = [];
    for (let size = -1; size < again.length;) {
      size = again.length;
      again.push(...bodies((await broker.group.pop()).messages));
    }
    expect(again.toSorted()).toEqual(texts.toSorted());
  });
});

describe('a pop', () => {
  it('of what is in memory does not wait for what is on the disk, but one that is behind in a queue does', async () => {
    const { broker } = await open(20);
    await broker.groupOf('t', 'hot').pop();
    await broker.restart(0, { accessMessageInMemoryMaxRatio: 0 });
    await broker.send('new');
    const { disk, client } = broker;
    disk.holdsTransfers = /commitlog/;
    const pulls = Array.from({ length: 9 }, () => client.pull('t', 'g', { maxMsgNums: 1 }));
    await settle(10);
    const popped: string[] = [];
    const [atHand, behind] = [broker.groupOf('t', 'hot'), broker.group].map((group) =>
      group.pop().then(({ messages }) => popped.push(...bodies(messages))),
    );
    await settle(10);
    expect(popped).toEqual(['new']);
    disk.releaseTransfers();
    await broker.pass(50);
    await Promise.all([...pulls, atHand, behind]);
    expect(popped.slice(1, 3)).toEqual(['0', '1']);
  });
});
