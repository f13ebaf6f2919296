import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ConsumerFilterManager } from '../../../../lib/engine/broker/filter/consumer-filter-manager.js';
import type { SubscriptionData } from '../../../../lib/remoting/body/subscription-data.js';
import { SimulatedDisk } from '../../../support/simulated-file-system.js';
import { RecordingLogger } from '../../../support/test-store.js';
import { VirtualClock } from '../../../support/virtual-clock.js';

const PATH = '/store/config/consumerFilter.json';
const VECTOR = readFileSync(new URL('../../../vectors/config/consumerFilter.json', import.meta.url));
const DAY = 24 * 3_600_000;

/** A little later than Apache wrote the vector. */
const NOW = 1_795_240_900_000;

function setUp(content?: Buffer) {
  const disk = new SimulatedDisk({ now: () => 0 });
  const fileSystem = disk.mount();
  fileSystem.makeDirectory('/store/config');
  if (content !== undefined) {
    fileSystem.create(PATH).close();
    disk.damage(PATH, 0, content);
  }
  const clock = new VirtualClock(NOW);
  const logger = new RecordingLogger();
  const manager = new ConsumerFilterManager({ storePathRootDir: '/store', fileSystem, clock, logger });
  const written = () => JSON.parse(disk.content(PATH).toString()) as { filterDataByTopic: object };
  return { manager, clock, logger, written };
}

function sql(topic: string, subString: string, subVersion: number): SubscriptionData {
  return { topic, subString, subVersion, tagsSet: new Set(), codeSet: new Set(), expressionType: 'SQL92' };
}

describe('ConsumerFilterManager', () => {
  it('reads and writes the table of Apache', async () => {
    const { manager, written } = setUp(VECTOR);
    manager.load();
    await manager.close();
    expect(manager.get('orders', 'group-sql')!.filter!(new Map([['name', '中文']]))).toBe(true);
    const before = JSON.parse(VECTOR.toString()) as {
      filterDataByTopic: Record<string, { groupFilterData: Record<string, object> }>;
    };
    // Nobody of a group has been heard of since the start.
    for (const { groupFilterData } of Object.values(before.filterDataByTopic))
      for (const [group, data] of Object.entries(groupFilterData))
        if (group !== 'group-sql-gone') Object.assign(data, { dead: true, deadTime: NOW - 30_000 });
    expect(written()).toEqual(before);
  });

  it('rounds the version of a client in Go, which is nanoseconds', () => {
    const { manager } = setUp(
      Buffer.from(
        VECTOR.toString().replaceAll(/"clientVersion":\s*\d+/g, '"clientVersion":1763843044123456789'),
      ),
    );
    manager.load();
    expect(manager.get('orders', 'group-sql')!.clientVersion).toBe(Number(1763843044123456789n));
  });

  it('takes the newest expression of a group', () => {
    const { manager } = setUp();
    const expressionOf = () => manager.get('t', 'g')?.expression;
    manager.register('g', [sql('t', 'a = 1', 10)]);
    manager.register('g', [sql('t', 'a = 2', 9)]);
    manager.register('g', [sql('t', 'a = 3', 10)]);
    expect(expressionOf()).toBe('a = 1');
    manager.register('g', [sql('t', 'a = 2', 11)]);
    expect(expressionOf()).toBe('a = 2');
    manager.register('g', [sql('t', 'a = 2', 12)]);
    expect(manager.get('t', 'g')).toMatchObject({ clientVersion: 12, deadTime: 0 });
  });

  it('takes any expression of a group that was gone, whatever its version and the clock', () => {
    const { manager, clock } = setUp();
    manager.register('g', [sql('t', 'a = 1', 2e18)]);
    clock.set(NOW - DAY);
    manager.unregister('g');
    manager.register('g', [sql('t', 'b = 1', 1000)]);
    expect(manager.get('t', 'g')).toMatchObject({ expression: 'b = 1', clientVersion: 1000, deadTime: 0 });
    manager.unregister('g');
    manager.register('g', [sql('t', 'b = 1', 10)]);
    expect(manager.get('t', 'g')).toMatchObject({ expression: 'b = 1', clientVersion: 10, deadTime: 0 });
  });

  it('has nothing of a group whose expression is wrong, and says where', () => {
    const { manager, logger } = setUp();
    manager.register('g', [sql('t', 'a = 1', 10)]);
    manager.register('g', [sql('t', 'a != 1', 11)]);
    expect(manager.get('t', 'g')).toBeUndefined();
    expect(logger.lines.join()).toContain('"a != 1": "!" is not allowed at character 3');
  });

  it('keeps the expression of a group that is gone for a day', async () => {
    const { manager, clock, written } = setUp();
    manager.register('g', [sql('t', 'a = 1', 10)]);
    manager.unregister('g');
    await clock.advance(DAY - 1);
    manager.register('h', [sql('u', 'a = 1', 10)]);
    await clock.advance(10_000);
    expect(Object.keys(written().filterDataByTopic)).toEqual(['u']);
    manager.register('h', []);
    expect(manager.get('u', 'h')!.deadTime).toBe(clock.now());
  });
});
