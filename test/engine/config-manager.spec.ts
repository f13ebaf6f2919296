import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseFastjson, type FastjsonObject } from '../../lib/common/fastjson.js';
import { resolveBrokerConfig } from '../../lib/engine/broker/broker-config.js';
import type { ConfigManager, ConfigManagerOptions } from '../../lib/engine/config-manager.js';
import { ConsumerOffsetManager } from '../../lib/engine/broker/offset/consumer-offset-manager.js';
import { MessageRequestModeManager } from '../../lib/engine/broker/loadbalance/message-request-mode-manager.js';
import { DelayOffsetTable } from '../../lib/engine/broker/schedule/delay-offset-table.js';
import { SubscriptionGroupManager } from '../../lib/engine/broker/subscription/subscription-group-manager.js';
import { TopicConfigManager } from '../../lib/engine/broker/topic/topic-config-manager.js';
import { SimulatedDisk } from '../support/simulated-file-system.js';
import { RecordingLogger } from '../support/test-store.js';
import { VirtualClock } from '../support/virtual-clock.js';

const config = resolveBrokerConfig();
const DELAY_LEVELS = 18;
const DIRECTORY = '/store/config';

const managers: readonly (readonly [
  name: string,
  create: (options: ConfigManagerOptions) => ConfigManager,
])[] = [
  ['topics.json', (options) => new TopicConfigManager(options, config, DELAY_LEVELS, () => {})],
  ['subscriptionGroup.json', (options) => new SubscriptionGroupManager(options, config)],
  ['consumerOffset.json', (options) => new ConsumerOffsetManager(options, config)],
  ['delayOffset.json', (options) => new DelayOffsetTable(options, config.flushDelayOffsetInterval)],
  ['messageRequestMode.json', (options) => new MessageRequestModeManager(options)],
];

function vector(name: string): Buffer {
  return readFileSync(new URL(`../vectors/config/${name}`, import.meta.url));
}

function setUp(name: string, create: (options: ConfigManagerOptions) => ConfigManager) {
  const disk = new SimulatedDisk({ now: () => 0 });
  const fileSystem = disk.mount();
  fileSystem.makeDirectory(DIRECTORY);
  const path = `${DIRECTORY}/${name}`;
  fileSystem.create(path).close();
  disk.damage(path, 0, vector(name));
  const logger = new RecordingLogger();
  const options = { storePathRootDir: '/store', fileSystem, clock: new VirtualClock(), logger };
  return { disk, path, logger, manager: create(options) };
}

const parse = (text: Buffer) => parseFastjson(text.toString('utf8')) as FastjsonObject;

/**
 * Lines without their order and commas, since Apache's maps keep the order of Java's hash maps; and without sets of
 * objects, which fastjson breaks into lines otherwise than lists.
 */
const sortedLines = (text: Buffer) =>
  text
    .toString('utf8')
    .replaceAll(/"subscriptionDataSet":\[[^\]]*\],?/g, '')
    .split('\n')
    .map((line) => line.replace(/,$/, ''))
    .sort();

describe.each(managers)('the table %s of Apache', (name, create) => {
  it('is written back with everything that was in it', async () => {
    const { disk, path, manager } = setUp(name, create);
    manager.load();
    await manager.close();
    const [before, after] = [parse(vector(name)), parse(disk.content(path))];
    for (const [field, value] of before) {
      if (value instanceof Map) {
        const table = after.get(field) as FastjsonObject;
        for (const [key, entry] of value)
          expect(unordered(table.get(key)), `${field} ${key}`).toEqual(unordered(entry));
      } else {
        expect(after.get(field)).toEqual(value);
      }
    }
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
  });

  it('is written in the form of Apache, line by line', async () => {
    const { disk, path, manager } = setUp(name, create);
    manager.load();
    await manager.close();
    const written = new Set(sortedLines(disk.content(path)));
    const missing = sortedLines(vector(name)).filter((line) => !written.has(line) && !line.includes('":['));
    expect(missing).toEqual([]);
  });

  it('that is torn is replaced by .bak, and an error when both are', async () => {
    const { disk, path, manager } = setUp(name, create);
    manager.load();
    await manager.close();
    const backup = disk.content(`${path}.bak`);
    expect(backup.equals(vector(name))).toBe(true);
    const written = disk.content(path);
    disk.cut(path, Math.floor(written.length / 2));
    const options = { storePathRootDir: '/store', fileSystem: disk.mount(), clock: new VirtualClock() };
    const logger = new RecordingLogger();
    const second = create({ ...options, logger });
    second.load();
    expect(logger.lines).toEqual([expect.stringContaining(`WARN ${path} cannot be read (`)]);
    await second.close();
    expect(sortedLines(disk.content(path))).toEqual(sortedLines(written));
    for (const file of [path, `${path}.bak`]) disk.cut(file, 10);
    const third = create({ ...options, logger: new RecordingLogger() });
    expect(() => third.load()).toThrow(`${path} cannot be read (`);
  });
});

it.each([
  ['topics.json', 'topicConfigTable', '{"sound":{},"orders":{"perm":"6"}}', 'orders'],
  [
    'subscriptionGroup.json',
    'subscriptionGroupTable',
    '{"sound":{},"billing":{"retryMaxTimes":"3"}}',
    'billing',
  ],
  ['consumerOffset.json', 'offsetTable', '{"orders@billing":{0:"x"}}', 'orders@billing'],
])('names the entry of %s that cannot be read', (name, field, table, entry) => {
  const { disk, path, manager } = setUp(name, managers.find(([file]) => file === name)![1]);
  disk.cut(path, 0);
  disk.damage(path, 0, Buffer.from(`{"${field}":${table}}`));
  expect(() => manager.load()).toThrow(`${path} cannot be read (TypeError: entry "${entry}": `);
});

it('takes a table that an editor has saved with a byte order mark', () => {
  const { disk, path, manager, logger } = setUp(...managers[0]!);
  const table = disk.content(path);
  disk.cut(path, 0);
  disk.damage(path, 0, Buffer.concat([Buffer.from('\uFEFF'), table]));
  manager.load();
  expect(logger.lines).toEqual([]);
});

it('does not say of what changed behind its end that it is written', async () => {
  const { manager } = setUp(...managers[1]!);
  manager.load();
  await manager.close();
  await manager.flush();
  const groups = manager as SubscriptionGroupManager;
  groups.delete([...groups.all()][0]!.groupName);
  await expect(manager.flush()).rejects.toThrow(
    'subscriptionGroup.json cannot be written, the log says why; the broker ends',
  );
});

/** Arrays whose order means nothing, sorted. */
function unordered(value: unknown): unknown {
  return Array.isArray(value) ? value.toSorted() : value;
}
