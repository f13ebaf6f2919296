import { join } from 'node:path';
import { JsonFile } from '../../common/json-file.js';
import { nodeFileSystem } from '../../common/node-file-system.js';
import { ConfigurationError } from '../../errors/configuration.error.js';
import type { MessageModel } from '../../remoting/body/heartbeat-data.js';
import type { MQClientInstance } from '../mq-client-instance.js';
import { CustomOffsetStore } from './custom-offset-store.js';
import { LocalFileOffsetStore } from './local-file-offset-store.js';
import type { OffsetStore, OffsetStoreFactory } from './offset-store.js';
import { RemoteBrokerOffsetStore } from './remote-broker-offset-store.js';

const METHODS = [
  'load',
  'updateOffset',
  'memoryOffset',
  'readOffset',
  'persistAll',
  'persist',
  'removeOffset',
] as const satisfies readonly (keyof OffsetStore)[];

/**
 * A group that shares its messages keeps its offsets in the brokers, one whose members get all of them each for itself, unless there is
 * a store of the application.
 *
 * @throws ConfigurationError when that one lacks a method.
 */
export function createOffsetStore(
  instance: MQClientInstance,
  consumerGroup: string,
  messageModel: MessageModel,
  create?: OffsetStoreFactory,
): OffsetStore {
  if (create !== undefined) {
    const store = checked(create(consumerGroup), consumerGroup);
    return new CustomOffsetStore(store, consumerGroup, instance.logger);
  }
  if (messageModel === 'CLUSTERING') return new RemoteBrokerOffsetStore(instance, consumerGroup);
  const { localOffsetStoreDir } = instance.config;
  const path = join(localOffsetStoreDir, instance.localOffsetStoreId, consumerGroup, 'offsets.json');
  return new LocalFileOffsetStore(new JsonFile(nodeFileSystem, path));
}

function checked(store: OffsetStore, consumerGroup: string): OffsetStore {
  const given: Partial<OffsetStore> | null | undefined = store;
  const missing = METHODS.filter((name) => typeof given?.[name] !== 'function');
  if (missing.length === 0) return store;
  throw new ConfigurationError(
    `The offsetStore of group ${consumerGroup} lacks ${missing.join(', ')}: an OffsetStore has ${METHODS.join(', ')}`,
  );
}
