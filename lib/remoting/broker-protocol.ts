import type { DataVersion } from './body/data-version.js';
import type { Exchange, Order } from './exchange.js';
import type {
  BrokerIdentity,
  RegisterBrokerRequestHeader,
  RegisterBrokerResponseHeader,
} from './header/register-broker-request-header.js';
import type { RequestCode } from './request-code.js';

/** What brokers say to name servers: a part of `RemotingProtocol`. */
export interface BrokerProtocol {
  /** The body: a `RegisterBrokerBody` in one of its two forms, of which the header says which. */
  [RequestCode.REGISTER_BROKER]: Exchange<
    RegisterBrokerRequestHeader,
    Buffer,
    RegisterBrokerResponseHeader,
    undefined
  >;
  [RequestCode.UNREGISTER_BROKER]: Order<BrokerIdentity>;
  /** Whether the name server has other topics of the broker than those of the given version, and what it has. */
  [RequestCode.QUERY_DATA_VERSION]: Exchange<
    BrokerIdentity,
    DataVersion,
    { readonly changed: boolean },
    DataVersion | undefined
  >;
  [RequestCode.BROKER_HEARTBEAT]: Order<Omit<BrokerIdentity, 'brokerId'>>;
}
