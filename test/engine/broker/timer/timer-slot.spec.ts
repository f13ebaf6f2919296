import { describe, expect, it } from 'vitest';
import type { BrokerController } from '../../../../lib/engine/broker/broker-controller.js';
import { TimerSlot } from '../../../../lib/engine/broker/timer/timer-slot.js';
import type { TimerMessageStore } from '../../../../lib/engine/store/timer/timer-message-store.js';
import { RecordingLogger } from '../../../support/test-store.js';
import { VirtualClock } from '../../../support/virtual-clock.js';

/** A slot with units for records of these sizes. */
function slotOf(sizes: readonly number[]): TimerSlot {
  const broker = {
    clock: new VirtualClock(),
    logger: new RecordingLogger(),
    store: { lookMessageByOffset: () => undefined },
  };
  const files = {
    dueSlot: () => ({ positions: [...sizes.keys()], deletes: [] }),
    deliveredToOf: () => 0,
    unitAt: (position: number) => ({ sizePy: sizes[position]! }),
  };
  return new TimerSlot(broker as unknown as BrokerController, files as unknown as TimerMessageStore, 0);
}

describe('TimerSlot', () => {
  it.each([
    ['small ones', 100, [1024, 2048, 0]],
    ['those of 2 KiB', 2048, [512, 1024, 1536]],
    ['larger ones', 300_000, [4, 8, 12]],
    ['large ones', 4_000_000, [1, 2, 3]],
  ])('holds only so many bytes of messages at once: %s', async (_, size, expected) => {
    const slot = slotOf(Array.from({ length: 2100 }, () => size));
    const delivered: number[] = [];
    for (const _batch of expected) {
      await slot.deliver(async () => {});
      delivered.push(slot.deliveredTo);
    }
    expect(delivered).toEqual(expected);
  });
});
