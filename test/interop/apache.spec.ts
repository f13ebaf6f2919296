import { systemClock } from '../../lib/common/clock.js';
import { silentLogger } from '../../lib/common/logger.js';
import { TcpTransport } from '../../lib/remoting/transport/tcp-transport.js';
import { describeConformance } from '../conformance/conformance.js';
import { VisibleTransport } from '../support/visible-transport.js';

describeConformance('against Apache RocketMQ', async () => ({
  namesrvAddrs: [process.env['ROCKETMQ_INTEROP_NAMESRV']!],
  isApache: true,
  connect: () => new VisibleTransport(new TcpTransport({ clock: systemClock, logger: silentLogger })),
  close: async () => {},
}));
