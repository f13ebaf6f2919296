import type { DataVersion } from '../body/data-version.js';
import type { RegisteredTopic } from '../body/register-broker-body.js';
import { jsonBean, jsonBoolean, jsonInteger, jsonOptional, jsonText, type JsonFields } from './json-type.js';

const count = jsonOptional(jsonInteger, 0);

export const dataVersion = jsonBean<DataVersion>({ counter: count, stateVersion: count, timestamp: count });

/** The members of a topic that everyone who reads one knows, with Java's defaults. */
export const topicConfigMembers: JsonFields<RegisteredTopic> = {
  topicName: jsonText,
  readQueueNums: jsonOptional(jsonInteger, 16),
  writeQueueNums: jsonOptional(jsonInteger, 16),
  perm: jsonOptional(jsonInteger, 6),
  topicFilterType: jsonOptional(jsonText, 'SINGLE_TAG'),
  topicSysFlag: count,
  order: jsonOptional(jsonBoolean, false),
};
