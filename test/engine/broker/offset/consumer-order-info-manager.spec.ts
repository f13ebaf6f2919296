import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveBrokerConfig } from '../../../../lib/engine/broker/broker-config.js';
import { ConsumerOrderInfoManager } from '../../../../lib/engine/broker/offset/consumer-order-info-manager.js';
import { readTable } from '../../../support/test-engine.js';
import { nodeFileSystem } from '../../../../lib/common/node-file-system.js';
import { RecordingLogger, temporaryDirectory } from '../../../support/test-store.js';
import { VirtualClock } from '../../../support/virtual-clock.js';

const POP = { topic: 't', consumerGroup: 'g', queueId: 0, attemptId: 'a' };
const FILE = 'consumerOrderInfo.json';
/** As ConsumerOrderInfoManager#encode of Apache RocketMQ 5.3.3 writes it. */
const TABLE = `{
\t"table":{
\t\t"t@g":{3:{
\t\t\t\t"a":"att",
\t\t\t\t"cm":1,
\t\t\t\t"i":60000,
\t\t\t\t"l":1700000000124,
\t\t\t\t"o":[
\t\t\t\t\t5,
\t\t\t\t\t2
\t\t\t\t],
\t\t\t\t"oc":{5:2
\t\t\t\t},
\t\t\t\t"ot":{5:1700000099999
\t\t\t\t},
\t\t\t\t"popTime":1700000000123
\t\t\t}
\t\t}
\t}
}`;

function open(isKnown = true) {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, 'config'));
  writeFileSync(join(directory, 'config', FILE), TABLE);
  const clock = new VirtualClock(1_700_000_001_000);
  const options = {
    storePathRootDir: directory,
    fileSystem: nodeFileSystem,
    clock,
    logger: new RecordingLogger(),
  };
  const freed: string[] = [];
  const manager = new ConsumerOrderInfoManager(options, resolveBrokerConfig(), {
    onFree: (topic, group, queueId) => freed.push(`${topic} ${group} ${queueId}`),
    isKnown: () => isKnown,
  });
  return { directory, clock, manager, freed };
}

describe('ConsumerOrderInfoManager', () => {
  it('reads and writes the table of Apache', async () => {
    const { directory, manager } = open();
    manager.load();
    // 5 is acknowledged, and 7 is with its consumer.
    expect(manager.checkBlock('other', 't', 'g', 3)).toBe(true);
    expect(manager.checkBlock('att', 't', 'g', 3)).toBe(false);
    await manager.close();
    expect(readTable(directory, FILE)).toBe(TABLE);
  });

  it('forgets queues of topics and groups that are gone', async () => {
    const { directory, manager } = open(false);
    manager.load();
    await manager.close();
    expect(readTable(directory, FILE)).toBe('{\n\t"table":{}\n}');
  });

  it('says when the time of a portion that was loaded is over', async () => {
    const { clock, manager, freed } = open();
    clock.set(1_700_000_000_124);
    manager.load();
    await clock.advance(59_998);
    expect(freed).toEqual([]);
    await clock.advance(1);
    expect(freed).toEqual(['t g 3']);
  });

  it('says when the time of a portion is over', async () => {
    const { clock, manager, freed } = open();
    const popTime = clock.now();
    manager.update({ ...POP, invisibleTime: 1000, popTime, offsets: [5, 7] });
    manager.updateNextVisibleTime('t', 'g', 0, 7, popTime, popTime + 3000);
    await clock.advance(2999);
    expect(freed).toEqual([]);
    await clock.advance(1);
    expect(freed).toEqual(['t g 0']);
    expect(manager.checkBlock('b', 't', 'g', 0)).toBe(false);
  });

  it.each([
    ['a timer is early', -1],
    ['the clock was set back', -10_000],
  ])('says so when the time is over, and not before, although %s', async (_what, change) => {
    const { clock, manager, freed } = open();
    const popTime = clock.now();
    manager.update({ ...POP, invisibleTime: 3000, popTime, offsets: [5] });
    clock.set(popTime + change);
    await clock.advance(2999 - change);
    expect(freed).toEqual([]);
    await clock.advance(1);
    expect(freed).toEqual(['t g 0']);
  });

  it('notices a clock that was set forth within a second', async () => {
    const { clock, manager, freed } = open();
    const popTime = clock.now();
    manager.update({ ...POP, invisibleTime: 60_000, popTime, offsets: [5] });
    clock.set(popTime + 60_000);
    await clock.advance(1000);
    expect(freed).toEqual(['t g 0']);
  });
});
