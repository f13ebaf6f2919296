import { describe, expect, it } from 'vitest';
import { resolveBrokerConfig } from '../../../../lib/engine/broker/broker-config.js';
import { SubscriptionGroupManager } from '../../../../lib/engine/broker/subscription/subscription-group-manager.js';
import { SimulatedDisk } from '../../../support/simulated-file-system.js';
import { TestClient } from '../../../support/test-client.js';
import { readTable, startEngine, writeTable } from '../../../support/test-engine.js';
import { RecordingLogger, temporaryDirectory } from '../../../support/test-store.js';
import { VirtualClock } from '../../../support/virtual-clock.js';

const FILE = 'subscriptionGroup.json';

describe('SubscriptionGroupManager', () => {
  it('creates groups with the defaults of Apache, and the groups of the system', async () => {
    const directory = temporaryDirectory();
    const engine = await startEngine({ directory });
    await (await TestClient.open(engine)).heartbeat('c1', 'g', {});
    await engine.close();
    const { subscriptionGroupTable } = JSON.parse(readTable(directory, FILE));
    expect(subscriptionGroupTable.g).toEqual({
      attributes: {},
      brokerId: 0,
      consumeBroadcastEnable: true,
      consumeEnable: true,
      consumeFromMinEnable: true,
      consumeMessageOrderly: false,
      consumeTimeoutMinute: 15,
      groupName: 'g',
      groupRetryPolicy: { type: 'CUSTOMIZED' },
      groupSysFlag: 0,
      notifyConsumerIdsChangedEnable: true,
      retryMaxTimes: 16,
      retryQueueNums: 1,
      whichBrokerWhenConsumeSlowly: 1,
    });
    expect(Object.keys(subscriptionGroupTable).toSorted()).toEqual(
      [
        'CID_ONS-HTTP-PROXY',
        'CID_ONSAPI_OWNER',
        'CID_ONSAPI_PERMISSION',
        'CID_ONSAPI_PULL',
        'CID_RMQ_SYS_TRANS',
        'FILTERSRV_CONSUMER',
        'SELF_TEST_C_GROUP',
        'TOOLS_CONSUMER',
        'g',
      ].toSorted(),
    );
  });

  it('creates no groups by itself beyond 10,000, and says so; administrators do', () => {
    const clock = new VirtualClock();
    const logger = new RecordingLogger();
    const fileSystem = new SimulatedDisk(clock).mount();
    const options = { storePathRootDir: '/store', fileSystem, clock, logger };
    const groups = new SubscriptionGroupManager(options, resolveBrokerConfig());
    for (let i = [...groups.all()].length; i < 10_000; i++) groups.findSubscriptionGroupConfig(`g-${i}`);
    for (const group of ['more', 'CID_RMQ_SYS_more'])
      expect(groups.findSubscriptionGroupConfig(group)).toBeUndefined();
    expect(logger.lines).toEqual([
      expect.stringContaining('Group more is not created: there are 10000 groups'),
    ]);
    groups.update({ ...groups.findSubscriptionGroupConfig('g-9999')!, groupName: 'more' });
    expect(groups.findSubscriptionGroupConfig('more')).toBeDefined();
  });

  it('keeps groups over a restart, with what it does not know itself', async () => {
    const directory = temporaryDirectory();
    const subscriptionGroupTable = { g: { retryMaxTimes: 3, consumeTimeoutMinute: 99, future: { a: [1] } } };
    const forbiddenTable = { g: { t: 4 } };
    writeTable(directory, FILE, { subscriptionGroupTable, forbiddenTable });
    const engine = await startEngine({ directory });
    await (await TestClient.open(engine)).heartbeat('c1', 'h', {});
    await engine.close();
    const table = JSON.parse(readTable(directory, FILE));
    expect(table.subscriptionGroupTable.g).toMatchObject(subscriptionGroupTable.g);
    expect(table.forbiddenTable).toEqual(forbiddenTable);
    expect(table.dataVersion.counter).toBe(1);
  });

  it('refuses a table with a field of another type, and says which', async () => {
    const directory = temporaryDirectory();
    writeTable(directory, FILE, { subscriptionGroupTable: { g: { retryMaxTimes: 'many' } } });
    await expect(startEngine({ directory })).rejects.toThrow('"retryMaxTimes" is "many", expected a number');
  });
});
