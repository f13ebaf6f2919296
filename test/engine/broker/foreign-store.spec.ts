import { describe, expect, it } from 'vitest';
import { refuseForeignStore, warnOfCompaction } from '../../../lib/engine/broker/foreign-store.js';
import { decodeTopicConfig } from '../../../lib/engine/broker/topic/topic-config.js';
import { ConfigurationError } from '../../../lib/errors/configuration.error.js';
import { SimulatedDisk } from '../../support/simulated-file-system.js';
import { RecordingLogger } from '../../support/test-store.js';

function storeWith(path: string, content = '') {
  const disk = new SimulatedDisk({ now: () => 0 });
  const fileSystem = disk.mount();
  fileSystem.makeDirectory(`/store/${path}`.replace(/\/[^/]+$/, ''));
  fileSystem.create(`/store/${path}`).close();
  disk.damage(`/store/${path}`, 0, Buffer.from(content));
  return fileSystem;
}

const topicsOf = (attributes: object) =>
  JSON.stringify({ topicConfigTable: { plain: {}, other: { attributes } } });

describe('a store of Apache', () => {
  it.each([
    ['config/topics', 'storeType=defaultRocksDB', 'mqadmin rocksDBConfigToJson'],
    ['config/subscriptionGroups', 'storeType=defaultRocksDB', 'mqadmin rocksDBConfigToJson'],
    ['config/consumerOffsets', 'storeType=defaultRocksDB', 'mqadmin rocksDBConfigToJson'],
    ['config/rdb', 'configManagerVersion=v2', 'do without its topics'],
    ['kvStore', 'popConsumerKVServiceInit=true', 'do without what was popped'],
  ])('is refused with a table of RocksDB in %s', (directory, option, remedy) => {
    const fileSystem = storeWith(`${directory}/CURRENT`);
    const refused = () => refuseForeignStore(fileSystem, '/store');
    expect(refused).toThrow(ConfigurationError);
    for (const text of [`/store/${directory} is`, option, remedy]) expect(refused).toThrow(text);
  });

  it('is refused with queues for batches', () => {
    const fileSystem = storeWith('config/topics.json', topicsOf({ 'queue.type': 'BatchCQ' }));
    const refused = () => refuseForeignStore(fileSystem, '/store');
    expect(refused).toThrow(ConfigurationError);
    for (const text of ['topic other has queue.type=BatchCQ', '/store/config/topics.json'])
      expect(refused).toThrow(text);
  });

  it('is refused with retry topics of pops in the form with a plus', () => {
    const content = JSON.stringify({ topicConfigTable: { plain: {}, '%RETRY%g+t': {} } });
    const refused = () => refuseForeignStore(storeWith('config/topics.json', content), '/store');
    expect(refused).toThrow(ConfigurationError);
    for (const text of ['topic %RETRY%g+t ', 'enableRetryTopicV2=true', '/store/config/topics.json'])
      expect(refused).toThrow(text);
  });

  it('is refused with a log of DLedger', () => {
    const refused = () => refuseForeignStore(storeWith('dledger-n0/data/00000000000000000000'), '/store');
    expect(refused).toThrow(ConfigurationError);
    for (const text of ['/store/dledger-n0 is', 'enableDLegerCommitLog=true']) expect(refused).toThrow(text);
  });

  it('is refused with static topics', () => {
    const table = JSON.stringify({
      dataVersion: {},
      topicQueueMappingInfoMap: { fixed: { hostedQueues: {} } },
    });
    const refused = () => refuseForeignStore(storeWith('config/topicQueueMapping.json', table), '/store');
    expect(refused).toThrow(ConfigurationError);
    for (const text of ['topic fixed is a static topic', '/store/config/topicQueueMapping.json'])
      expect(refused).toThrow(text);
  });

  it.each([
    ['config/topicQueueMapping.json', '{"dataVersion":{},"topicQueueMappingInfoMap":{}}'],
    ['config/topicQueueMapping.json', '{}'],
    ['config/topics.json', topicsOf({ 'queue.type': 'SimpleCQ', 'cleanup.policy': 'COMPACTION' })],
    ['config/topics/other', ''],
    ['consumequeue/CURRENT', ''],
    ['dledger-notes.txt', ''],
  ])('is opened with %s', (path, content) => {
    refuseForeignStore(storeWith(path, content), '/store');
  });

  it('is opened with a warning when topics are compacted', () => {
    const logger = new RecordingLogger();
    const configOf = (topic: string, policy: string) =>
      decodeTopicConfig(topic, new Map([['attributes', new Map([['cleanup.policy', policy]])]]));
    warnOfCompaction([configOf('all', 'DELETE'), configOf('newest', 'COMPACTION')], logger);
    expect(logger.lines).toEqual([
      expect.stringContaining('WARN Topic newest has cleanup.policy=COMPACTION'),
    ]);
  });
});
