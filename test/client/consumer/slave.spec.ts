import { describe, expect, it } from 'vitest';
import type { ConsumerConfig } from '../../../lib/client/index.js';
import type { MessageExt } from '../../../lib/common/message-ext.js';
import { PullSysFlag } from '../../../lib/common/pull-sys-flag.js';
import type { PullMessageRequestHeader } from '../../../lib/remoting/header/pull-message-request-header.js';
import { failure, success } from '../../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { ResponseCode } from '../../../lib/remoting/response-code.js';
import type { ScriptedCall } from '../../support/scripted-transport.js';
import { clusterRoute, ScriptedCluster, unreachable } from '../../support/scripted-cluster.js';
import { startConsumer } from '../../support/test-peers.js';
import { encodeRecord, innerMessage, RecordingLogger } from '../../support/test-store.js';
import { settle, VirtualClock } from '../../support/virtual-clock.js';

const { UPDATE_CONSUMER_OFFSET } = RequestCode;

/** A consumer of one queue of a broker with a slave, and its pulls. */
async function open(consumer: Partial<ConsumerConfig> = {}, isNear = false) {
  const clock = new VirtualClock();
  const cluster = new ScriptedCluster();
  const { transport } = cluster;
  Object.assign(transport, { isNear: () => isNear });
  const setMembers = (...ids: number[]) => transport.routes.set('t', clusterRoute(1, { a: ids, b: [] }));
  setMembers(0, 1);
  const logger = new RecordingLogger();
  const seen: MessageExt[] = [];
  const listener = { fails: false };
  const concurrently = (messages: readonly MessageExt[]) => {
    seen.push(...messages);
    if (listener.fails) throw new Error('not yet');
    return 'CONSUME_SUCCESS' as const;
  };
  const subscribed = { clock, logger, random: () => 0, consumer };
  await startConsumer(cluster, 'g', { t: '*' }, { concurrently }, subscribed);
  await settle();
  const pulls = () =>
    cluster.requests.filter(
      ({ request }) =>
        request.code === RequestCode.PULL_MESSAGE && (request.header as { topic: string }).topic === 't',
    );
  return { clock, cluster, transport, setMembers, logger, seen, listener, pulls };
}

const pulled = (
  code: ResponseCode,
  nextBeginOffset: number,
  suggestWhichBrokerId: number,
  body?: Buffer,
) => ({
  ...success<never>(
    { suggestWhichBrokerId, nextBeginOffset, minOffset: 0, maxOffset: 100 } as never,
    body as never,
  ),
  code,
});
const found = (offset: number, brokerId: number) =>
  pulled(
    ResponseCode.SUCCESS,
    offset + 1,
    brokerId,
    encodeRecord(innerMessage({ topic: 't' }), { queueOffset: offset }),
  );
const headerOf = ({ request }: ScriptedCall) => request.header as PullMessageRequestHeader;
const addressesOf = (calls: ScriptedCall[]) => calls.map(({ address }) => address);

describe('pulling', () => {
  it('says which records came damaged, and goes on behind them', async () => {
    const { clock, pulls, seen, logger } = await open();
    const records = [7, 8, 9, 10].map((queueOffset) =>
      encodeRecord(innerMessage({ topic: 't', body: Buffer.from('hello') }), { queueOffset }),
    );
    records[1]![records[1]!.indexOf('hello')]! ^= 1;
    const cut = records[3]!.subarray(0, -1);
    pulls()[0]!.answer(pulled(ResponseCode.SUCCESS, 11, 0, Buffer.concat([...records.slice(0, 3), cut])));
    await clock.advance(0);
    expect(seen.map(({ queueOffset }) => queueOffset)).toEqual([7, 9]);
    expect(headerOf(pulls()[1]!).queueOffset).toBe(11);
    expect(logger.lines.filter((line) => line.startsWith('ERROR'))).toEqual([
      'ERROR Damaged records from queue 0 of topic t on a, between offsets 7 and 10, are passed over: 2',
    ]);
  });

  it('takes no record whose offset cannot be, and commits none such', async () => {
    const { clock, cluster, pulls, seen, logger } = await open();
    const records = [7, 6, 9, 2 ** 40, 9, 10].map((queueOffset) =>
      encodeRecord(innerMessage({ topic: 't' }), { queueOffset }),
    );
    pulls()[0]!.answer(pulled(ResponseCode.SUCCESS, 11, 0, Buffer.concat(records)));
    await clock.advance(5000);
    expect(seen.map(({ queueOffset }) => queueOffset)).toEqual([7, 9, 10]);
    expect(headerOf(pulls()[1]!)).toMatchObject({ queueOffset: 11, commitOffset: 11 });
    const committed = cluster.requests.filter(({ request }) => request.code === UPDATE_CONSUMER_OFFSET);
    expect(committed.map(({ request }) => request.header)).toContainEqual(
      expect.objectContaining({ topic: 't', commitOffset: 11 }),
    );
    expect(logger.lines.filter((line) => line.startsWith('ERROR'))).toEqual([
      'ERROR Damaged records from queue 0 of topic t on a, between offsets 7 and 10, are passed over: 3',
    ]);
  });

  it('goes back for no answer but that its offset is none', async () => {
    const { clock, pulls, seen } = await open();
    const { body } = found(7, 0);
    pulls()[0]!.answer(pulled(ResponseCode.SUCCESS, 7, 0, body));
    await clock.advance(999);
    expect(pulls()).toHaveLength(1);
    await clock.advance(1);
    pulls()[1]!.answer(pulled(ResponseCode.PULL_NOT_FOUND, 3, 0));
    await clock.advance(1000);
    expect(pulls().map((call) => headerOf(call).queueOffset)).toEqual([7, 7, 7]);
    expect(seen).toEqual([]);
  });

  it.each([
    [false, 15_000, 30_000],
    [true, 60_000, 75_000],
  ])('asks a broker (in this process: %s) to wait for messages', async (isNear, hold, timeout) => {
    const { pulls } = await open({}, isNear);
    expect(headerOf(pulls()[0]!).suspendTimeoutMillis).toBe(hold);
    expect(pulls()[0]!.timeoutMillis).toBe(timeout);
  });

  it('goes on where the broker suggests, and comes back', async () => {
    const { clock, pulls } = await open();
    pulls()[0]!.answer(found(7, 1));
    await clock.advance(0);
    pulls()[1]!.answer(found(8, 1));
    await clock.advance(0);
    pulls()[2]!.answer(pulled(ResponseCode.PULL_RETRY_IMMEDIATELY, 9, 0));
    await clock.advance(0);
    expect(addressesOf(pulls())).toEqual(['a:0', 'a:1', 'a:1', 'a:0']);
    expect(pulls().map((call) => headerOf(call).queueOffset)).toEqual([7, 8, 9, 9]);
  });

  it('goes back to the master when the slave refuses, or does not answer', async () => {
    const { clock, pulls } = await open();
    pulls()[0]!.answer(found(7, 1));
    await clock.advance(0);
    pulls()[1]!.answer(failure(ResponseCode.NO_PERMISSION, 'unknown key'));
    await clock.advance(3000);
    pulls()[2]!.answer(found(8, 1));
    await clock.advance(0);
    unreachable(pulls()[3]!);
    await clock.advance(1000);
    expect(addressesOf(pulls())).toEqual(['a:0', 'a:1', 'a:0', 'a:1', 'a:0']);
  });

  it('commits no offsets at a slave in passing', async () => {
    const { clock, pulls } = await open();
    for (const [i, brokerId] of [1, 0].entries()) {
      pulls()[i]!.answer(found(7 + i, brokerId));
      await clock.advance(0);
    }
    expect(pulls().map((call) => headerOf(call).sysFlag & PullSysFlag.COMMIT_OFFSET)).toEqual([0, 0, 1]);
  });

  it('goes on at the slave when the master is gone, as soon as the name server says so', async () => {
    const { clock, cluster, setMembers, pulls, logger } = await open();
    cluster.dead.add('a:0');
    setMembers(1);
    pulls()[0]!.answer(found(7, 0));
    await clock.advance(1000);
    expect(addressesOf(pulls())).toEqual(['a:0', 'a:0', 'a:1']);
    expect(headerOf(pulls()[2]!).queueOffset).toBe(8);
    expect(logger.lines.filter((line) => line.includes('Pulling from'))).toEqual([]);
  });

  it('skips nothing that waits when a slave takes over that has less', async () => {
    const { clock, cluster, pulls, seen } = await open({ rateLimit: { max: 5, durationMs: 60_000 } });
    const records = Array.from({ length: 10 }, (_, i) =>
      encodeRecord(innerMessage({ topic: 't' }), { queueOffset: 7 + i }),
    );
    pulls()[0]!.answer(pulled(ResponseCode.SUCCESS, 17, 0, Buffer.concat(records)));
    await clock.advance(0);
    pulls()[1]!.answer({ ...pulled(ResponseCode.PULL_OFFSET_MOVED, 14, 0), remark: 'OFFSET_OVERFLOW_BADLY' });
    await clock.advance(1000);
    expect(seen.map(({ queueOffset }) => queueOffset)).toEqual([7, 8, 9, 10, 11]);
    const told = cluster.requests.findLast(({ request }) => request.code === UPDATE_CONSUMER_OFFSET)!;
    expect(told.request.header, 'where it goes on').toMatchObject({ topic: 't', commitOffset: 12 });
  });

  it('asks a slave that has nothing, and no master to send us to, once a second', async () => {
    const { clock, cluster, setMembers, pulls } = await open();
    cluster.dead.add('a:0');
    setMembers(1);
    pulls()[0]!.answer(found(7, 0));
    await clock.advance(1000);
    const before = pulls().length;
    cluster.answer = (call) => {
      if (call.request.code !== RequestCode.PULL_MESSAGE) return false;
      call.answer(pulled(ResponseCode.PULL_RETRY_IMMEDIATELY, 8, 0));
      return true;
    };
    pulls()
      .at(-1)!
      .answer(pulled(ResponseCode.PULL_RETRY_IMMEDIATELY, 8, 0));
    await clock.advance(10_000);
    expect(pulls().length - before).toBeGreaterThanOrEqual(9);
    expect(pulls().length - before).toBeLessThanOrEqual(11);
    cluster.dead.clear();
    setMembers(0, 1);
    await clock.advance(30_000);
    expect(pulls().at(-1)!.address).toBe('a:0');
  });

  it('asks a slave that acts as the master, and has nothing, once a second', async () => {
    const { clock, cluster, setMembers, pulls } = await open();
    setMembers(0);
    cluster.answer = (call) => {
      if (call.request.code !== RequestCode.PULL_MESSAGE) return false;
      // Without a pause there would be no end.
      if (pulls().length < 100) call.answer(pulled(ResponseCode.PULL_RETRY_IMMEDIATELY, 7, 0));
      return true;
    };
    pulls()[0]!.answer(pulled(ResponseCode.PULL_RETRY_IMMEDIATELY, 7, 0));
    await clock.advance(10_000);
    expect(pulls()).toHaveLength(11);
    expect(new Set(addressesOf(pulls()))).toEqual(new Set(['a:0']));
  });
});

describe('offsets', () => {
  const PERSIST = 5000;
  const commits = ({ requests }: ScriptedCluster) =>
    requests
      .filter(({ request }) => request.code === RequestCode.UPDATE_CONSUMER_OFFSET)
      .map(({ address, request }) => [address, (request.header as { commitOffset: number }).commitOffset]);

  it('go to the slave while there is no master, and to the master again when it is back', async () => {
    const { clock, cluster, setMembers, pulls } = await open();
    pulls()[0]!.answer(found(7, 0));
    await clock.advance(PERSIST);
    expect(commits(cluster)).toEqual([['a:0', 8]]);
    cluster.dead.add('a:0');
    setMembers(1);
    pulls()[1]!.answer(found(8, 0));
    await clock.advance(PERSIST);
    expect(commits(cluster).at(-1)).toEqual(['a:1', 9]);
    cluster.dead.clear();
    setMembers(0, 1);
    await clock.advance(30_000 + PERSIST);
    expect(commits(cluster).at(-1)).toEqual(['a:0', 9]);
  });

  it('are read from the slave while there is no master', async () => {
    const cluster = new ScriptedCluster();
    cluster.transport.routes.set('t', clusterRoute(1, { a: [1] }));
    const concurrently = () => 'CONSUME_SUCCESS' as const;
    await startConsumer(cluster, 'g', { t: '*' }, { concurrently }, { clock: new VirtualClock() });
    await settle();
    expect(cluster.asked(RequestCode.QUERY_CONSUMER_OFFSET)).toEqual(['a:1']);
    const [pull] = cluster.requests.filter(({ request }) => request.code === RequestCode.PULL_MESSAGE);
    expect(headerOf(pull!).queueOffset).toBe(7);
  });

  it('that only the master could know are waited for: nothing is passed over, and other brokers are not kept waiting', async () => {
    const cluster = new ScriptedCluster();
    const clock = new VirtualClock();
    const { transport } = cluster;
    transport.routes.set('t', clusterRoute(1, { a: [1], b: [0] }));
    cluster.answer = (call) => {
      if (call.request.code !== RequestCode.QUERY_CONSUMER_OFFSET) return false;
      call.answer(failure(ResponseCode.QUERY_NOT_FOUND, 'none'));
      return true;
    };
    const concurrently = () => 'CONSUME_SUCCESS' as const;
    const consumer = { consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET' } as const;
    await startConsumer(cluster, 'g', { t: '*' }, { concurrently }, { clock, consumer });
    await settle();
    expect(cluster.asked(RequestCode.PULL_MESSAGE)).toEqual(['b:0']);
    transport.routes.set('t', clusterRoute(1, { a: [0, 1], b: [0] }));
    await clock.advance(60_000);
    expect(cluster.asked(RequestCode.GET_MAX_OFFSET)).toContain('a:0');
    expect(cluster.asked(RequestCode.PULL_MESSAGE)).toContain('a:0');
  });
});

describe('a message that failed', () => {
  it('goes to another broker when its own is gone', async () => {
    const { clock, cluster, transport, setMembers, pulls, seen, listener } = await open();
    transport.routes.set('u', clusterRoute(1, { b: [0] }));
    setMembers(0, 1);
    transport.routes.set('t', clusterRoute(1, { a: [0, 1], b: [0] }));
    await clock.advance(30_000);
    listener.fails = true;
    cluster.dead.add('a:0');
    pulls()[0]!.answer(found(7, 0));
    await clock.advance(0);
    expect(seen).toHaveLength(1);
    expect(cluster.asked(RequestCode.CONSUMER_SEND_MSG_BACK)).toEqual(['a:0']);
    expect(cluster.asked(RequestCode.SEND_MESSAGE)).toEqual(['a:0', 'b:0']);
  });
});

describe('the members of a group', () => {
  it('are asked for at another broker, when one does not answer', async () => {
    const cluster = new ScriptedCluster();
    cluster.transport.routes.set('t', clusterRoute(1, { a: [0], b: [0] }));
    cluster.dead.add('a:0');
    const concurrently = () => 'CONSUME_SUCCESS' as const;
    const clock = new VirtualClock();
    await startConsumer(cluster, 'g', { t: '*' }, { concurrently }, { clock, random: () => 0 });
    await settle();
    expect(cluster.asked(RequestCode.GET_CONSUMER_LIST_BY_GROUP)).toEqual(['a:0', 'b:0']);
    expect(cluster.asked(RequestCode.PULL_MESSAGE)).toEqual(['b:0']);
  });
});
