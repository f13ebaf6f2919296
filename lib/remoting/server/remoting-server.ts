import { createServer, type AddressInfo, type DropArgument, type Server, type Socket } from 'node:net';
import { BufferPool } from '../../common/buffer-pool.js';
import { LimitedLogger } from '../../common/limited-logger.js';
import type { Logger } from '../../common/logger.js';
import { ConfigurationError } from '../../errors/configuration.error.js';
import type { ServerCertificates } from '../tls/server-certificates.js';
import { TlsAcceptor } from '../tls/tls-acceptor.js';
import type { Strangers, UnreadAnswers } from './client-memory.js';
import { ServerConnection, type ServerConnectionOptions } from './server-connection.js';

/** An idle one takes up to 32 KiB; more of them are a mistake, or an attack. */
const MAX_CONNECTIONS = 16_384;
/** Milliseconds from one line about too many of them to the next. */
const DROP_INTERVAL = 60_000;
/** Bytes that all clients together may hold which have not signed a request, beside what each of them may. */
const MAX_STRANGER_BYTES = 256 * 1024 * 1024;

/** Bytes of answers that all clients together may leave unread. */
const MAX_UNREAD_BYTES = 1024 * 1024 * 1024;

export interface RemotingServerOptions extends Omit<
  ServerConnectionOptions,
  'bodies' | 'strangers' | 'unread' | 'complaints'
> {
  readonly logger: Logger;
  /** Undefined: connections are not encrypted. */
  readonly certificates?: ServerCertificates | undefined;
  readonly maxConnections?: number;
  readonly maxStrangerBytes?: number;
  readonly maxUnreadBytes?: number;
}

/** Lets clients reach a {@link RequestHandler} over TCP (NettyRemotingServer). */
export class RemotingServer {
  private readonly server: Server;
  private readonly connections = new Set<ServerConnection>();
  private readonly tls: TlsAcceptor | undefined;
  private readonly bodies = new BufferPool();
  private readonly strangers: Strangers;
  private readonly unread: UnreadAnswers;
  private readonly complaints: LimitedLogger;
  private readonly drops: LimitedLogger;
  /** Settles when nothing listens, and no connection is left. */
  private closed: Promise<void> | undefined;

  constructor(private readonly options: RemotingServerOptions) {
    const { certificates, maxStrangerBytes = MAX_STRANGER_BYTES } = options;
    const maxUnreadBytes = options.maxUnreadBytes ?? MAX_UNREAD_BYTES;
    this.unread = { bytes: 0, maxBytes: maxUnreadBytes, onExcess: () => this.cutOffSlowest() };
    this.complaints = new LimitedLogger(options.logger, options.clock);
    this.drops = new LimitedLogger(options.logger, options.clock, DROP_INTERVAL);
    this.strangers = { heldBytes: 0, maxBytes: maxStrangerBytes };
    const onAccepted = (socket: Socket) => this.accept(socket);
    this.tls = certificates && new TlsAcceptor({ ...options, certificates, onAccepted });
    this.server = createServer({ noDelay: true }, (socket) => (this.tls ?? this).accept(socket));
    this.server.maxConnections = options.maxConnections ?? MAX_CONNECTIONS;
    this.server.on('drop', (client) => this.onDrop(client));
  }

  /**
   * Begins to listen; port 0 takes a free one.
   *
   * @returns the port.
   * @throws ConfigurationError when the address cannot be listened on.
   */
  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      const refuse = (error: Error) =>
        reject(
          new ConfigurationError(
            `Cannot listen on ${host}:${port} (${error.message}): choose another in engine.listen (of the command line: --listen-port, --name-server-port)`,
            error,
          ),
        );
      this.server.once('error', refuse);
      // Workers of `node:cluster` would share the port otherwise, and take turns with engines that have other messages.
      this.server.listen({ port, host, exclusive: true }, () => {
        this.server.off('error', refuse);
        this.server.on('error', (error) =>
          this.options.logger.error(`The server of ${host}:${port}: ${error}`),
        );
        resolve();
      });
    });
    return (this.server.address() as AddressInfo).port;
  }

  /** Listens no more, and takes no more requests; those under way are answered. */
  pause(): void {
    if (!this.server.listening) return;
    this.closed = new Promise((resolve) => this.server.close(() => resolve()));
    this.tls?.close();
    for (const connection of this.connections) connection.pause();
  }

  /** The same, and ends all connections when the clients have their answers. */
  async close(): Promise<void> {
    this.pause();
    for (const connection of this.connections) connection.close();
    await this.closed;
  }

  /** Takes a connection that can be used. */
  accept(socket: Socket): void {
    const { options, bodies, strangers, unread, complaints } = this;
    const all = { ...options, bodies, strangers, unread, complaints };
    const connection = new ServerConnection(socket, all, () => {
      this.connections.delete(connection);
      options.handler.onChannelClosed(connection);
    });
    this.connections.add(connection);
  }

  /** Who leaves most unread is furthest from reading it. */
  private cutOffSlowest(): void {
    const connections = [...this.connections];
    connections.reduce((slowest, other) => (other.unread > slowest.unread ? other : slowest)).cutOff();
  }

  private onDrop(client: DropArgument | undefined): void {
    const { maxConnections } = this.server;
    this.drops.warn(
      `A connection from ${client?.remoteAddress} is refused, as there are ${maxConnections} already`,
    );
  }
}
