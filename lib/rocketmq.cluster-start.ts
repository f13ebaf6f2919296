import type { RocketMQStartup } from './interfaces/rocketmq-module-options.interface.js';
import type { Logger } from './common/logger.js';
import { MQClientError } from './errors/index.js';
import type { ClusterProbe } from './rocketmq.cluster-probe.js';
import { shutDownWhileWaiting } from './rocketmq.messages.js';

/** What ends an application that has called `enableShutdownHooks`; the last one is what nodemon sends. */
const SHUTDOWN_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const;

/** Joins a cluster of other processes as `startup` says. */
export class ClusterStart {
  private reached = Promise.resolve(true);
  private isWaiting = false;

  constructor(
    private readonly probe: ClusterProbe,
    private readonly startup: RocketMQStartup,
    private readonly nameServer: string,
    private readonly logger: Logger,
  ) {}

  /** @throws MQClientError when no name server, or no broker, answers, unless that is to be waited for. */
  async join(): Promise<void> {
    if (this.startup === 'fail') {
      await this.probe.probe();
      return this.onReached();
    }
    this.isWaiting = true;
    this.reached = this.probe.probeUntilReached();
    void this.reached.then((isReached) => isReached && this.onReached());
    if (this.startup === 'lazy' || (await this.reachedOrSignalled())) return;
    throw new MQClientError(shutDownWhileWaiting(this.nameServer));
  }

  /** Joins, as a guest, the application that runs the engine. */
  async joinHost(): Promise<void> {
    await this.probe.reachNameServer();
    this.onReached();
  }

  /** Only a lazy start leaves that open. */
  get isReached(): boolean {
    return !this.isWaiting;
  }

  /** Resolves to true when the cluster can be reached, to false when nobody waits for it any more. */
  whenReached(): Promise<boolean> {
    return this.reached;
  }

  stopWaiting(): void {
    this.probe.stop();
  }

  /** Nest shuts an application down when its start has ended, and not before: the wait must end at the signal itself. */
  private async reachedOrSignalled(): Promise<boolean> {
    // Where nobody handles a signal it ends the process anyhow.
    const signals = SHUTDOWN_SIGNALS.filter(
      (signal) => process.listenerCount(signal) > 0 && !asksForReport(signal),
    );
    const stop = () => this.stopWaiting();
    for (const signal of signals) process.once(signal, stop);
    try {
      return await this.reached;
    } finally {
      for (const signal of signals) process.off(signal, stop);
    }
  }

  private onReached(): void {
    this.isWaiting = false;
    this.logger.log(`Using the RocketMQ cluster of nameServer ${this.nameServer}`);
  }
}

/** With `--report-on-signal` Node itself handles it, and goes on. */
function asksForReport(signal: string): boolean {
  const { report } = process;
  return report.reportOnSignal && report.signal === signal;
}
