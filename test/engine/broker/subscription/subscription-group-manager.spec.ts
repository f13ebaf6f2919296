import { describe, expect, it } from 'vitest';
import { TestClient } from '../../../support/test-client.js';
import { readTable, startEngine, writeTable } from '../../../support/test-engine.js';
import { temporaryDirectory } from '../../../support/test-store.js';

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
