import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Clock } from '../../common/clock.js';
import type { Logger } from '../../common/logger.js';
import { ConfigurationError } from '../../errors/configuration.error.js';
import type { RequestHandler } from '../channel.js';
import { ServerConnection } from './server-connection.js';

export interface RemotingServerOptions {
  readonly handler: RequestHandler;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Lets clients reach a {@link RequestHandler} over TCP (NettyRemotingServer). */
export class RemotingServer {
  private readonly server: Server;
  private readonly connections = new Set<ServerConnection>();

  constructor(private readonly options: RemotingServerOptions) {
    this.server = createServer({ noDelay: true }, (socket) => this.accept(socket));
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
            `Cannot listen on ${host}:${port} (${error.message}): choose another in engine.listen`,
            error,
          ),
        );
      this.server.once('error', refuse);
      this.server.listen(port, host, () => {
        this.server.off('error', refuse);
        this.server.on('error', (error) =>
          this.options.logger.error(`The server of ${host}:${port}: ${error}`),
        );
        resolve();
      });
    });
    return (this.server.address() as AddressInfo).port;
  }

  /** Listens no more, and ends all connections. */
  async close(): Promise<void> {
    if (!this.server.listening) return;
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const connection of this.connections) connection.close();
    await closed;
  }

  private accept(socket: Socket): void {
    const { handler, clock, logger } = this.options;
    const connection = new ServerConnection(socket, handler, clock, logger, () => {
      this.connections.delete(connection);
      handler.onChannelClosed(connection);
    });
    this.connections.add(connection);
  }
}
