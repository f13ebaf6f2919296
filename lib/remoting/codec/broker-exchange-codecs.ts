import { NO_BYTES } from '../../common/no-bytes.js';
import type { BrokerProtocol } from '../broker-protocol.js';
import type { DataVersion } from '../body/data-version.js';
import type {
  BrokerIdentity,
  RegisterBrokerRequestHeader,
  RegisterBrokerResponseHeader,
} from '../header/register-broker-request-header.js';
import { RequestCode } from '../request-code.js';
import { type BodyCodec, bytesBody, jsonRequestBody, jsonResponseBody } from './body-codec.js';
import type { ExchangeCodec } from './exchange-codecs.js';
import { lookUp, order, orderWith } from './exchange-shapes.js';
import { boolean, int, long, text } from './field-type.js';
import { headerCodec, optional, required, withDefault } from './header-codec.js';
import { dataVersion } from './topic-config-types.js';

const identity = {
  clusterName: required(text),
  brokerName: required(text),
  brokerAddr: required(text),
  brokerId: required(long),
};

const knownVersion = jsonResponseBody(dataVersion);

/** Absent when the name server knows nothing of the broker. */
const maybeVersion: BodyCodec<DataVersion | undefined> = {
  encode: (body, isStandard) => (body === undefined ? NO_BYTES : knownVersion.encode(body, isStandard)),
  decode: (body) => (body.length === 0 ? undefined : knownVersion.decode(body)),
};

/** How the requests of `BrokerProtocol` and their answers travel. */
export const BROKER_EXCHANGE_CODECS: { readonly [C in keyof BrokerProtocol]: ExchangeCodec<C> } = {
  // Apache's name server answers with its order topics as well, which nobody has any more.
  [RequestCode.REGISTER_BROKER]: {
    ...lookUp(
      headerCodec<RegisterBrokerRequestHeader>({
        ...identity,
        haServerAddr: withDefault(text, ''),
        heartbeatTimeoutMillis: optional(long),
        compressed: withDefault(boolean, false),
        bodyCrc32: withDefault(int, 0),
      }),
      headerCodec<RegisterBrokerResponseHeader>({
        haServerAddr: optional(text),
        masterAddr: optional(text),
      }),
    ),
    requestBody: bytesBody,
  },
  [RequestCode.UNREGISTER_BROKER]: order(headerCodec<BrokerIdentity>(identity)),
  [RequestCode.QUERY_DATA_VERSION]: {
    ...orderWith(headerCodec<BrokerIdentity>(identity), jsonRequestBody(dataVersion)),
    responseHeader: headerCodec<{ readonly changed: boolean }>({ changed: required(boolean) }),
    responseBody: maybeVersion,
  },
  [RequestCode.BROKER_HEARTBEAT]: order(
    headerCodec<Omit<BrokerIdentity, 'brokerId'>>({
      clusterName: identity.clusterName,
      brokerName: identity.brokerName,
      brokerAddr: identity.brokerAddr,
    }),
  ),
};
