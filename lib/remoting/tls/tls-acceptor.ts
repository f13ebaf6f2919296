import type { Socket } from 'node:net';
import { createServer, type Server } from 'node:tls';
import type { Clock, Timer } from '../../common/clock.js';
import { LimitedLogger } from '../../common/limited-logger.js';
import type { Logger } from '../../common/logger.js';
import type { ServerCertificates } from './server-certificates.js';

/** First byte of a connection that begins with a TLS handshake. */
const TLS_HANDSHAKE = 0x16;
/** Milliseconds that a client may take until its connection can be used. */
const HANDSHAKE_TIMEOUT = 5000;

export interface TlsAcceptorOptions {
  readonly certificates: ServerCertificates;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Gets every connection that can be used, decrypted. */
  readonly onAccepted: (socket: Socket) => void;
}

/** A connection that cannot be used yet. */
interface PendingSocket {
  readonly socket: Socket;
  readonly timer: Timer;
}

/** Tells encrypted connections from plain ones by their first byte (TlsModeHandler), and decrypts them. */
export class TlsAcceptor {
  private readonly server: Server;
  /** By the host and port of the client, which both sides of the decryption know. */
  private readonly pending = new Map<string, PendingSocket>();
  private readonly complaints: LimitedLogger;

  constructor(private readonly options: TlsAcceptorOptions) {
    const { certificates, clock, logger } = options;
    this.complaints = new LimitedLogger(logger, clock);
    const { requireClientCert } = certificates.options;
    this.server = createServer({
      ...certificates.current,
      requestCert: requireClientCert,
      rejectUnauthorized: requireClientCert,
    });
    certificates.onChange((current) => this.server.setSecureContext(current));
    this.server.on('secureConnection', (socket) => this.finish(socket));
    this.server.on('tlsClientError', (error, socket) => this.refuse(nameOf(socket), String(error)));
  }

  accept(socket: Socket): void {
    const name = nameOf(socket);
    const expire = () => {
      this.onEnded(name, socket, `it was not ready within ${HANDSHAKE_TIMEOUT} ms`);
      socket.destroy();
    };
    const timer = this.options.clock.setTimeout(expire, HANDSHAKE_TIMEOUT);
    this.pending.set(name, { socket, timer });
    socket.on('error', () => {});
    socket.once('close', () => this.onEnded(name, socket, 'it ended before the TLS handshake did'));
    socket.once('data', (chunk) => {
      socket.pause();
      socket.unshift(chunk);
      this.choose(name, socket, chunk[0] === TLS_HANDSHAKE);
    });
  }

  /** Ends the connections that cannot be used yet. */
  close(): void {
    for (const { socket } of this.pending.values()) socket.destroy();
  }

  private choose(name: string, socket: Socket, isEncrypted: boolean): void {
    // A TLS server takes connections that others have accepted.
    if (isEncrypted) return void this.server.emit('connection', socket);
    if (this.options.certificates.options.mode === 'enforcing') {
      return this.refuse(name, 'it is not encrypted');
    }
    this.finish(socket);
    socket.resume();
  }

  private finish(socket: Socket): void {
    this.forget(nameOf(socket));
    this.options.onAccepted(socket);
  }

  /** Once for each connection: what is found first is the reason. */
  private refuse(name: string, reason: string): void {
    const socket = this.pending.get(name)?.socket;
    if (socket === undefined) return;
    this.forget(name);
    this.complaints.warn(`The connection from ${name} is closed: ${reason}`);
    socket.destroy();
  }

  /** Who only looks whether somebody listens, or waits for the end of it, sends nothing, and is not worth a line. */
  private onEnded(name: string, socket: Socket, reason: string): void {
    if (this.pending.get(name)?.socket !== socket) return;
    if (socket.bytesRead > 0) this.refuse(name, reason);
    else this.forget(name);
  }

  private forget(name: string): void {
    this.options.clock.clearTimeout(this.pending.get(name)?.timer);
    this.pending.delete(name);
  }
}

const nameOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress}:${remotePort}`;
