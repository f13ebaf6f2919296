import type { Clock } from '../../../common/clock.js';
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
import { NamesrvRegistration } from './namesrv-registration.js';

/** Milliseconds that a name server may take to answer at the end. */
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
  private readonly registrations: readonly NamesrvRegistration[];
  /** Routes as they were last seen. */
  private readonly routes = new Map<string, TopicRouteData>();

  constructor(private readonly options: BrokerOuterAPIOptions) {
    const { namesrvAddrs, broker, transport, clock, logger } = options;
    const request = () => this.request();
    const shared = { brokerName: broker.brokerName, transport, request, clock, logger };
    this.registrations = namesrvAddrs.map((address) => new NamesrvRegistration(address, shared));
  }

  /** Registers, and goes on doing so. A name server that does not answer is told of in the log, and tried again. */
  async registerBrokerAll(): Promise<void> {
    await Promise.all(this.registrations.map((registration) => registration.register()));
  }

  /** Settles when name servers have answered to what was registered before, but for those that did not answer last time. */
  async whenRegistered(): Promise<void> {
    await Promise.all(this.reachable().map((registration) => registration.whenIdle()));
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

  /** The topic is not here any more. */
  forgetRoute(topic: string): void {
    this.routes.delete(topic);
  }

  /** Says of no topic any more that it is here. */
  async shutdown(): Promise<void> {
    const { broker, transport } = this.options;
    const request = { code: RequestCode.UNREGISTER_BROKER, header: broker, body: undefined };
    const { registrations } = this;
    for (const registration of registrations) registration.close();
    await Promise.allSettled(
      this.reachable().map(({ address }) => invoke(transport, address, request, UNREGISTER_TIMEOUT)),
    );
    transport.close();
    await Promise.all(registrations.map((registration) => registration.whenIdle()));
  }

  private reachable(): NamesrvRegistration[] {
    return this.registrations.filter(({ hasFailed }) => !hasFailed);
  }

  private keepRoute(topic: string, route: TopicRouteData): void {
    const fault = routeFault(topic, route);
    if (fault !== undefined) throw new RemotingCodecError(fault);
    this.routes.set(topic, route);
  }

  private request(): RemotingRequest<typeof RequestCode.REGISTER_BROKER> {
    const { broker, haServerAddr, topics } = this.options;
    const body = encodeRegisterBrokerBody(topics());
    const header = { ...broker, haServerAddr, compressed: false, bodyCrc32: crc32(body) };
    return { code: RequestCode.REGISTER_BROKER, header, body };
  }
}
