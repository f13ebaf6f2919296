import type { Clock, Timer } from '../../../common/clock.js';
import { crc32 } from '../../../common/crc32.js';
import type { Logger } from '../../../common/logger.js';
import { RemotingCodecError } from '../../../errors/remoting-codec.error.js';
import type { RegisterBrokerBody } from '../../../remoting/body/register-broker-body.js';
import { routeFault } from '../../../remoting/body/route-fault.js';
import type { TopicRouteData } from '../../../remoting/body/topic-route-data.js';
import { encodeRegisterBrokerBody } from '../../../remoting/codec/register-broker-body-codec.js';
import type { BrokerIdentity } from '../../../remoting/header/register-broker-request-header.js';
import type { RemotingRequest } from '../../../remoting/remoting-command.js';
import { RequestCode } from '../../../remoting/request-code.js';
import { ResponseCode } from '../../../remoting/response-code.js';
import { invoke, type Transport } from '../../../remoting/transport/transport.js';

/** Milliseconds between registrations (BrokerConfig.registerNameServerPeriod), and after one that failed. */
const REGISTER_PERIOD = 30_000;
const RETRY_INTERVAL = 2000;
/** Milliseconds that a name server may take to answer, and at the end; the start waits for it. */
const REGISTER_TIMEOUT = 6000;
const UNREGISTER_TIMEOUT = 3000;
/** Milliseconds that a name server may take to answer with a route; clients wait for it. */
const ROUTE_TIMEOUT = 3000;

export interface BrokerOuterAPIOptions {
  readonly namesrvAddrs: readonly string[];
  readonly transport: Transport;
  readonly broker: BrokerIdentity;
  readonly haServerAddr: string;
  /** The topics as they are now. */
  readonly topics: () => RegisterBrokerBody;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Keeps a broker registered with name servers of other processes (BrokerOuterAPI, BrokerController#registerBrokerAll). */
export class BrokerOuterAPI {
  /** Name servers that did not answer last time. */
  private readonly silent = new Set<string>();
  /** Routes as they were last seen. */
  private readonly routes = new Map<string, TopicRouteData>();
  private timer: Timer | undefined;
  private round: Promise<void> | undefined;
  private isChanged = false;
  private isClosed = false;

  constructor(private readonly options: BrokerOuterAPIOptions) {}

  /** Registers, and goes on doing so. A name server that does not answer is told of in the log, and tried again. */
  registerBrokerAll(): Promise<void> {
    this.isChanged = true;
    this.round ??= this.run().finally(() => (this.round = undefined));
    return this.round;
  }

  /**
   * The route of a topic in the whole cluster; while no name server answers, as it was last seen.
   *
   * @throws RemotingCodecError when it has more queues than there can be.
   */
  async topicRouteOf(topic: string): Promise<TopicRouteData | undefined> {
    const { namesrvAddrs, transport } = this.options;
    const request = { code: RequestCode.GET_ROUTEINFO_BY_TOPIC, header: { topic }, body: undefined };
    for (const address of namesrvAddrs) {
      const answer = await invoke(transport, address, request, ROUTE_TIMEOUT).catch(() => undefined);
      if (answer?.code === ResponseCode.TOPIC_NOT_EXIST) this.routes.delete(topic);
      else if (answer?.code === ResponseCode.SUCCESS) this.keepRoute(topic, answer.body!);
      else continue;
      break;
    }
    return this.routes.get(topic);
  }

  /** Says of no topic any more that it is here. */
  async shutdown(): Promise<void> {
    this.isClosed = true;
    this.options.clock.clearTimeout(this.timer);
    const { broker, transport, namesrvAddrs } = this.options;
    const request = { code: RequestCode.UNREGISTER_BROKER, header: broker, body: undefined };
    const reachable = namesrvAddrs.filter((address) => !this.silent.has(address));
    await Promise.allSettled(
      reachable.map((address) => invoke(transport, address, request, UNREGISTER_TIMEOUT)),
    );
    transport.close();
    await this.round;
  }

  private keepRoute(topic: string, route: TopicRouteData): void {
    const fault = routeFault(topic, route);
    if (fault !== undefined) throw new RemotingCodecError(fault);
    this.routes.set(topic, route);
  }

  /** One registration after the other; what changes during one leads to the next. */
  private async run(): Promise<void> {
    const { clock, namesrvAddrs } = this.options;
    while (this.isChanged && !this.isClosed) {
      this.isChanged = false;
      const request = this.request();
      await Promise.all(namesrvAddrs.map((address) => this.register(address, request)));
    }
    clock.clearTimeout(this.timer);
    const pause = this.silent.size === 0 ? REGISTER_PERIOD : RETRY_INTERVAL;
    if (!this.isClosed) this.timer = clock.setTimeout(() => void this.registerBrokerAll(), pause);
  }

  private request(): RemotingRequest<typeof RequestCode.REGISTER_BROKER> {
    const { broker, haServerAddr, topics } = this.options;
    const body = encodeRegisterBrokerBody(topics());
    const header = { ...broker, haServerAddr, compressed: false, bodyCrc32: crc32(body) };
    return { code: RequestCode.REGISTER_BROKER, header, body };
  }

  private async register(
    address: string,
    request: RemotingRequest<typeof RequestCode.REGISTER_BROKER>,
  ): Promise<void> {
    const fault = await this.faultOf(address, request);
    if (this.isClosed) return;
    const { brokerName } = this.options.broker;
    if (fault !== undefined) {
      if (!this.silent.has(address))
        this.options.logger.error(
          `Broker ${brokerName} is not registered with name server ${address}: ${fault}`,
        );
      this.silent.add(address);
    } else if (this.silent.delete(address)) {
      this.options.logger.log(`Broker ${brokerName} is registered with name server ${address} now`);
    }
  }

  private async faultOf(
    address: string,
    request: RemotingRequest<typeof RequestCode.REGISTER_BROKER>,
  ): Promise<string | undefined> {
    try {
      const { code, remark } = await invoke(this.options.transport, address, request, REGISTER_TIMEOUT);
      return code === ResponseCode.SUCCESS ? undefined : `CODE: ${code}  DESC: ${remark}`;
    } catch (error) {
      return (error as Error).message;
    }
  }
}
