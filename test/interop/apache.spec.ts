import { systemClock } from '../../lib/common/clock.js';
import { silentLogger } from '../../lib/common/logger.js';
import { TcpTransport } from '../../lib/remoting/transport/tcp-transport.js';
import { describeConformance } from '../conformance/conformance.js';
import { VisibleTransport } from '../support/visible-transport.js';
import { ApacheCluster } from './apache-cluster.js';

describeConformance('against Apache RocketMQ', async () => {
  const apache = await ApacheCluster.start('single', { properties: { enablePropertyFilter: true } });
  return {
    namesrvAddrs: [apache.namesrvAddr],
    isApache: true,
    version: process.env['ROCKETMQ_VERSION'],
    connect: () => new VisibleTransport(new TcpTransport({ clock: systemClock, logger: silentLogger })),
    close: () => apache.close(),
  };
});
