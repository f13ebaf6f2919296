import { systemClock } from '../../lib/common/clock.js';
import { silentLogger } from '../../lib/common/logger.js';
import { flagOf } from '../../lib/cli/broker-keys.js';
import { TcpTransport } from '../../lib/remoting/transport/tcp-transport.js';
import type { Cluster } from '../conformance/cluster.js';
import { CliProcess } from '../support/cli-process.js';
import { ApacheProcess, type Properties } from './apache-process.js';
import { workDirectory } from './java.js';

/** A broker on a store, ours or Apache's, until the test ends. */
export interface StoreBroker extends Cluster {
  end(signal: NodeJS.Signals): Promise<unknown>;
}

export type StartBroker = (store: string) => Promise<StoreBroker>;

/** Our broker, which may refuse the store. */
export function runOurs(store: string, properties: Properties = {}): CliProcess {
  const values = { listenPort: 0, nameServerPort: 0, storePathRootDir: store, ...properties };
  const flags = Object.entries(values).flatMap(([key, value]) => [`--${flagOf(key)}`, `${value}`]);
  return CliProcess.start(['broker', ...flags], workDirectory());
}

export async function startOurs(store: string, properties: Properties = {}): Promise<StoreBroker> {
  const broker = runOurs(store, properties);
  await broker.printed('is ready');
  const [, namesrvAddr] = /name server (\S+),/.exec(broker.stdout)!;
  return brokerAt(namesrvAddr!, (signal) => broker.end(signal));
}

export async function startApache(store: string, others: Properties = {}): Promise<StoreBroker> {
  const namesrv = await ApacheProcess.namesrv();
  const properties = { storePathRootDir: store, ...others };
  const broker = await ApacheProcess.broker(namesrv.address, { properties });
  return brokerAt(namesrv.address, async (signal) => {
    await broker.end(signal);
    await namesrv.end();
  });
}

function brokerAt(namesrvAddr: string, end: StoreBroker['end']): StoreBroker {
  return {
    namesrvAddrs: [namesrvAddr],
    connect: () => new TcpTransport({ clock: systemClock, logger: silentLogger }),
    end,
    close: async () => void (await end('SIGTERM')),
  };
}
