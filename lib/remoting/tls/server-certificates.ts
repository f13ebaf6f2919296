import { unwatchFile, watchFile } from 'node:fs';
import type { SecureContextOptions } from 'node:tls';
import type { Logger } from '../../common/logger.js';
import { pathsOf, readPem } from './pem.js';
import type { ServerTlsOptions } from './server-tls.js';

/** Milliseconds between looks at the files. */
const WATCH_INTERVAL = 1000;

/** The certificate and key of a server, which are read again when their files change. */
export class ServerCertificates {
  current: SecureContextOptions;
  private readonly listeners = new Set<(current: SecureContextOptions) => void>();
  private readonly reload = () => this.read();

  /** @throws ConfigurationError that names the option, and a file that cannot be used. */
  constructor(
    private readonly owner: string,
    readonly options: ServerTlsOptions,
    private readonly logger: Logger,
  ) {
    this.current = readPem(owner, options);
  }

  /** Begins to look for changes. */
  watch(): void {
    const options = { interval: WATCH_INTERVAL, persistent: false };
    for (const path of pathsOf(this.options)) watchFile(path, options, this.reload);
  }

  unwatch(): void {
    for (const path of pathsOf(this.options)) unwatchFile(path, this.reload);
  }

  onChange(listener: (current: SecureContextOptions) => void): void {
    this.listeners.add(listener);
  }

  /** Files are replaced one after the other, so that they may not fit each other for a moment. */
  private read(): void {
    try {
      this.current = readPem(this.owner, this.options);
      for (const listener of this.listeners) listener(this.current);
      this.logger.log(`${this.owner}: new connections use the certificate that was put in place`);
    } catch (error) {
      this.logger.warn(`${this.owner}: the certificate of before stays in use. ${(error as Error).message}`);
    }
  }
}
