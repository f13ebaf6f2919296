import { ApacheProcess, type ApacheOptions, type Properties } from './apache-process.js';
import type { Cleanup } from './java.js';

export type Topology = 'single' | '2m-2s-sync';

// Without `inSyncReplicas` a SYNC_MASTER of version 5 acknowledges what its slave does not have.
const syncMaster = (brokerName: string) => ({ brokerName, brokerRole: 'SYNC_MASTER', inSyncReplicas: 2 });
const slave = (brokerName: string) => ({ brokerName, brokerId: 1, brokerRole: 'SLAVE' });

const TOPOLOGIES: Readonly<Record<Topology, Readonly<Record<string, Properties>>>> = {
  single: { 'broker-a': { brokerName: 'broker-a' } },
  '2m-2s-sync': {
    'broker-a': syncMaster('broker-a'),
    'broker-b': syncMaster('broker-b'),
    'broker-a-s': slave('broker-a'),
    'broker-b-s': slave('broker-b'),
  },
};

/** A real Apache RocketMQ for several tests: a name server, and brokers that a test can kill and start again. */
export class ApacheCluster {
  private readonly cleanups: Cleanup[] = [];
  private readonly brokers = new Map<string, ApacheProcess>();
  private namesrv!: ApacheProcess;

  private constructor() {}

  /** `properties` go to every broker, system properties to the name server too. */
  static async start(topology: Topology, options: Omit<ApacheOptions, 'until'> = {}): Promise<ApacheCluster> {
    const cluster = new ApacheCluster();
    try {
      await cluster.startAll(TOPOLOGIES[topology], options);
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return cluster;
  }

  get namesrvAddr(): string {
    return this.namesrv.address;
  }

  /** `broker-a`, or `broker-a-s` for its slave. */
  broker(name: string): ApacheProcess {
    return this.brokers.get(name)!;
  }

  async close(): Promise<void> {
    // What came last goes first: a process before its directory.
    for (const cleanup of this.cleanups.reverse()) await cleanup();
  }

  private async startAll(
    plan: Readonly<Record<string, Properties>>,
    { properties, system }: ApacheOptions,
  ): Promise<void> {
    const until = (cleanup: Cleanup) => void this.cleanups.push(cleanup);
    this.namesrv = await ApacheProcess.namesrv({ system, until });
    const starts = Object.entries(plan).map(async ([name, member]) => {
      const options = { properties: { ...member, ...properties }, system, until };
      this.brokers.set(name, await ApacheProcess.broker(this.namesrvAddr, options));
    });
    // All have ended before a failure is told: one that is still starting would not be ended.
    const failed = (await Promise.allSettled(starts)).find(({ status }) => status === 'rejected');
    if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
  }
}
