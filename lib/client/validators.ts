import { DEFAULT_CONSUMER_GROUP, DEFAULT_PRODUCER_GROUP } from '../common/mix-all.js';
import {
  groupNameFault,
  isNotAllowedSendTopic,
  RETRIED_GROUP_MAX_LENGTH,
  topicNameFault,
} from '../common/topic-validator.js';
import { text, type OptionRule } from '../common/option-rules.js';
import { MQClientError } from '../errors/mq-client.error.js';
import { ResponseCode } from '../remoting/response-code.js';

/** @throws MQClientError when the message cannot be sent with this body (Validators#checkMessage). */
export function checkBody(body: Buffer, maxMessageSize: number): void {
  if (!Buffer.isBuffer(body)) throw illegalMessage('the message body is null');
  if (body.length === 0) throw illegalMessage('the message body length is zero');
  if (body.length > maxMessageSize) {
    throw illegalMessage(`the message body size ${body.length} is over max value, MAX: ${maxMessageSize}`);
  }
}

/** @throws MQClientError when nothing may be sent to this topic (Validators#checkTopic). */
export function checkTopic(topic: string): void {
  const fault = typeof topic === 'string' ? topicNameFault(topic) : 'The specified topic is blank.';
  if (fault !== undefined) throw new MQClientError(`${fault} (topic ${JSON.stringify(topic)})`);
  if (isNotAllowedSendTopic(topic))
    throw new MQClientError(`Sending message to topic [${topic}] is forbidden.`);
}

/** @throws MQClientError when a group may not have this name. */
export function checkGroup(group: string): void {
  const fault = groupNameFault(group);
  if (fault !== undefined) throw new MQClientError(`${fault} (group ${JSON.stringify(group)})`);
  if (group === DEFAULT_PRODUCER_GROUP || group === DEFAULT_CONSUMER_GROUP) {
    throw new MQClientError(`the group can not be ${group}, which is reserved, specify another one.`);
  }
}

/** @throws MQClientError when the group, with its namespace, is too long for its retry topic. */
export function checkRetriedGroup(group: string): void {
  if (group.length <= RETRIED_GROUP_MAX_LENGTH) return;
  throw new MQClientError(
    `the group is longer than ${RETRIED_GROUP_MAX_LENGTH}, and its messages could not be tried again (group ${JSON.stringify(group)})`,
  );
}

export function groupRule(defaultGroup: string): OptionRule<string> {
  const isGroup = (group: string) => groupNameFault(group) === undefined;
  return text(defaultGroup, 'letters, digits, "_", "-", "%" and "|", at most 255', isGroup);
}

export function topicRule<T extends string | undefined>(defaultTopic: T): OptionRule<T> {
  const isTopic = (topic: string) => topicNameFault(topic) === undefined;
  return text(defaultTopic, 'letters, digits, "_", "-", "%" and "|", at most 127', isTopic);
}

export function illegalMessage(reason: string): MQClientError {
  return new MQClientError(reason, { responseCode: ResponseCode.MESSAGE_ILLEGAL });
}
