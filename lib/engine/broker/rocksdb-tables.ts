import { join } from 'node:path';
import type { FileSystem } from '../../common/file-system.js';
import { ConfigurationError } from '../../errors/configuration.error.js';

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
 * Topics and offsets that cannot be read must not be taken for ones that are not there. (ConsumeQueues in RocksDB do no
 * harm: they are built from the log.)
 *
 * @throws ConfigurationError when the store has a table in RocksDB.
 */
export function refuseRocksDBTables(fileSystem: FileSystem, storePathRootDir: string): void {
  for (const [table, option, before] of ROCKSDB_TABLES) {
    const path = join(storePathRootDir, table);
    if (fileSystem.exists(join(path, 'CURRENT')))
      throw new ConfigurationError(
        `${path} is a table in RocksDB, which Apache's broker has with ${option} and the engine cannot read: ` +
          `${before}move the directory away, and start again`,
      );
  }
}
