import { join } from 'node:path';
import { homedir } from 'node:os';
import { DEFAULT_MAX_MESSAGE_SIZE } from '../common/message-ext.js';
import { localIp } from '../common/message-client-id-setter.js';
import { bool, directory, integer, text, type OptionRules } from '../common/option-rules.js';

/** What a client does in the background; units are milliseconds (ClientConfig). */
export interface ClientConfig {
  /** Tells clients of one machine apart; the default is unique. */
  instanceName: string;
  /** The unit (deployment cell) of the client; part of its id. */
  unitName: string | undefined;
  /** Whether topics and groups of this client belong to its unit alone. */
  unitMode: boolean;
  /** Part of the names of topics and groups, in brokers only. */
  namespace: string | undefined;
  pollNameServerInterval: number;
  heartbeatBrokerInterval: number;
  persistConsumerOffsetInterval: number;
  rebalanceInterval: number;
  /** For requests other than sends and pulls. */
  mqClientApiTimeout: number;
  /** Bytes to which the body of a message that is received may inflate; those of one that is sent are an option of the producer. */
  maxMessageSize: number;
  /** Where broadcasting consumers keep their offsets. */
  localOffsetStoreDir: string;
}

/** What brokers store. */
export const maxMessageSizeRule = integer(DEFAULT_MAX_MESSAGE_SIZE, 1, 128 * 1024 * 1024);

/** What these options may be, also where an application has them. */
export const clientRules: OptionRules<ClientConfig> = {
  instanceName: text('DEFAULT', 'letters, digits and "_", "#", "@", ".", "-", at most 255', (value) =>
    /^[\w#@.-]{1,255}$/.test(value),
  ),
  unitName: text<string | undefined>(undefined, 'letters, digits and "_", ".", "-", at most 64', (value) =>
    /^[\w.-]{1,64}$/.test(value),
  ),
  unitMode: bool(false),
  namespace: text<string | undefined>(undefined, 'letters, digits, "_" and "-", at most 64', (value) =>
    /^[\w-]{1,64}$/.test(value),
  ),
  pollNameServerInterval: integer(30_000, 10),
  heartbeatBrokerInterval: integer(30_000, 10),
  persistConsumerOffsetInterval: integer(5000, 10),
  rebalanceInterval: integer(20_000, 10),
  mqClientApiTimeout: integer(3000, 1),
  maxMessageSize: maxMessageSizeRule,
  localOffsetStoreDir: directory(join(homedir(), '.rocketmq_offsets')),
};

/** ClientConfig#buildMQClientId. */
export function buildClientId(
  instanceName: string,
  unitName: string | undefined,
  host: string = localIp(),
): string {
  return `${host}@${instanceName}${unitName === undefined ? '' : `@${unitName}`}`;
}
