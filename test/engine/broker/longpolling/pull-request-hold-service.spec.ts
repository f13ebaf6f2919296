import { describe, expect, it } from 'vitest';
import type { EngineOptions } from '../../../../lib/engine/index.js';
import { PullSysFlag } from '../../../../lib/common/pull-sys-flag.js';
import { PullRequestHoldService } from '../../../../lib/engine/broker/longpolling/pull-request-hold-service.js';
import { ResponseCode } from '../../../../lib/remoting/response-code.js';
import { TestClient } from '../../../support/test-client.js';
import { startEngine } from '../../../support/test-engine.js';
import { VirtualClock } from '../../../support/virtual-clock.js';

const sysFlag = PullSysFlag.SUBSCRIPTION | PullSysFlag.SUSPEND;

async function hold(suspendTimeoutMillis: number, engine?: EngineOptions) {
  const clock = new VirtualClock();
  const started = await startEngine({ clock, engine });
  const client = await TestClient.open(started);
  await client.send('t');
  const heldAt = clock.now();
  let answeredAfter: number | undefined;
  const answer = client.pull('t', 'g', { queueOffset: 1, sysFlag, suspendTimeoutMillis });
  answer.then(
    () => (answeredAfter = clock.now() - heldAt),
    () => {},
  );
  return { clock, engine: started, client, answer, answeredAfter: () => answeredAfter };
}

describe('PullRequestHoldService', () => {
  // The transport of the test gives up after 10 s.
  it.each([
    [1000, 1000],
    [5000, 5000],
    [5500, 6000],
  ])('holds a pull of %i ms for %i ms', async (suspendTimeoutMillis, expected) => {
    const { clock, answer, answeredAfter } = await hold(suspendTimeoutMillis);
    await clock.advance(expected - 1);
    expect(answeredAfter()).toBeUndefined();
    await clock.advance(1);
    expect(answeredAfter()).toBe(expected);
    expect(await answer).toMatchObject({
      code: ResponseCode.PULL_NOT_FOUND,
      remark: 'OFFSET_OVERFLOW_ONE',
      header: { nextBeginOffset: 1, maxOffset: 1 },
    });
  });

  it('does not hold it for longer when the clock is set back', async () => {
    const { clock, answeredAfter } = await hold(5000);
    clock.set(clock.now() - 3_600_000);
    await clock.advance(5000);
    expect(answeredAfter()).toBeDefined();
  });

  it('holds it for a second only without longPollingEnable', async () => {
    const { clock, answeredAfter } = await hold(9000, { longPollingEnable: false });
    await clock.advance(1000);
    expect(answeredAfter()).toBe(1000);
  });

  it('holds it for shortPollingTimeMills without longPollingEnable', async () => {
    const options = { longPollingEnable: false, shortPollingTimeMills: 3000 };
    const { clock, answeredAfter } = await hold(9000, options);
    await clock.advance(2999);
    expect(answeredAfter()).toBeUndefined();
    await clock.advance(1);
    expect(answeredAfter()).toBe(3000);
  });

  it('drops within a second those whose client is gone, and wakes the others in time', async () => {
    const clock = new VirtualClock();
    const service = new PullRequestHoldService(clock, 10_000);
    const woken: string[] = [];
    const pulls = ['here', 'gone'].map((name) => ({
      consumerGroup: 'g',
      topic: 't',
      queueId: 0,
      offset: 0,
      wants: () => true,
      suspendUntil: clock.monotonicNow() + 60_000,
      isAbandoned: name === 'gone',
      wakeUp: () => void woken.push(name),
    }));
    for (const pull of pulls) service.suspendPullRequest(pull);
    service.onChannelClosed();
    await clock.advance(1000);
    // If it were still held, it would be woken now.
    pulls[1]!.isAbandoned = false;
    await clock.advance(60_000);
    expect(woken).toEqual(['here']);
  });

  it('has room again within a second when a client has gone', async () => {
    const { clock, engine, client } = await hold(9000, { maxPullPollingSize: 1 });
    const other = await TestClient.open(engine);
    const fields = { queueOffset: 1, sysFlag, suspendTimeoutMillis: 9000 };
    expect((await other.pull('t', 'g', fields)).code).toBe(ResponseCode.SYSTEM_BUSY);
    client.transport.close();
    await clock.advance(1000);
    const answer = other.pull('t', 'g', fields);
    await other.send('t');
    await clock.advance(0);
    expect((await answer).code).toBe(ResponseCode.SUCCESS);
  });

  it('answers it in the turn in which the message arrives', async () => {
    const { clock, client, answeredAfter } = await hold(9000);
    await client.send('t');
    await clock.advance(0);
    expect(answeredAfter()).toBe(0);
  });

  it('answers it when its group wants something else, also what has come before that', async () => {
    const clock = new VirtualClock();
    const client = await TestClient.open(await startEngine({ clock }));
    await client.send('t');
    const subscribe = (expression: string, subVersion: number) =>
      client.heartbeat('c1', 'g', { t: { ...client.subscription('t', expression), subVersion } });
    await subscribe('a', 1);
    const answered: string[] = [];
    const pull = async (group: string, queueOffset: number, flags: number) => {
      const fields = { queueOffset, sysFlag: flags, suspendTimeoutMillis: 9000, subVersion: 1 };
      const answer = await client.pull('t', group, fields);
      answered.push(group);
      return answer;
    };
    const held = pull('g', 1, PullSysFlag.SUSPEND);
    await client.send('t', { properties: { TAGS: 'b' } });
    const other = pull('h', 2, sysFlag);
    await subscribe('a', 2);
    await clock.advance(0);
    expect(answered).toEqual([]);
    await subscribe('a || b', 3);
    await clock.advance(0);
    expect(answered).toEqual(['g']);
    expect(await held).toMatchObject({ code: ResponseCode.SUCCESS, header: { nextBeginOffset: 2 } });
    await clock.advance(9000);
    await other;
  });

  it('answers it when the broker ends', async () => {
    const { engine, answer } = await hold(9000);
    await engine.close();
    expect((await answer).code).toBe(ResponseCode.PULL_NOT_FOUND);
  });

  it('commits no offset when it is woken', async () => {
    const clock = new VirtualClock();
    const client = await TestClient.open(await startEngine({ clock }));
    await client.send('t');
    const fields = { queueOffset: 1, commitOffset: 1, suspendTimeoutMillis: 5000 };
    const held = client.pull('t', 'g', { ...fields, sysFlag: sysFlag | PullSysFlag.COMMIT_OFFSET });
    const offset = { consumerGroup: 'g', topic: 't', queueId: 0 };
    await client.call(15, { ...offset, commitOffset: 0 });
    await client.send('t');
    await held;
    expect((await client.call(14, offset)).header!.offset).toBe(0);
  });
});
