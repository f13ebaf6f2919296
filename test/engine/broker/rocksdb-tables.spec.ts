import { describe, expect, it } from 'vitest';
import { refuseRocksDBTables } from '../../../lib/engine/broker/rocksdb-tables.js';
import { ConfigurationError } from '../../../lib/errors/configuration.error.js';
import { SimulatedDisk } from '../../support/simulated-file-system.js';

function storeWith(directory: string, file: string) {
  const fileSystem = new SimulatedDisk({ now: () => 0 }).mount();
  fileSystem.makeDirectory(`/store/${directory}`);
  fileSystem.create(`/store/${directory}/${file}`).close();
  return fileSystem;
}

describe('a store with tables in RocksDB', () => {
  it.each([
    ['config/topics', 'storeType=defaultRocksDB', 'mqadmin rocksDBConfigToJson'],
    ['config/subscriptionGroups', 'storeType=defaultRocksDB', 'mqadmin rocksDBConfigToJson'],
    ['config/consumerOffsets', 'storeType=defaultRocksDB', 'mqadmin rocksDBConfigToJson'],
    ['config/rdb', 'configManagerVersion=v2', 'do without its topics'],
    ['kvStore', 'popConsumerKVServiceInit=true', 'do without what was popped'],
  ])('is refused for %s', (directory, option, remedy) => {
    const fileSystem = storeWith(directory, 'CURRENT');
    const refused = () => refuseRocksDBTables(fileSystem, '/store');
    expect(refused).toThrow(ConfigurationError);
    for (const text of [`/store/${directory} is`, option, remedy]) expect(refused).toThrow(text);
  });

  it.each([
    ['config', 'topics.json'],
    ['config/topics', 'other'],
    ['consumequeue', 'CURRENT'],
  ])('is no store with %s/%s', (directory, file) => {
    refuseRocksDBTables(storeWith(directory, file), '/store');
  });
});
