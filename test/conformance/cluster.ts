import { RemotingCodecError } from '../../lib/errors/remoting-codec.error.js';
import type { RemotingResponse } from '../../lib/remoting/remoting-command.js';
import type { ResponseCode } from '../../lib/remoting/response-code.js';
import type { Transport } from '../../lib/remoting/transport/transport.js';

/** Name server and broker under test, wherever they run. */
export interface Cluster {
  readonly namesrvAddrs: readonly string[];
  /** Apache's broker handles requests on several threads and stores before it can read. */
  readonly isApache?: boolean;
  /** Of Apache's broker. */
  readonly version?: string;
  /** A connection of its own for one client. */
  connect(): Transport;
  close(): Promise<void>;
}

export type StartCluster = () => Promise<Cluster>;

/** The cluster of a suite, which is started before its first test. */
export type ClusterRef = () => Cluster;

/** The code of an answer; `ownCode` for a request that cannot travel, which the client refuses itself. */
export async function codeOf(
  answer: Promise<RemotingResponse>,
  ownCode: ResponseCode,
): Promise<ResponseCode> {
  try {
    return (await answer).code;
  } catch (error) {
    if (error instanceof RemotingCodecError) return ownCode;
    throw error;
  }
}

let names = 0;

/** A topic or group that no other test uses, in a cluster that may outlive the tests. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${process.pid}-${Date.now().toString(36)}-${++names}`;
}
