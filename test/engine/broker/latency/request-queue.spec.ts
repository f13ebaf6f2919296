import { describe, expect, it } from 'vitest';
import type { Channel } from '../../../../lib/remoting/channel.js';
import { RequestCode } from '../../../../lib/remoting/request-code.js';
import { RequestQueue } from '../../../../lib/engine/broker/latency/request-queue.js';
import { HOUR, VirtualClock } from '../../../support/virtual-clock.js';

describe('a request that waits', () => {
  it.each([HOUR, -HOUR])('is refused neither sooner nor later when the clock is set by %i ms', (change) => {
    const clock = new VirtualClock();
    const queue = new RequestQueue({
      clock,
      capacity: 1,
      maxBytes: 1,
      waitTimeMills: 200,
      isBusy: () => true,
      isStuck: () => false,
      onWaiting: () => {},
      onRefused: () => {},
    });
    const remarks: (string | undefined)[] = [];
    const request = { code: RequestCode.VIEW_MESSAGE_BY_ID, header: { offset: 0 }, body: undefined };
    const channel = undefined as unknown as Channel;
    queue.execute(request, { channel, reply: ({ remark }) => void remarks.push(remark) }, () => {});
    clock.set(clock.now() + change);
    clock.pass(199);
    queue.clean();
    expect([queue.headWaitTimeMills, remarks]).toEqual([199, []]);
    clock.pass(1.7);
    queue.clean();
    expect(remarks).toEqual([expect.stringContaining('period in queue: 200ms')]);
  });
});
