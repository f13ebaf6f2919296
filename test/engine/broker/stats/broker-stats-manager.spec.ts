import { describe, expect, it } from 'vitest';
import type { EngineOptions } from '../../../../lib/engine/index.js';
import { RequestCode } from '../../../../lib/remoting/request-code.js';
import { SimulatedDisk } from '../../../support/simulated-file-system.js';
import { TestClient } from '../../../support/test-client.js';
import { startEngine, type TestEngineOptions } from '../../../support/test-engine.js';
import { HOUR, VirtualClock } from '../../../support/virtual-clock.js';

async function open(clock = new VirtualClock(), options: TestEngineOptions = {}) {
  const client = await TestClient.open(await startEngine({ clock, ...options }));
  const view = async (statsName: string, statsKey: string) =>
    (await client.call(RequestCode.VIEW_BROKER_STATS_DATA, { statsName, statsKey })).body;
  const runtime = async () => (await client.call(RequestCode.GET_BROKER_RUNTIME_INFO, undefined)).body!.table;
  return { clock, client, view, runtime };
}

describe('the broker counts', () => {
  it('messages and bytes by topic, group and in all', async () => {
    const { clock, client, view } = await open();
    await client.sendBatch('t', [{}, {}, {}]);
    await client.send('t');
    const stored = (await client.read('t')).reduce((sum, { storeSize }) => sum + storeSize, 0);
    await client.pull('t', 'g', { maxMsgNums: 2 });
    await clock.advance(60_000);
    const minute = async (name: string, key: string) => (await view(name, key))!.statsMinute;
    expect(await minute('TOPIC_PUT_NUMS', 't')).toMatchObject({ sum: 4, avgpt: 2 });
    expect((await minute('TOPIC_PUT_SIZE', 't')).sum).toBe(stored);
    expect((await minute('GROUP_GET_NUMS', 't@g')).sum).toBe(2);
    expect((await minute('GROUP_GET_SIZE', 't@g')).sum).toBeGreaterThan(0);
    expect((await minute('BROKER_PUT_NUMS', 'DefaultCluster')).sum).toBe(4);
    // The test itself has read four.
    expect((await minute('BROKER_GET_NUMS', 'DefaultCluster')).sum).toBe(6);
    expect((await minute('TOPIC_PUT_NUMS', 't')).tps).toBeCloseTo(4 / 60, 5);
  });

  it('messages that are sent back, by their first topic', async () => {
    const { clock, client, view } = await open();
    await client.send('t');
    const [message] = await client.read('t');
    await client.heartbeat('c', 'g', { t: '*' });
    const header = { offset: message!.commitLogOffset, group: 'g', delayLevel: 1 };
    const origin = { originMsgId: '', originTopic: 't', maxReconsumeTimes: 16 };
    await client.call(RequestCode.CONSUMER_SEND_MSG_BACK, { ...header, ...origin });
    await clock.advance(60_000);
    expect(await view('SNDBCK_PUT_NUMS', 't@g')).toMatchObject({ statsMinute: { sum: 1 } });
  });

  it('a minute, an hour and a day', async () => {
    const { clock, client, view } = await open();
    await client.send('t');
    await clock.advance(2 * 60_000);
    await client.send('t');
    await clock.advance(20_000);
    expect(await view('TOPIC_PUT_NUMS', 't')).toMatchObject({ statsMinute: { sum: 1 } });
    await clock.advance(HOUR / 2);
    const later = (await view('TOPIC_PUT_NUMS', 't'))!;
    expect(later).toMatchObject({ statsMinute: { sum: 0, tps: 0, avgpt: 0 }, statsHour: { sum: 2 } });
    await clock.advance(2 * HOUR);
    expect(await view('TOPIC_PUT_NUMS', 't')).toMatchObject({ statsHour: { sum: 0 }, statsDay: { sum: 2 } });
  });

  it('and forgets what had nothing to count for a day', async () => {
    const { clock, client, view } = await open();
    await client.send('t');
    await clock.advance(23 * HOUR);
    expect(await view('TOPIC_PUT_NUMS', 't')).toBeDefined();
    await clock.advance(4 * HOUR);
    expect(await view('TOPIC_PUT_NUMS', 't')).toBeUndefined();
  }, 60_000);

  it('what comes after the clock was set back', async () => {
    const { clock, client, view } = await open();
    await client.send('t');
    clock.set(clock.now() - 24 * HOUR);
    await clock.advance(60_000);
    await client.send('t');
    await clock.advance(60_000);
    expect(await view('TOPIC_PUT_NUMS', 't')).toMatchObject({ statsMinute: { sum: 1 } });
  });

  it('no more what was deleted', async () => {
    const { client, view } = await open();
    await client.send('t');
    await client.pull('t', 'g');
    await client.call(RequestCode.DELETE_SUBSCRIPTIONGROUP, { groupName: 'g', cleanOffset: true });
    expect(await view('GROUP_GET_NUMS', 't@g')).toBeUndefined();
    expect(await view('TOPIC_PUT_NUMS', 't')).toBeDefined();
    await client.call(RequestCode.DELETE_TOPIC_IN_BROKER, { topic: 't' });
    expect(await view('TOPIC_PUT_NUMS', 't')).toBeUndefined();
  });

  it('what it does a second, and did until midnight', async () => {
    const start = new Date(2026, 0, 15, 23, 59, 0).getTime();
    const { clock, client, runtime } = await open(new VirtualClock(start));
    await client.sendBatch('t', [{}, {}, {}]);
    await clock.advance(10_000);
    const [tenSeconds, minute] = (await runtime()).get('putTps')!.split(' ').map(Number);
    expect(tenSeconds).toBeCloseTo(0.3, 2);
    expect(minute).toBeCloseTo(0.3, 2);
    await clock.advance(60_000);
    await client.send('t');
    const table = await runtime();
    expect(table.get('msgPutTotalTodayMorning')).toBe('3');
    expect(table.get('msgPutTotalYesterdayMorning')).toBe('0');
    expect(table.get('msgPutTotalTodayNow')).toBe('4');
    expect(table.get('putMessageTimesTotal')).toBe('4');
  });

  it('how long messages of the last minute took to be stored', async () => {
    const clock = new VirtualClock();
    const disk = new SimulatedDisk({ now: () => clock.now() });
    const engine: EngineOptions = { flushDiskType: 'SYNC_FLUSH' };
    const { client, runtime } = await open(clock, { directory: '/store', fileSystem: disk.mount(), engine });
    await client.sendBatch(
      't',
      Array.from({ length: 100 }, () => ({})),
    );
    await clock.advance(60_000);
    expect((await runtime()).get('putLatency99')).toBe('0');
    expect((await runtime()).get('putMessageDistributeTime')).toContain('[<=0ms]:100 ');
    disk.holdsSyncs = true;
    const sent = client.send('t');
    await clock.advance(4500);
    disk.releaseSyncs();
    await sent;
    expect((await runtime()).get('putLatency99')).toBe('0');
    await clock.advance(60_000);
    expect((await runtime()).get('putLatency99')).toBe('8191');
    expect((await runtime()).get('putMessageDistributeTime')).toMatch(/^\[<=0ms\]:0 .*\[4~5s\]:1 /);
    await clock.advance(60_000);
    expect((await runtime()).get('putLatency999')).toBe('0');
    expect((await runtime()).get('putMessageEntireTimeMax')).toBe('4500');
  });
});
