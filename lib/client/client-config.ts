import { join } from 'node:path';
import { homedir } from 'node:os';
import { bool, integer, resolveOptions, text, type OptionRules } from '../common/option-rules.js';

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
  /** Where broadcasting consumers keep their offsets. */
  localOffsetStoreDir: string;
}

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
  localOffsetStoreDir: text(
    join(homedir(), '.rocketmq_offsets'),
    'a directory',
    (value) => value.trim() !== '',
  ),
};

/** Fills in defaults; {@link ConfigurationError} for a value that is not allowed. */
export function resolveClientConfig(given: Partial<ClientConfig> = {}): ClientConfig {
  return resolveOptions('client', clientRules, given);
}
