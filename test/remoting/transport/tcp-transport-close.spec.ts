import { createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { systemClock, type Clock } from '../../../lib/common/clock.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { TcpTransport } from '../../../lib/remoting/transport/tcp-transport.js';
import { eventually } from '../../support/eventually.js';
import { startServer } from '../../support/tcp-server.js';
import { RecordingLogger } from '../../support/test-store.js';
import { VirtualClock } from '../../support/virtual-clock.js';

function openTransport(clock: Clock = systemClock): TcpTransport {
  const transport = new TcpTransport({ clock, logger: new RecordingLogger() });
  onTestFinished(() => transport.close());
  return transport;
}

const request = (queueId: number) =>
  ({ code: RequestCode.GET_MAX_OFFSET, header: { topic: 't', queueId }, body: undefined }) as const;

it('is closed when the server has what nobody waits for', async () => {
  const { handler, address } = await startServer();
  const transport = openTransport();
  for (let i = 0; i < 100; i++) transport.invokeOneway(address, request(i));
  transport.close();
  await transport.whenClosed();
  expect(handler.requests).toHaveLength(100);
  await transport.whenClosed();
});

it('waits for a server that does not end the connection for 3 s', async () => {
  const sockets: Socket[] = [];
  const silent = createServer({ allowHalfOpen: true }, (socket) =>
    sockets.push(socket.on('error', () => {})),
  );
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
  const clock = new VirtualClock();
  const transport = openTransport(clock);
  transport.invokeOneway(`127.0.0.1:${(silent.address() as AddressInfo).port}`, request(1));
  await eventually(() => sockets.length === 1);
  transport.close();
  let isClosed = false;
  const closed = transport.whenClosed().then(() => (isClosed = true));
  await clock.advance(2999);
  expect(isClosed).toBe(false);
  await clock.advance(1);
  await closed;
});
