import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MeasuredProcess } from '../../support/measured-process.js';
import { findProgram, untilListening, type Server } from '../../support/server.js';

/** What Debian has on the PATH changes to a user of its own, who cannot write here. */
const BEHIND_DEBIAN = '/usr/lib/rabbitmq/bin';

export const findRabbitMQ = (): string | undefined =>
  findProgram('rabbitmq-server') &&
  (findProgram('rabbitmq-server', BEHIND_DEBIAN) ?? findProgram('rabbitmq-server'));

/** What the server says of itself when it starts: to ask its tools would leave a port mapper running. */
export const rabbitMQ = { version: 'RabbitMQ of unknown version' };

/** RabbitMQ as it is by default, without plugins, with a port mapper of Erlang's of its own. */
export async function startRabbitMQ(
  directory: string,
  [port, distributionPort, mapperPort]: readonly number[],
): Promise<Server> {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'plugins'), '[].');
  writeFileSync(join(directory, 'rabbitmq.conf'), `listeners.tcp.default = 127.0.0.1:${port}\n`);
  const mapping = ['-address', '127.0.0.1', '-port', String(mapperPort)];
  const mapper = MeasuredProcess.start('epmd', 'epmd', mapping, {}, join(directory, 'epmd.err'));
  await untilListening(mapperPort!, mapper);
  const server = MeasuredProcess.start('rabbitmq-server', findRabbitMQ()!, [], {
    HOME: directory,
    ERL_EPMD_PORT: String(mapperPort),
    RABBITMQ_NODENAME: 'bench@localhost',
    RABBITMQ_DIST_PORT: String(distributionPort),
    RABBITMQ_MNESIA_BASE: join(directory, 'data'),
    RABBITMQ_LOG_BASE: join(directory, 'log'),
    RABBITMQ_PID_FILE: join(directory, 'pid'),
    RABBITMQ_CONFIG_FILE: join(directory, 'rabbitmq.conf'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(directory, 'plugins'),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
  });
  const banner = await server.expectLine('RabbitMQ ');
  rabbitMQ.version = /RabbitMQ [\d.]+/.exec(banner)?.[0] ?? rabbitMQ.version;
  await server.expectLine('completed with');
  return {
    process: server,
    address: String(port),
    stop: async () => {
      await server.stop();
      await mapper.stop();
    },
  };
}
