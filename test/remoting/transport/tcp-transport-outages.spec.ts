import { expect, it, onTestFinished } from 'vitest';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { TcpTransport } from '../../../lib/remoting/transport/tcp-transport.js';
import { invoke } from '../../../lib/remoting/transport/transport.js';
import { startServer } from '../../support/tcp-server.js';
import { RecordingLogger } from '../../support/test-store.js';
import { VirtualClock } from '../../support/virtual-clock.js';

it('a server that nobody asked for an hour is forgotten when the next one cannot be reached', async () => {
  const clock = new VirtualClock();
  const transport = new TcpTransport({ clock, logger: new RecordingLogger() });
  onTestFinished(() => transport.close());
  const outages = () => [...(transport as unknown as { outages: Map<string, unknown> }).outages.keys()];
  const servers = await Promise.all([1, 2, 3].map(() => startServer()));
  const [first, second, third] = servers.map(({ address }) => address);
  for (const { server } of servers) await server.close();
  const fail = (address: string) => {
    const code = RequestCode.GET_MAX_OFFSET;
    const asked = invoke(
      transport,
      address,
      { code, header: { topic: 't', queueId: 0 }, body: undefined },
      1000,
    );
    return expect(asked).rejects.toThrow(`connect to ${address} failed`);
  };
  await fail(first!);
  await fail(second!);
  await clock.advance(3_500_000);
  await fail(second!);
  await clock.advance(1_000_000);
  await fail(third!);
  expect(outages()).toEqual([second, third]);
});
