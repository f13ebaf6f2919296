import { ZLIB_LEVEL } from '../../common/compression.js';
import { bool, integer, type OptionRules } from '../../common/option-rules.js';
import { TopicNames } from '../../common/topic-validator.js';
import { maxMessageSizeRule } from '../client-config.js';
import { groupRule, topicRule } from '../validators.js';

/** How a producer sends; names, units and defaults are those of DefaultMQProducer. */
export interface ProducerConfig {
  /** Name of the producer group. */
  group: string;
  /** Milliseconds for all attempts of a send together. */
  sendMsgTimeout: number;
  /** Further attempts of a send that waits for its result. */
  retryTimesWhenSendFailed: number;
  /** Further attempts of an asynchronous send that got no answer. */
  retryTimesWhenSendAsyncFailed: number;
  /** Send again to another broker when the message was stored less safely than asked. */
  retryAnotherBrokerWhenNotStoreOK: boolean;
  /** Avoid brokers for a while that were slow or failed. */
  sendLatencyFaultEnable: boolean;
  /** Bound what asynchronous sends have under way; those above it wait, and are refused when too many wait. */
  enableBackpressureForAsyncMode: boolean;
  /** Asynchronous sends that may be under way, and that may wait. */
  backPressureForAsyncSendNum: number;
  /** Bytes of the bodies of either. */
  backPressureForAsyncSendSize: number;
  /** Bytes from which on a body is compressed. */
  compressMsgBodyOverHowmuch: number;
  /** zlib level, 0 (none) to 9 (`rocketmq.message.compressLevel` of Java's client). */
  compressLevel: number;
  /** Largest body in bytes. */
  maxMessageSize: number;
  /** Queues of a topic that the first message creates. */
  defaultTopicQueueNums: number;
  /** The topic after whose pattern it is created. */
  createTopicKey: string;
  /** Checks of transactions that are carried out at once (of TransactionMQProducer, where it is 1). */
  checkThreadPoolMaxSize: number;
  /** Checks that wait for those; a broker repeats what is too much. */
  checkRequestHoldMax: number;
  /** Send a record of every message to the trace topic, in the background. */
  enableMsgTrace: boolean;
  /** Topic of these records; `RMQ_SYS_TRACE_TOPIC` by default. */
  customizedTraceTopic: string | undefined;
}

/** What these options may be, also where an application has them. */
export const producerRules: OptionRules<ProducerConfig> = {
  group: groupRule('nestjs-rocketmq-producer'),
  sendMsgTimeout: integer(3000, 1),
  retryTimesWhenSendFailed: integer(2, 0, 100),
  retryTimesWhenSendAsyncFailed: integer(2, 0, 100),
  retryAnotherBrokerWhenNotStoreOK: bool(false),
  sendLatencyFaultEnable: bool(false),
  enableBackpressureForAsyncMode: bool(false),
  backPressureForAsyncSendNum: integer(1024, 1),
  backPressureForAsyncSendSize: integer(100 * 1024 * 1024, 1),
  compressMsgBodyOverHowmuch: integer(4096, 1),
  compressLevel: integer(ZLIB_LEVEL, 0, 9),
  maxMessageSize: maxMessageSizeRule,
  defaultTopicQueueNums: integer(4, 1, 1024),
  createTopicKey: topicRule<string>(TopicNames.AUTO_CREATE_TOPIC_KEY),
  checkThreadPoolMaxSize: integer(20, 1, 10_000),
  checkRequestHoldMax: integer(2000, 1, 1_000_000),
  enableMsgTrace: bool(false),
  customizedTraceTopic: topicRule<string | undefined>(undefined),
};
