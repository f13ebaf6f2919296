import { describe } from 'vitest';
import { systemClock } from '../../lib/common/clock.js';
import { silentLogger } from '../../lib/common/logger.js';
import { TcpTransport } from '../../lib/remoting/transport/tcp-transport.js';
import { VisibleTransport } from '../support/visible-transport.js';
import { describeConformance } from '../conformance/conformance.js';

/** Name server of a real Apache RocketMQ, which may be written to. */
const namesrvAddr = process.env['ROCKETMQ_INTEROP_NAMESRV'];

describe.skipIf(namesrvAddr === undefined)('the client, with ROCKETMQ_INTEROP_NAMESRV', () => {
  describeConformance('against Apache RocketMQ', async () => ({
    namesrvAddrs: [namesrvAddr!],
    connect: () => new VisibleTransport(new TcpTransport({ clock: systemClock, logger: silentLogger })),
    close: async () => {},
  }));
});
