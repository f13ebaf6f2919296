import { describe, expect, it } from 'vitest';
import type { BrokerController } from '../../../../lib/engine/broker/broker-controller.js';
import {
  encodeAck,
  encodeCheckPoint,
  type PopCheckPoint,
} from '../../../../lib/engine/broker/pop/pop-check-point.js';
import { ReviveQueue } from '../../../../lib/engine/broker/pop/revive-queue.js';
import { ACK_TAG, CK_TAG } from '../../../../lib/engine/broker/pop/revive-topic.js';
import type { GetMessageCallback } from '../../../../lib/engine/store/get-message-result.js';
import { encodeRecord, innerMessage } from '../../../support/test-store.js';
import { VirtualClock } from '../../../support/virtual-clock.js';

const SOURCE = { topic: 't', consumerGroup: 'g', queueId: 0, popTime: 1000, brokerName: 'broker-a' };
const pointOf = (startOffset: number): PopCheckPoint => ({
  ...SOURCE,
  startOffset,
  offsetDiffs: [0, 1],
  bitMap: 0,
  invisibleTime: 10_000,
});

/** A queue that works off these records when everything is due, what it commits, and from where it reads. */
function queueOf(...records: readonly (readonly [tag: string, body: string])[]) {
  const committed: number[] = [];
  const reads: number[] = [];
  const stored = records.map(([tag, body], queueOffset) => {
    const properties = new Map([
      ['TAGS', tag],
      ['TIMER_DELIVER_MS', '900000'],
    ]);
    return encodeRecord(innerMessage({ body: Buffer.from(body), properties }), { queueOffset });
  });
  const store = {
    getMinOffsetInQueue: () => 0,
    getMaxOffsetInQueue: () => stored.length,
    getMessage: (
      ...[, , offset, count, , callback]: [string, number, number, number, undefined, GetMessageCallback]
    ) => {
      reads.push(offset);
      const found = stored.slice(offset, offset + count);
      callback({ messages: Buffer.concat(found), nextBeginOffset: offset + found.length } as never);
    },
  };
  const offsets = {
    queryOffset: () => committed.at(-1),
    commitOffset: (...args: unknown[]) => committed.push(args.at(-1) as number),
  };
  const config = { brokerName: 'broker-a' };
  const broker = { store, offsets, config, clock: new VirtualClock() } as unknown as BrokerController;
  return { queue: new ReviveQueue(broker, 'revive', 0), committed, reads };
}

describe('ReviveQueue', () => {
  it('does not pass over what is open when a check point comes again', async () => {
    const first = [CK_TAG, encodeCheckPoint(pointOf(0))] as const;
    const second = [CK_TAG, encodeCheckPoint(pointOf(10))] as const;
    const { queue, committed } = queueOf(first, second, first);
    await queue.workOff(1e6, () => Promise.resolve(false));
    expect(committed).toEqual([]);
    await queue.workOff(1e6, () => Promise.resolve(true));
    expect(committed).toEqual([2]);
  });

  it('keeps the acknowledgements of a check point that comes again', async () => {
    const point = [CK_TAG, encodeCheckPoint(pointOf(0))] as const;
    const ack = [ACK_TAG, encodeAck({ ...SOURCE, startOffset: 0, ackOffsets: [1] }, false)] as const;
    const { queue } = queueOf(point, ack, point);
    const open: number[] = [];
    await queue.workOff(1e6, (entry) => Promise.resolve(open.push(...entry.open) > 0));
    expect(open).toEqual([0]);
  });

  describe('with more check points than are kept in mind', () => {
    const points = Array.from({ length: 10_100 }, (_, i) => [CK_TAG, encodeCheckPoint(pointOf(i))] as const);

    it('tries each once while none can be worked off, and reads on when they can', async () => {
      const { queue, committed } = queueOf(...points);
      let tried = 0;
      await queue.workOff(1e6, () => Promise.resolve(++tried < 0));
      expect(tried).toBe(10_016);
      await queue.workOff(1e6, () => Promise.resolve(true));
      expect(committed.at(-1)).toBe(points.length - 1);
    });

    it('reads nothing more when it is stopped', async () => {
      const { queue, committed, reads } = queueOf(...points);
      const working = queue.workOff(1e6, () => Promise.resolve(false));
      queue.stop();
      await working;
      expect(reads).toEqual([0]);
      expect(committed).toEqual([]);
    });
  });
});
