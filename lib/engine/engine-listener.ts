import type { Clock } from '../common/clock.js';
import { formatHostPort } from '../common/host-port.js';
import type { Logger } from '../common/logger.js';
import { ConfigurationError } from '../errors/configuration.error.js';
import type { RequestHandler } from '../remoting/channel.js';
import { RequestAuthenticator } from '../remoting/acl/request-authenticator.js';
import { RemotingServer } from '../remoting/server/remoting-server.js';
import { ServerCertificates } from '../remoting/tls/server-certificates.js';
import type { ResolvedListenOptions } from './listen-options.js';

/** How far the port for VIP clients is below that of the broker (MixAll#brokerVIPChannel). */
const VIP_DISTANCE = 2;

/** The sockets of an engine that listens: one for its name server, two for its broker (BrokerController#fastRemotingServer). */
export class EngineListener {
  private readonly namesrv: RemotingServer;
  private readonly broker: RemotingServer;
  private readonly vip: RemotingServer;
  private readonly certificates: ServerCertificates | undefined;

  constructor(
    private readonly options: ResolvedListenOptions,
    namesrv: RequestHandler,
    broker: RequestHandler,
    clock: Clock,
    logger: Logger,
  ) {
    const { tls, users } = options;
    this.certificates = tls && new ServerCertificates('engine.listen.tls', tls, logger);
    const authenticator = users && new RequestAuthenticator(users);
    const shared = { clock, logger, certificates: this.certificates, authenticator };
    this.namesrv = new RemotingServer({ handler: namesrv, ...shared });
    this.broker = new RemotingServer({ handler: broker, ...shared });
    this.vip = new RemotingServer({ handler: broker, ...shared });
  }

  /**
   * Begins to listen for clients of the broker.
   *
   * @returns its port.
   * @throws ConfigurationError when the port is taken.
   */
  async listenBroker(): Promise<number> {
    const { host, listenPort, vipChannelEnabled } = this.options;
    this.certificates?.watch();
    const port = await this.broker.listen(host, listenPort);
    // Two below a port that the kernel chose may be anyone's.
    if (vipChannelEnabled && listenPort > VIP_DISTANCE) await this.listenVip(host, listenPort - VIP_DISTANCE);
    return port;
  }

  /**
   * Begins to listen for who looks for the broker.
   *
   * @returns the address of the name server.
   * @throws ConfigurationError when the port is taken.
   */
  async listenNamesrv(): Promise<string> {
    const { host, nameServerPort } = this.options;
    return formatHostPort(host, await this.namesrv.listen(host, nameServerPort));
  }

  /** Listens no more, and takes no more requests; those under way are answered. */
  pause(): void {
    this.certificates?.unwatch();
    for (const server of [this.namesrv, this.vip, this.broker]) server.pause();
  }

  /** Ends all connections when the clients have their answers. */
  async close(): Promise<void> {
    this.pause();
    await Promise.all([this.namesrv.close(), this.vip.close(), this.broker.close()]);
  }

  private async listenVip(host: string, port: number): Promise<void> {
    try {
      await this.vip.listen(host, port);
    } catch (error) {
      const hint = 'the VIP port is listenPort - 2; vipChannelEnabled: false does without it';
      throw new ConfigurationError(`${(error as Error).message} (${hint})`, (error as Error).cause);
    }
  }
}
