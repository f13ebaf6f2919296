import { createServer, type Server } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../lib/common/clock.js';
import { silentLogger } from '../../lib/common/logger.js';
import { ConfigurationError } from '../../lib/errors/index.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { TcpTransport } from '../../lib/remoting/transport/tcp-transport.js';
import { invoke } from '../../lib/remoting/transport/transport.js';
import { freePort } from '../support/free-port.js';
import { TestClient } from '../support/test-client.js';
import { startEngine } from '../support/test-engine.js';

const listen = (server: Server, port: number) =>
  new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });

async function maxOffsetAt(port: number): Promise<number> {
  const transport = new TcpTransport({ clock: systemClock, logger: silentLogger });
  onTestFinished(() => transport.close());
  const request = { code: RequestCode.GET_MAX_OFFSET, header: { topic: 't', queueId: 0 }, body: undefined };
  return (await invoke(transport, `127.0.0.1:${port}`, request, 3000)).header!.offset;
}

describe('the VIP port', () => {
  const engineAt = (listenPort: number, vipChannelEnabled = true) =>
    startEngine({ engine: { listen: { nameServerPort: 0, listenPort, vipChannelEnabled } } });

  it('answers as the port of the broker does', async () => {
    const port = await freePort();
    const engine = await engineAt(port);
    await (await TestClient.open(engine)).send('t');
    expect([await maxOffsetAt(port), await maxOffsetAt(port - 2)]).toEqual([1, 1]);
    await engine.close();
    await expect(maxOffsetAt(port - 2)).rejects.toThrow('ECONNREFUSED');
  });

  it('can be done without', async () => {
    const port = await freePort();
    await engineAt(port, false);
    await maxOffsetAt(port);
    await expect(maxOffsetAt(port - 2)).rejects.toThrow('ECONNREFUSED');
  });

  it('that is taken ends the start with an error that says what to do, and no port stays open', async () => {
    const port = await freePort();
    const other = createServer();
    await listen(other, port - 2);
    onTestFinished(() => void other.close());
    const error = await engineAt(port).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(String(error)).toContain(`Cannot listen on 127.0.0.1:${port - 2} (`);
    expect(String(error)).toContain('vipChannelEnabled: false does without it');
    await expect(maxOffsetAt(port)).rejects.toThrow('ECONNREFUSED');
  });
});
