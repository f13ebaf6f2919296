import { expect, it } from 'vitest';
import { systemClock } from '../../lib/common/clock.js';
import { silentLogger } from '../../lib/common/logger.js';
import { PullSysFlag } from '../../lib/common/pull-sys-flag.js';
import { encodeRequest } from '../../lib/remoting/codec/remoting-codec.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { ResponseCode } from '../../lib/remoting/response-code.js';
import { TcpTransport } from '../../lib/remoting/transport/tcp-transport.js';
import { RawClient } from '../support/tcp-server.js';
import { TestClient } from '../support/test-client.js';
import { startEngine } from '../support/test-engine.js';

const MIB = 2 ** 20;
const MESSAGES = 16;
/** As many MiB, if all were answered. */
const PULLS = 400;

const pullFrame = (opaque: number) =>
  encodeRequest(
    {
      code: RequestCode.PULL_MESSAGE,
      header: {
        consumerGroup: 'g',
        topic: 't',
        queueId: 0,
        queueOffset: opaque % MESSAGES,
        maxMsgNums: 1,
        sysFlag: PullSysFlag.SUBSCRIPTION,
        commitOffset: 0,
        suspendTimeoutMillis: 0,
        subscription: '*',
        subVersion: 0,
        expressionType: 'TAG',
      },
      body: undefined,
    },
    opaque,
    false,
  );

it('a client that pulls and does not read takes little memory, and nothing from others', async () => {
  const listen = { nameServerPort: 0, listenPort: 0 };
  const engine = await startEngine({ engine: { listen, mappedFileSizeCommitLog: 64 * MIB } });
  const other = await TestClient.open({
    namesrvAddrs: engine.namesrvAddrs,
    connect: () => new TcpTransport({ clock: systemClock, logger: silentLogger }),
    close: async () => {},
  });
  for (let i = 0; i < MESSAGES; i++) await other.send('t', { body: Buffer.alloc(MIB) });
  expect(await other.read('t')).toHaveLength(MESSAGES);
  const slow = await RawClient.open(Number(other.brokerAddr.split(':')[1]));
  slow.socket.pause();
  const before = process.memoryUsage().rss;
  slow.socket.write(Buffer.concat(Array.from({ length: PULLS }, (_, i) => pullFrame(i))));
  for (let queueOffset = 0; queueOffset < MESSAGES; queueOffset++) {
    const { code } = await other.pull('t', 'h', { queueOffset, maxMsgNums: 1 });
    expect(code).toBe(ResponseCode.SUCCESS);
  }
  expect(process.memoryUsage().rss - before).toBeLessThan(150 * MIB);
  // It was only slow.
  expect(slow.socket.closed).toBe(false);
});
