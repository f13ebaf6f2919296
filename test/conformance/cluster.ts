import type { Transport } from '../../lib/remoting/transport/transport.js';

/** Name server and broker under test, wherever they run. */
export interface Cluster {
  readonly namesrvAddrs: readonly string[];
  /** A connection of its own for one client. */
  connect(): Transport;
  close(): Promise<void>;
}

export type StartCluster = () => Promise<Cluster>;

/** The cluster of a suite, which is started before its first test. */
export type ClusterRef = () => Cluster;

let names = 0;

/** A topic or group that no other test uses, in a cluster that may outlive the tests. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${process.pid}-${Date.now().toString(36)}-${++names}`;
}
