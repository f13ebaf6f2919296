import type { MQClientInstance } from './client/index.js';
import type { Clock } from './common/clock.js';
import type { Logger } from './common/logger.js';
import { Pause } from './common/pause.js';
import { MQBrokerError, MQClientError } from './errors/index.js';
import { ResponseCode } from './remoting/response-code.js';
import {
  brokersSilent,
  nameServerRefuses,
  nameServerSilent,
  noBroker,
  waitingForServers,
} from './rocketmq.messages.js';
import type { AddressSource } from './rocketmq.target.js';

/** Milliseconds between attempts to reach a cluster: doubled with every failure. */
const MIN_PAUSE = 500;
const MAX_PAUSE = 10_000;

/** Finds out whether an application can reach its cluster: a name server, and a broker that it knows. */
export class ClusterProbe {
  private readonly pause: Pause;
  private isStopped = false;
  private readonly stopped: Promise<false>;
  private resolveStopped!: (isReached: false) => void;

  constructor(
    private readonly instance: MQClientInstance,
    private readonly nameServer: string,
    private readonly source: AddressSource,
    clock: Clock,
    private readonly logger: Logger,
  ) {
    this.pause = new Pause(clock);
    this.stopped = new Promise((resolve) => (this.resolveStopped = resolve));
  }

  /** @throws MQClientError that names what cannot be reached, and says what to try. */
  async probe(): Promise<void> {
    await this.reachNameServer();
    const addresses = this.instance.brokerAddresses();
    if (addresses.length === 0) throw retryable(noBroker(this.nameServer, this.source));
    const failures: unknown[] = [];
    await Promise.all(
      addresses.map((address) =>
        this.instance.sendHeartbeat(address).catch((error: unknown) => failures.push(error)),
      ),
    );
    if (failures.length === addresses.length) {
      throw retryable(brokersSilent(this.nameServer, addresses, failures[0]), failures[0]);
    }
  }

  /** @throws MQClientError when no name server answers, or none lets this application in. */
  async reachNameServer(): Promise<void> {
    try {
      await this.instance.updateBrokers();
    } catch (error) {
      const { cause } = error as Error;
      const isRefused = cause instanceof MQBrokerError && cause.responseCode === ResponseCode.NO_PERMISSION;
      const text = isRefused
        ? nameServerRefuses(this.nameServer, cause)
        : nameServerSilent(this.nameServer, this.source, cause);
      throw retryable(text, error);
    }
  }

  /** Probes until it succeeds, and says whenever something else is wrong. Resolves to false as soon as it is stopped. */
  probeUntilReached(): Promise<boolean> {
    return Promise.race([this.probeAgainAndAgain(), this.stopped]);
  }

  stop(): void {
    this.isStopped = true;
    this.pause.end();
    this.resolveStopped(false);
  }

  private async probeAgainAndAgain(): Promise<boolean> {
    let last: string | undefined;
    for (let millis = MIN_PAUSE; !this.isStopped; millis = Math.min(millis * 2, MAX_PAUSE)) {
      try {
        await this.probe();
        return true;
      } catch (error) {
        const { message } = error as Error;
        if (message !== last && !this.isStopped) this.logger.warn(waitingForServers(message));
        last = message;
      }
      if (!this.isStopped) await this.pause.wait(millis);
    }
    return false;
  }
}

function retryable(message: string, cause?: unknown): MQClientError {
  return new MQClientError(message, { cause, retryable: true });
}
