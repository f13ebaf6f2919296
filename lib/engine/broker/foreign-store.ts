import { join } from 'node:path';
import { asObject, parseFastjson, type FastjsonObject, type FastjsonValue } from '../../common/fastjson.js';
import type { FileSystem } from '../../common/file-system.js';
import { JsonFile } from '../../common/json-file.js';
import type { Logger } from '../../common/logger.js';
import { isRetryTopic } from '../../common/mix-all.js';
import { ConfigurationError } from '../../errors/configuration.error.js';
import type { TopicConfig } from '../../remoting/body/topic-config.js';

const TOPICS = 'config/topics.json';
const EXPORT = 'have that broker write it as JSON (mqadmin rocksDBConfigToJson -b HOST:PORT), end it, ';

/** What Apache's broker keeps in databases of RocksDB if it is told to: where, by which option, and what to do before. */
const ROCKSDB_TABLES = [
  ['config/topics', 'storeType=defaultRocksDB', EXPORT],
  ['config/subscriptionGroups', 'storeType=defaultRocksDB', EXPORT],
  ['config/consumerOffsets', 'storeType=defaultRocksDB', EXPORT],
  ['config/rdb', 'configManagerVersion=v2', 'to do without its topics, groups and offsets, '],
  ['kvStore', 'popConsumerKVServiceInit=true', 'to do without what was popped and not acknowledged, '],
] as const;

/**
 * What Apache's broker can have in a store and the engine cannot read must not be taken for something that is not there.
 * (ConsumeQueues in RocksDB do no harm: they are built from the log.) Nothing is changed.
 *
 * @throws ConfigurationError that says what it is, and what to do.
 */
export function refuseForeignStore(fileSystem: FileSystem, storePathRootDir: string): void {
  for (const [table, option, before] of ROCKSDB_TABLES) {
    const path = join(storePathRootDir, table);
    if (fileSystem.exists(join(path, 'CURRENT')))
      throw new ConfigurationError(
        `${path} is a table in RocksDB, which Apache's broker has with ${option} and the engine cannot read: ` +
          `${before}move the directory away, and start again`,
      );
  }
  refuseDLedger(fileSystem, storePathRootDir);
  refuseTopics(new JsonFile(fileSystem, join(storePathRootDir, TOPICS)));
  refuseStaticTopics(new JsonFile(fileSystem, join(storePathRootDir, 'config/topicQueueMapping.json')));
}

/** Its log is not `commitlog`, which would be taken for empty, and all that the queues say for lost. */
function refuseDLedger(fileSystem: FileSystem, storePathRootDir: string): void {
  for (const name of fileSystem.list(storePathRootDir)) {
    const path = join(storePathRootDir, name);
    if (name.startsWith('dledger-') && fileSystem.isDirectory(path))
      throw new ConfigurationError(
        `${path} is the log of DLedger, which Apache's broker has with enableDLegerCommitLog=true and the engine cannot read: ` +
          'let its messages be consumed there, and start here with another directory',
      );
  }
}

function refuseTopics(table: JsonFile): void {
  const fault = table.load((text) => topicFaultIn(asObject(parseFastjson(text)), table.path));
  if (fault !== undefined) throw new ConfigurationError(fault);
}

function topicFaultIn(table: FastjsonObject, path: string): string | undefined {
  for (const [topic, config] of asObject(table.get('topicConfigTable'))) {
    // With other queues for such a topic, Apache's broker would not start on the store any more (ConsumeQueueStore#queueTypeShouldBe).
    if (attributeOf(asObject(config), 'queue.type') === 'BatchCQ')
      return (
        `topic ${topic} has queue.type=BatchCQ, and the engine SimpleCQ only: delete it in Apache's broker, or, ` +
        `to open the store here and there no more, take the attribute out of ${path}`
      );
    if (isRetryTopic(topic) && topic.includes('+'))
      return (
        `topic ${topic} is a retry topic of Apache's broker with enableRetryTopicV2=true, and the engine has no names with "+": ` +
        `let its messages be consumed and delete it there, or, to do without them, take it out of ${path}`
      );
  }
  return undefined;
}

/** Their consumers count offsets over the queues of several brokers (TopicQueueMappingManager): here they would be others. */
function refuseStaticTopics(table: JsonFile): void {
  const topic = table.load((text) => {
    const mappings = asObject(asObject(parseFastjson(text)).get('topicQueueMappingInfoMap') ?? new Map());
    return mappings.keys().next().value;
  });
  if (topic !== undefined)
    throw new ConfigurationError(
      `topic ${topic} is a static topic (${table.path}), and the engine has none: delete it in Apache's broker, or, ` +
        'if its queues have never been moved between brokers, take it out of that file',
    );
}

/** The names in `topics.json`; undefined unless that itself can be read, as its `.bak` lacks what is new. */
export function readSavedTopics(
  fileSystem: FileSystem,
  storePathRootDir: string,
): ReadonlySet<string> | undefined {
  try {
    const text = fileSystem.readFile(join(storePathRootDir, TOPICS)).toString();
    return new Set(asObject(asObject(parseFastjson(text)).get('topicConfigTable')).keys());
  } catch {
    return undefined;
  }
}

/** Topics of which Apache's broker keeps the newest message of each key for ever. */
export function warnOfCompaction(topics: Iterable<TopicConfig>, logger: Logger): void {
  for (const { topicName, others } of topics)
    if (attributeOf(others, 'cleanup.policy') === 'COMPACTION')
      logger.warn(
        `Topic ${topicName} has cleanup.policy=COMPACTION, which the engine does not do: ` +
          'its messages are kept as long as all others (fileReservedTime)',
      );
}

function attributeOf(fields: ReadonlyMap<string, FastjsonValue>, name: string): FastjsonValue | undefined {
  return asObject(fields.get('attributes') ?? new Map()).get(name);
}
