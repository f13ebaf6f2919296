import type { MessageQueue } from '../../lib/common/message-queue.js';
import type { CreateTopicRequestHeader } from '../../lib/remoting/header/create-topic-request-header.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { TestClient } from '../support/test-client.js';
import { uniqueName, type ClusterRef } from './cluster.js';

/** A value by queue id. */
export const byQueue = <V>(table: ReadonlyMap<MessageQueue, V>): Record<number, V> =>
  Object.fromEntries([...table].map(([{ queueId }, value]) => [queueId, value]));

/** Creates or changes a topic, by default one of two queues. */
export function createTopic(
  client: TestClient,
  topic: string,
  fields: Partial<CreateTopicRequestHeader> = {},
) {
  return client.call(RequestCode.UPDATE_AND_CREATE_TOPIC, {
    topic,
    defaultTopic: 'TBW102',
    readQueueNums: 2,
    writeQueueNums: 2,
    perm: 6,
    topicFilterType: 'SINGLE_TAG',
    topicSysFlag: 0,
    order: false,
    ...fields,
  });
}

/** A client, and names that no other test uses. */
export async function open(cluster: ClusterRef) {
  const client = await TestClient.open(cluster());
  return { client, topic: uniqueName('admin'), group: uniqueName('group') };
}
