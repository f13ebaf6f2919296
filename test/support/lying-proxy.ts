import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../lib/common/clock.js';
import { silentLogger } from '../../lib/common/logger.js';
import type { RemotingRequest } from '../../lib/remoting/remoting-command.js';
import type { RequestCode } from '../../lib/remoting/request-code.js';
import type { ConnectionChange } from '../../lib/remoting/transport/connection-change.js';
import { TcpTransport } from '../../lib/remoting/transport/tcp-transport.js';
import type { ResponseCallback } from '../../lib/remoting/transport/transport.js';
import { ForwardingTransport } from './forwarding-transport.js';
import { mutated } from './mutated-frames.js';
import type { SeededRandom } from './random.js';

/** One of so many frames is changed. */
const LIE_EVERY = 10;

/** Passes on what clients and a server say to one another, and changes some of what the server says. */
export class LyingProxy {
  lies = 0;
  private isHonest = false;
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer((client) => this.relay(client));

  private constructor(
    private readonly target: number,
    private readonly random: SeededRandom,
  ) {}

  /** In front of a port of this machine, until the test ends. */
  static async start(target: number, random: SeededRandom): Promise<LyingProxy> {
    const proxy = new LyingProxy(target, random);
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    onTestFinished(() => {
      proxy.becomeHonest();
      proxy.server.close();
    });
    return proxy;
  }

  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** From new connections on: those that are there break. */
  becomeHonest(): void {
    this.isHonest = true;
    for (const socket of this.sockets) socket.destroy();
  }

  private relay(client: Socket): void {
    const server = connect(this.target, '127.0.0.1');
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
    }
    client.pipe(server);
    let rest: Buffer = Buffer.alloc(0);
    server.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      for (let size = sizeOf(rest); size <= rest.length; size = sizeOf(rest)) {
        client.write(this.told(rest.subarray(0, size)));
        rest = rest.subarray(size);
      }
    });
  }

  private told(frame: Buffer): Buffer {
    if (this.isHonest || !this.random.chance(1 / LIE_EVERY)) return frame;
    this.lies++;
    return mutated(frame, this.random);
  }
}

/** Of the first frame, which may be incomplete. */
const sizeOf = (bytes: Buffer): number => (bytes.length < 4 ? Infinity : 4 + bytes.readInt32BE(0));

/** Reaches servers by proxies, and what nobody has ever heard of by the last of them. */
export class ProxiedTransport extends ForwardingTransport {
  constructor(private readonly proxies: ReadonlyMap<string, LyingProxy>) {
    super(new TcpTransport({ clock: systemClock, logger: silentLogger }));
  }

  private proxyOf(address: string): string {
    return (this.proxies.get(address) ?? [...this.proxies.values()].at(-1)!).address;
  }

  override invoke<C extends RequestCode>(
    address: string,
    request: RemotingRequest<C>,
    timeoutMillis: number,
    callback: ResponseCallback<C>,
  ): void {
    super.invoke(this.proxyOf(address), request, timeoutMillis, callback);
  }

  override invokeOneway<C extends RequestCode>(address: string, request: RemotingRequest<C>): void {
    super.invokeOneway(this.proxyOf(address), request);
  }

  override onConnectionChange(listener: (change: ConnectionChange) => void): void {
    super.onConnectionChange((change) => {
      const [address] = [...this.proxies].find(([, proxy]) => proxy.address === change.address)!;
      listener({ ...change, address });
    });
  }
}
