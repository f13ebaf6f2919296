import type { Clock } from '../../lib/common/clock.js';
import type { Logger } from '../../lib/common/logger.js';
import { BrokerOuterAPI } from '../../lib/engine/broker/out/broker-outer-api.js';
import type { Transport } from '../../lib/remoting/transport/transport.js';

/** Registers a broker without topics. */
export function outerApiOf(
  namesrvAddrs: readonly string[],
  transport: Transport,
  clock: Clock,
  logger: Logger,
): BrokerOuterAPI {
  return new BrokerOuterAPI({
    namesrvAddrs,
    transport,
    broker: { clusterName: 'c', brokerName: 'b', brokerAddr: 'b:1', brokerId: 0 },
    haServerAddr: 'b:2',
    topics: () => ({
      dataVersion: { counter: 0, stateVersion: 0, timestamp: 0 },
      topicConfigTable: new Map(),
    }),
    clock,
    logger,
  });
}
