import type { Type } from '@nestjs/common';
import type { MessageQueueSelector } from '../client/index.js';
import type { RocketMQSendInterceptor } from './send-interceptor.interface.js';

/**
 * Options of the producer, by the names of rocketmq-spring (`rocketmq.producer.*`).
 *
 * @publicApi
 */
export interface RocketMQProducerOptions {
  /** Producer group. Default: `nestjs-rocketmq-producer`. */
  group?: string;
  /** Milliseconds for all attempts of a send together. Default: 3000. */
  sendMessageTimeout?: number;
  /** Bytes from which on a body is compressed. Default: 4096. */
  compressMessageBodyThreshold?: number;
  /** zlib level of the compression, 0 (none) to 9. Default: 5. */
  compressLevel?: number;
  /** Largest body in bytes; when it is more than the default, also what a body that is received may decompress to. Default: 4,194,304. */
  maxMessageSize?: number;
  /** Further attempts of `syncSend` after an error. Default: 2. */
  retryTimesWhenSendFailed?: number;
  /** Further attempts of `asyncSend` without an answer. Default: 2. */
  retryTimesWhenSendAsyncFailed?: number;
  /** Send to another broker when the message was stored less safely than asked. Default: false. */
  retryNextServer?: boolean;
  /**
   * Chooses the queue of sends with a `hashKey`, in place of the hash of the key. Such a send is not tried again.
   * Default: the queue that Java's `SelectMessageQueueByHash` chooses.
   */
  queueSelector?: MessageQueueSelector;
  /**
   * Providers around every send of {@link RocketMQTemplate}, the first outermost. They must not be request-scoped. Default: none.
   */
  sendInterceptors?: readonly Type<RocketMQSendInterceptor>[];
  /**
   * Bound the asynchronous sends that are under way (`asyncSend`, `sendAndReceive`). Those above the bound wait, up to their timeout; as many
   * may wait as may be under way, and more are refused with MQClientError. Default: false.
   */
  enableBackpressureForAsyncMode?: boolean;
  /** Asynchronous sends that may be under way. Default: 1024. */
  backPressureForAsyncSendNum?: number;
  /** Bytes of their bodies. Default: 104,857,600. */
  backPressureForAsyncSendSize?: number;
  /** User that signs the requests of the producer, with {@link secretKey}. Default: the module's. */
  accessKey?: string;
  /** Key of the signatures. */
  secretKey?: string;
  /** Of a temporary user of a cloud. */
  securityToken?: string;
  /** Avoid brokers for a while (2 to 30 s) that were slow or failed, as long as there are others. Default: false. */
  sendLatencyFaultEnable?: boolean;
  /** Checks of transactions that are carried out at once. Default: 20. */
  checkConcurrency?: number;
  /** Checks that wait for those; the broker repeats what is too much. Default: 2000. */
  checkQueueSize?: number;
  /** Send a record of every message that is sent to the trace topic, in the background. Default: false. */
  enableMsgTrace?: boolean;
  /** Topic of these records. Default: `RMQ_SYS_TRACE_TOPIC`. */
  customizedTraceTopic?: string;
}
