import { onTestFinished } from 'vitest';
import type { Clock } from '../../lib/common/clock.js';
import { ServerCertificates } from '../../lib/remoting/tls/server-certificates.js';
import { resolveServerTls, type ServerTlsOptions } from '../../lib/remoting/tls/server-tls.js';
import { serverPem } from './certificates.js';
import { startServer } from './tcp-server.js';
import { RecordingLogger } from './test-store.js';

/** A server that encrypts, on a free port, until the test ends. */
export async function startTlsServer(tls: Partial<ServerTlsOptions> = {}, clock?: Clock) {
  const logger = new RecordingLogger();
  const options = resolveServerTls('listen.tls', { ...serverPem, ...tls })!;
  const certificates = new ServerCertificates('listen.tls', options, logger);
  certificates.watch();
  onTestFinished(() => certificates.unwatch());
  return { ...(await startServer(0, { certificates, logger, ...(clock && { clock }) })), logger };
}
