import type { MessageRequestMode } from '../../remoting/body/query-assignment.js';
import { bool, integer, oneOf, resolveOptions, text, type OptionRules } from '../../common/option-rules.js';
import { parseHostPort } from '../../common/host-port.js';
import { topicNameFault } from '../../common/topic-validator.js';
import { parseSocketHost } from '../../common/socket-host.js';

/** How the broker behaves; names, units and defaults are those of Apache's BrokerConfig unless said. */
export interface BrokerConfig {
  /**
   * Part of the identity of queues; also a topic. Apache's default is the name of the host; a fixed one outlives a
   * container. Default: `broker-a`.
   */
  brokerName: string;
  /** The cluster to which this broker belongs; also a topic. Default: `DefaultCluster`. */
  brokerClusterName: string;
  /** Address of this broker in stored records and message ids, unless `listen` says it. Default: `127.0.0.1`. */
  brokerIP1: string;
  /** Port of this broker in stored records and message ids, of an engine that does not `listen`. Default: 10911. */
  listenPort: number;
  /**
   * Name servers of an existing cluster with which this broker registers, `host:port` with `;` between them. It must
   * `listen`, and runs no name server of its own unless `listen.nameServerPort` is given. Default: none.
   */
  namesrvAddr: string | undefined;
  /** Region that messages carry (`MSG_REGION`). Default: `DefaultRegion`. */
  regionId: string;
  /** Queues of the topic that auto-created ones take after: no auto-created topic gets more. Default: 8. */
  defaultTopicQueueNums: number;
  /** Create a topic when its first message comes. Default: true. */
  autoCreateTopicEnable: boolean;
  /** Have `RMQ_SYS_TRACE_TOPIC` from the start, with one queue, and not by its first message (`autoCreateTopicEnable`). Default: false. */
  traceTopicEnable: boolean;
  /** Create a consumer group when its first member comes. Default: true. */
  autoCreateSubscriptionGroup: boolean;
  /** Hold a pull that finds nothing until a message arrives. Default: true. */
  longPollingEnable: boolean;
  /** Milliseconds that a pull is held without `longPollingEnable`. Default: 1000. */
  shortPollingTimeMills: number;
  /** Milliseconds that changes of consumer offsets gather before they are written. Default: 5000. */
  flushConsumerOffsetInterval: number;
  /** Milliseconds that the progress of messages with a delay level gathers before it is written. Default: 10,000. */
  flushDelayOffsetInterval: number;
  /** Milliseconds after which a client without a heartbeat is forgotten. Default: 120,000. */
  channelExpiredTimeout: number;
  /** Reset offsets in the broker; otherwise consumers that are online are told to do it, as before RocketMQ 5. Default: true. */
  useServerSideResetOffset: boolean;
  /** Let senders recall timed messages that are not due (Apache's default: false). Default: true. */
  recallMessageEnable: boolean;
  /**
   * Name a recalled message by topic and key, as 5.3.2 and 5.3.3 do; otherwise by its key alone, which all others of Apache
   * look for. Default: true.
   */
  appendTopicForTimerDeleteKey: boolean;
  /** Let consumers select by SQL92 (Apache's default: false). Default: true. */
  enablePropertyFilter: boolean;
  /** Name in routes the queues in which order topics keep their order (NamesrvConfig). Default: false. */
  orderMessageEnable: boolean;
  /** Keep answers to messages in the store too, beside handing them to who waits for them. Default: true. */
  storeReplyMessageEnable: boolean;
  /** Let administrators change options of the running broker (not in Apache, which always lets them). Default: false. */
  updateBrokerConfigEnable: boolean;
  /** Milliseconds from its birth on in which the transaction of a message is not asked about. Default: 6000. */
  transactionTimeOut: number;
  /** How often a producer is asked about a transaction before its message goes to `TRANS_CHECK_MAX_TIME_TOPIC`. Default: 15. */
  transactionCheckMax: number;
  /** Milliseconds between two looks for transactions to ask about. Default: 30,000. */
  transactionCheckInterval: number;
  /** Bytes of ended transactions that are written together. Default: 4096. */
  transactionOpMsgMaxSize: number;
  /** Milliseconds that ended transactions gather before they are written. Default: 3000. */
  transactionOpBatchInterval: number;
  /** Refuse messages of transactions. Default: false. */
  rejectTransactionMessage: boolean;
  /** Refuse requests that have waited too long for the disk; otherwise they wait until their sender gives up. Default: true. */
  brokerFastFailureEnable: boolean;
  /** Milliseconds that a send may wait for the store before it is refused. Default: 200. */
  waitTimeMillsInSendQueue: number;
  /** Milliseconds that a pull may wait for the disk before it is refused. Default: 5000. */
  waitTimeMillsInPullQueue: number;
  /** Milliseconds that the end of a transaction may wait for the store before it is refused. Default: 3000. */
  waitTimeMillsInTransactionQueue: number;
  /** Milliseconds that acknowledgements of popped messages may wait for the store before they are refused. Default: 3000. */
  waitTimeMillsInAckQueue: number;
  /** Most sends that wait for the store. Default: 10,000. */
  sendThreadPoolQueueCapacity: number;
  /** Most pulls that wait for the disk. Default: 100,000. */
  pullThreadPoolQueueCapacity: number;
  /** Most acknowledgements of popped messages that wait for the store. Default: 100,000. */
  ackThreadPoolQueueCapacity: number;
  /** Most ends of transactions that wait for the store. Default: 100,000. */
  endTransactionPoolQueueCapacity: number;
  /** Most pulls that are held until a message arrives (not in Apache). Default: 10,000. */
  maxPullPollingSize: number;
  /** Share the queues out to consumers with `clientRebalance: false`; otherwise each of them has all. Default: true. */
  serverLoadBalancerEnable: boolean;
  /** How these consumers get messages of topics for which nothing else was set. Default: `PULL`. */
  defaultMessageRequestMode: MessageRequestMode;
  /** How many other members of its group pop from the queues of a member then; 0 or less: all members from all queues. Default: -1. */
  defaultPopShareQueueNum: number;
  /** In how many of a hundred pops messages for a retry come first. Default: 20. */
  popFromRetryProbability: number;
  /** Pops that may wait for a message in one queue for one group; "any queue" counts as one. Default: 1024. */
  popPollingSize: number;
  /** Pops that may wait for messages at all (Apache's default: 100,000). Default: 10,000. */
  maxPopPollingSize: number;
  /**
   * Messages that a group may have popped and neither acknowledged nor got back; it gets no more meanwhile. Apache's broker
   * counts them by queue, and only with `enablePopMessageThreshold`; default there 10,000. Default: 100,000.
   */
  popInflightMessageThreshold: number;
}

export const brokerRules: OptionRules<BrokerConfig> = {
  brokerName: topicName('broker-a'),
  brokerClusterName: topicName('DefaultCluster'),
  brokerIP1: text('127.0.0.1', 'an IPv4 or IPv6 address', isAddress),
  listenPort: integer(10911, 1, 65535),
  namesrvAddr: text<string | undefined>(undefined, 'addresses host:port with ";" between them', (value) =>
    addressesOf(value).every((address) => parseHostPort(address) !== undefined),
  ),
  regionId: text('DefaultRegion', 'a name without control characters', (value) =>
    /^[^\p{Cc}]+$/u.test(value),
  ),
  defaultTopicQueueNums: integer(8, 1, 1024),
  autoCreateTopicEnable: bool(true),
  traceTopicEnable: bool(false),
  autoCreateSubscriptionGroup: bool(true),
  longPollingEnable: bool(true),
  shortPollingTimeMills: integer(1000, 1, 60_000),
  flushConsumerOffsetInterval: integer(5000, 1, 3_600_000),
  flushDelayOffsetInterval: integer(10_000, 1, 3_600_000),
  channelExpiredTimeout: integer(120_000, 1000, 86_400_000),
  useServerSideResetOffset: bool(true),
  recallMessageEnable: bool(true),
  appendTopicForTimerDeleteKey: bool(true),
  enablePropertyFilter: bool(true),
  orderMessageEnable: bool(false),
  storeReplyMessageEnable: bool(true),
  updateBrokerConfigEnable: bool(false),
  transactionTimeOut: integer(6000, 0, 86_400_000),
  transactionCheckMax: integer(15, 1, 1_000_000),
  transactionCheckInterval: integer(30_000, 100, 86_400_000),
  transactionOpMsgMaxSize: integer(4096, 1, 1024 * 1024),
  transactionOpBatchInterval: integer(3000, 1, 60_000),
  rejectTransactionMessage: bool(false),
  brokerFastFailureEnable: bool(true),
  waitTimeMillsInSendQueue: integer(200, 1, 3_600_000),
  waitTimeMillsInPullQueue: integer(5000, 1, 3_600_000),
  waitTimeMillsInTransactionQueue: integer(3000, 1, 3_600_000),
  waitTimeMillsInAckQueue: integer(3000, 1, 3_600_000),
  sendThreadPoolQueueCapacity: integer(10_000, 1, 1_000_000),
  pullThreadPoolQueueCapacity: integer(100_000, 1, 1_000_000),
  ackThreadPoolQueueCapacity: integer(100_000, 1, 1_000_000),
  endTransactionPoolQueueCapacity: integer(100_000, 1, 1_000_000),
  maxPullPollingSize: integer(10_000, 1, 1_000_000),
  serverLoadBalancerEnable: bool(true),
  defaultMessageRequestMode: oneOf('PULL', ['PULL', 'POP']),
  defaultPopShareQueueNum: integer(-1, -1, 0x7fffffff),
  popFromRetryProbability: integer(20, 0, 100),
  popPollingSize: integer(1024, 1, 100_000),
  maxPopPollingSize: integer(10_000, 1, 1_000_000),
  popInflightMessageThreshold: integer(100_000, 1, 10_000_000),
};

/** Fills in defaults; {@link ConfigurationError} for a value that is not allowed. */
export function resolveBrokerConfig(given: Partial<BrokerConfig> = {}): BrokerConfig {
  return resolveOptions('engine', brokerRules, given);
}

export const brokerOptionNames: ReadonlySet<string> = new Set(Object.keys(brokerRules));

/** The addresses of a list with `;` between them. */
export function addressesOf(list: string | undefined): string[] {
  return list?.split(';').map((address) => address.trim()) ?? [];
}

function topicName(name: string) {
  return text(
    name,
    'letters, digits, "_", "-", "%" and "|", at most 127',
    (value) => topicNameFault(value) === undefined,
  );
}

function isAddress(value: string): boolean {
  try {
    parseSocketHost(`${value}:0`);
    return true;
  } catch {
    return false;
  }
}
