import { AsyncLocalStorage } from 'node:async_hooks';
import { expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../lib/common/clock.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { TcpTransport } from '../../../lib/remoting/transport/tcp-transport.js';
import { invoke } from '../../../lib/remoting/transport/transport.js';
import { startServer } from '../../support/tcp-server.js';
import { RecordingLogger } from '../../support/test-store.js';

const request = {
  code: RequestCode.GET_MAX_OFFSET,
  header: { topic: 't', queueId: 7 },
  body: undefined,
} as const;

it.each(['[::ffff:127.0.0.1]', '::ffff:127.0.0.1'])(
  'a broker is reached that calls itself %s',
  async (host) => {
    const { port } = await startServer();
    const transport = new TcpTransport({ clock: systemClock, logger: new RecordingLogger() });
    onTestFinished(() => transport.close());
    const { header } = await invoke(transport, `${host}:${port}`, request, 5000);
    expect(header!.offset).toBe(7);
  },
);

it('a request of a server reaches no context of whoever needed the connection first', async () => {
  const { handler, address } = await startServer();
  const transport = new TcpTransport({ clock: systemClock, logger: new RecordingLogger() });
  onTestFinished(() => transport.close());
  const user = new AsyncLocalStorage<string>();
  const store = new Promise((resolve) => transport.onRequest(() => resolve(user.getStore())));
  await user.run('a', () => invoke(transport, address, request, 5000));
  handler.contexts[0]!.channel.push({
    code: RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT,
    header: { topic: 't', group: 'g' },
    body: undefined,
  });
  expect(await store).toBeUndefined();
});
