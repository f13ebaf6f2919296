import { join } from 'node:path';
import { JsonFile } from '../../common/json-file.js';
import { nodeFileSystem } from '../../common/node-file-system.js';
import type { MessageModel } from '../../remoting/body/heartbeat-data.js';
import type { MQClientInstance } from '../mq-client-instance.js';
import { LocalFileOffsetStore } from './local-file-offset-store.js';
import type { OffsetStore } from './offset-store.js';
import { RemoteBrokerOffsetStore } from './remote-broker-offset-store.js';

/** A group that shares its messages keeps its offsets in the brokers, one whose members get all of them each for itself. */
export function createOffsetStore(
  instance: MQClientInstance,
  consumerGroup: string,
  messageModel: MessageModel,
): OffsetStore {
  if (messageModel === 'CLUSTERING') return new RemoteBrokerOffsetStore(instance, consumerGroup);
  const { localOffsetStoreDir } = instance.config;
  const path = join(localOffsetStoreDir, instance.localOffsetStoreId, consumerGroup, 'offsets.json');
  return new LocalFileOffsetStore(new JsonFile(nodeFileSystem, path));
}
