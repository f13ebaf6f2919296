import type { FastjsonInput, FastjsonObject, FastjsonValue } from '../../../common/fastjson.js';
import { MAX_QUEUES, type TopicConfig } from '../../../remoting/body/topic-config.js';
import { readFields, readOthers } from '../../config-fields.js';

const DEFAULTS = {
  topicName: '',
  readQueueNums: 16,
  writeQueueNums: 16,
  perm: 6,
  topicFilterType: 'SINGLE_TAG',
  topicSysFlag: 0,
  order: false,
};
const NO_ATTRIBUTES: ReadonlyMap<string, FastjsonValue> = new Map([['attributes', new Map()]]);

export function createTopicConfig(topicName: string, queueNums: number, perm: number): TopicConfig {
  return {
    ...DEFAULTS,
    topicName,
    readQueueNums: queueNums,
    writeQueueNums: queueNums,
    perm,
    others: NO_ATTRIBUTES,
  };
}

/** @throws TypeError when a field has the wrong type or is out of bounds. */
export function decodeTopicConfig(topicName: string, object: FastjsonObject): TopicConfig {
  const fields = readFields(object, { ...DEFAULTS, topicName });
  for (const count of [fields.readQueueNums, fields.writeQueueNums]) {
    if (!Number.isInteger(count) || count < 0 || count > MAX_QUEUES) {
      throw new TypeError(`topic ${topicName} has ${count} queues, allowed are 0 to ${MAX_QUEUES}`);
    }
  }
  return { ...fields, topicName, others: readOthers(object, Object.keys(DEFAULTS)) };
}

/** Fields in alphabetical order, as Apache's broker writes them. */
export function encodeTopicConfig({ others, ...fields }: TopicConfig): FastjsonInput {
  const entries: [string, FastjsonInput][] = [...Object.entries(fields), ...others];
  return new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
