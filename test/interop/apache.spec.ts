import { systemClock } from '../../lib/common/clock.js';
import { silentLogger } from '../../lib/common/logger.js';
import { TcpTransport } from '../../lib/remoting/transport/tcp-transport.js';
import { describeConformance } from '../conformance/conformance.js';
import { TRANSACTION_TIMES } from '../conformance/transaction.suite.js';
import { VisibleTransport } from '../support/visible-transport.js';
import { ApacheCluster } from './apache-cluster.js';

describeConformance('against Apache RocketMQ', async () => {
  const properties = { recallMessageEnable: true, enablePropertyFilter: true, ...TRANSACTION_TIMES };
  const apache = await ApacheCluster.start('single', { properties });
  return {
    namesrvAddrs: [apache.namesrvAddr],
    isApache: true,
    version: process.env['ROCKETMQ_VERSION'] ?? '5.3.3',
    connect: () => new VisibleTransport(new TcpTransport({ clock: systemClock, logger: silentLogger })),
    close: () => apache.close(),
  };
});
