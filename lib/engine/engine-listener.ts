import type { Clock } from '../common/clock.js';
import { formatHostPort } from '../common/host-port.js';
import type { Logger } from '../common/logger.js';
import type { RequestHandler } from '../remoting/channel.js';
import { RequestAuthenticator } from '../remoting/acl/request-authenticator.js';
import { RemotingServer } from '../remoting/server/remoting-server.js';
import { ServerCertificates } from '../remoting/tls/server-certificates.js';
import type { ResolvedListenOptions } from './listen-options.js';

/** The sockets of an engine that listens: one for its name server, one for its broker. */
export class EngineListener {
  private readonly namesrv: RemotingServer;
  private readonly broker: RemotingServer;
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
  }

  /**
   * Begins to listen for clients of the broker.
   *
   * @returns its port.
   * @throws ConfigurationError when the port is taken.
   */
  listenBroker(): Promise<number> {
    this.certificates?.watch();
    return this.broker.listen(this.options.host, this.options.listenPort);
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

  async close(): Promise<void> {
    this.certificates?.unwatch();
    await Promise.all([this.namesrv.close(), this.broker.close()]);
  }
}
