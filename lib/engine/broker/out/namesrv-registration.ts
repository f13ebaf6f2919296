import type { Clock, Timer } from '../../../common/clock.js';
import type { Logger } from '../../../common/logger.js';
import type { RemotingRequest } from '../../../remoting/remoting-command.js';
import { RequestCode } from '../../../remoting/request-code.js';
import { ResponseCode } from '../../../remoting/response-code.js';
import { invoke, type Transport } from '../../../remoting/transport/transport.js';

/** Milliseconds between registrations (BrokerConfig.registerNameServerPeriod), and after one that failed. */
const REGISTER_PERIOD = 30_000;
const RETRY_INTERVAL = 2000;
/** Milliseconds that a name server may take to answer; the start waits for it. */
const REGISTER_TIMEOUT = 6000;

export interface NamesrvRegistrationOptions {
  readonly brokerName: string;
  readonly transport: Transport;
  /** What the broker says now. */
  readonly request: () => RemotingRequest<typeof RequestCode.REGISTER_BROKER>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Keeps a broker registered with one name server, whatever becomes of the others. */
export class NamesrvRegistration {
  /** The name server did not answer last time, or refused the broker. */
  hasFailed = false;
  private timer: Timer | undefined;
  private round: Promise<void> | undefined;
  private isChanged = false;
  private isClosed = false;

  constructor(
    readonly address: string,
    private readonly options: NamesrvRegistrationOptions,
  ) {}

  /** Registers, and goes on doing so. A failure is told of in the log, and tried again. */
  register(): Promise<void> {
    this.isChanged = true;
    this.round ??= this.run().finally(() => (this.round = undefined));
    return this.round;
  }

  /** Registers no more; what is under way goes on. */
  close(): void {
    this.isClosed = true;
    this.options.clock.clearTimeout(this.timer);
  }

  /** Settles when nothing is under way. */
  async whenIdle(): Promise<void> {
    await this.round;
  }

  /** One registration after the other; what changes during one leads to the next. */
  private async run(): Promise<void> {
    const { clock } = this.options;
    while (this.isChanged && !this.isClosed) {
      this.isChanged = false;
      this.note(await this.faultOfAttempt());
    }
    clock.clearTimeout(this.timer);
    const pause = this.hasFailed ? RETRY_INTERVAL : REGISTER_PERIOD;
    if (!this.isClosed) this.timer = clock.setTimeout(() => void this.register(), pause);
  }

  private async faultOfAttempt(): Promise<string | undefined> {
    const { transport, request } = this.options;
    try {
      const { code, remark } = await invoke(transport, this.address, request(), REGISTER_TIMEOUT);
      return code === ResponseCode.SUCCESS ? undefined : `CODE: ${code}  DESC: ${remark}`;
    } catch (error) {
      return (error as Error).message;
    }
  }

  private note(fault: string | undefined): void {
    if (this.isClosed) return;
    const { brokerName, logger } = this.options;
    const what = `registered with name server ${this.address}`;
    if (fault !== undefined && !this.hasFailed) logger.error(`Broker ${brokerName} is not ${what}: ${fault}`);
    if (fault === undefined && this.hasFailed) logger.log(`Broker ${brokerName} is ${what} now`);
    this.hasFailed = fault !== undefined;
  }
}
