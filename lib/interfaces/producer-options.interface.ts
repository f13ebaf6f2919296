import type { Type } from '@nestjs/common';
import type { MessageQueueSelector } from '../client/index.js';
import type { RocketMQSendInterceptor } from './send-interceptor.interface.js';

/**
 * Options of the producer, by the names of rocketmq-spring (`rocketmq.producer.*`).
 *
 * @publicApi
 */
export interface RocketMQProducerOptions {
  /**
   * Producer group. Brokers ask any of its members how a transaction ended, so an application with transaction listeners needs one of
   * its own. Default: `nestjs-rocketmq-producer`, in which all are that name none.
   */
  group?: string | undefined;
  /** Milliseconds for all attempts of a send together. Default: 3000. */
  sendMessageTimeout?: number | undefined;
  /** Bytes from which on a body is compressed. Default: 4096. */
  compressMessageBodyThreshold?: number | undefined;
  /** zlib level of the compression, 0 (none) to 9. Default: 5. */
  compressLevel?: number | undefined;
  /** Largest body in bytes; when it is more than the default, also what a body that is received may decompress to. Default: 4,194,304. */
  maxMessageSize?: number | undefined;
  /** Further attempts of `syncSend` after an error. Default: 2. */
  retryTimesWhenSendFailed?: number | undefined;
  /** Further attempts of `asyncSend` without an answer. Default: 2. */
  retryTimesWhenSendAsyncFailed?: number | undefined;
  /** Send to another broker when the message was stored less safely than asked; it stays stored if that fails. Default: false. */
  retryNextServer?: boolean | undefined;
  /**
   * Chooses the queue of sends with a `hashKey`, in place of the hash of the key. Such a send is not tried again.
   * Default: the queue that Java's `SelectMessageQueueByHash` chooses.
   */
  queueSelector?: MessageQueueSelector | undefined;
  /**
   * Providers around every send of {@link RocketMQTemplate}, the first outermost. They must not be request-scoped. Default: none.
   */
  sendInterceptors?: readonly Type<RocketMQSendInterceptor>[] | undefined;
  /**
   * Bound the asynchronous sends that are under way (`asyncSend`, `sendAndReceive`). Those above the bound wait, up to their timeout; as many
   * may wait as may be under way, and more are refused with MQClientError. Default: false.
   */
  enableBackpressureForAsyncMode?: boolean | undefined;
  /** Asynchronous sends that may be under way. Default: 1024. */
  backPressureForAsyncSendNum?: number | undefined;
  /** Bytes of their bodies. Default: 104,857,600. */
  backPressureForAsyncSendSize?: number | undefined;
  /** User that signs the requests of the producer, with {@link secretKey}. Default: the module's. */
  accessKey?: string | undefined;
  /** Key of the signatures. */
  secretKey?: string | undefined;
  /** Of a temporary user of a cloud. */
  securityToken?: string | undefined;
  /** Avoid brokers for a while (2 to 30 s) that were slow or failed, as long as there are others. Default: false. */
  sendLatencyFaultEnable?: boolean | undefined;
  /** Checks of transactions that are carried out at once. Default: 20. */
  checkConcurrency?: number | undefined;
  /** Checks that wait for those; the broker repeats what is too much. Default: 2000. */
  checkQueueSize?: number | undefined;
  /** Send a record of every message that is sent to the trace topic, in the background. Default: false. */
  enableMsgTrace?: boolean | undefined;
  /** Topic of these records. Default: `RMQ_SYS_TRACE_TOPIC`. */
  customizedTraceTopic?: string | undefined;
}
