import { resolve } from 'node:path';
import { isLoopback } from '../common/host-port.js';
import type { OptionRule } from '../common/option-rules.js';
import { brokerRules } from '../engine/broker/broker-config.js';
import type { EngineOptions } from '../engine/index.js';
import { listenRules, type ListenOptions } from '../engine/listen-options.js';
import { storeRules } from '../engine/store/message-store-config.js';
import { UsageError } from './usage-error.js';

/** A key of the broker's configuration. */
interface BrokerKey {
  readonly rule: OptionRule<unknown>;
  /** Where the value goes. */
  readonly set: (options: MutableOptions, value: unknown) => void;
}

interface MutableOptions extends Record<string, unknown> {
  readonly listen: Record<string, unknown>;
}

const { host, listenPort, nameServerPort, advertisedHost, vipChannelEnabled, allowInsecure } = listenRules;

/** Keys of the sockets, of which Apache's broker has the first two. */
const SOCKET_KEYS: Readonly<Record<string, BrokerKey>> = {
  bindAddress: { rule: host, set: (options, value) => (options.listen['host'] = value) },
  listenPort: { rule: listenPort, set: (options, value) => (options.listen['listenPort'] = value) },
  nameServerPort: {
    rule: nameServerPort,
    set: (options, value) => (options.listen['nameServerPort'] = value),
  },
  advertisedHost: {
    rule: advertisedHost,
    set: (options, value) => (options.listen['advertisedHost'] = value),
  },
  vipChannelEnabled: {
    rule: vipChannelEnabled,
    set: (options, value) => (options.listen['vipChannelEnabled'] = value),
  },
  allowInsecure: { rule: allowInsecure, set: (options, value) => (options.listen['allowInsecure'] = value) },
  brokerIP1: {
    rule: brokerRules.brokerIP1,
    set(options, value) {
      options['brokerIP1'] = value;
      options.listen['advertisedHost'] ??= value;
    },
  },
};

/** All keys, which are those of Apache's broker and a few more. */
export const BROKER_KEYS: ReadonlyMap<string, BrokerKey> = new Map([
  ...Object.entries<OptionRule<unknown>>({ ...brokerRules, ...storeRules }).map(
    ([name, rule]): [string, BrokerKey] => [name, { rule, set: (options, value) => (options[name] = value) }],
  ),
  ...Object.entries(SOCKET_KEYS),
]);

/** The key that is also a variable of the environment; without a value, there are no name servers. */
export const NAMESRV_ADDR = 'namesrvAddr';
/** Keys with ";" between values. */
const LISTS: ReadonlySet<string> = new Set([NAMESRV_ADDR, 'deleteWhen']);

/** Keys of Apache's broker that promise what this broker does not have, with the value that promises nothing. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  ['brokerId', '0'],
  ['brokerRole', 'ASYNC_MASTER'],
  ['brokerPermission', '6'],
  ['storeType', 'default'],
  ['configManagerVersion', 'v1'],
  ['timerRocksDBEnable', 'false'],
  ['transRocksDBEnable', 'false'],
  ['popConsumerKVServiceEnable', 'false'],
  ['messageStorePlugIn', ''],
  ['enableLmq', 'false'],
  ['enableMultiDispatch', 'false'],
  ['enableDLegerCommitLog', 'false'],
  ['enableControllerMode', 'false'],
  ['aclEnable', 'false'],
  ['authenticationEnabled', 'false'],
  ['authorizationEnabled', 'false'],
]);

/** Directories that Apache's broker can have elsewhere, and their names below storePathRootDir. */
const DIRECTORIES: ReadonlyMap<string, string> = new Map([
  ['storePathCommitLog', 'commitlog'],
  ['storePathConsumeQueue', 'consumequeue'],
  ['storePathIndex', 'index'],
]);

/** All that is known, with or without an effect. */
export const KEY_NAMES = [...BROKER_KEYS.keys(), ...REFUSED.keys(), ...DIRECTORIES.keys()];

export interface BrokerOptions {
  readonly engine: EngineOptions;
  /** Of keys that have no effect. */
  readonly warnings: readonly string[];
}

/**
 * Makes the options of an engine that listens of keys and values as text.
 *
 * @throws UsageError that names key, value and what is allowed.
 */
export function brokerOptions(values: ReadonlyMap<string, string>): BrokerOptions {
  const engine: MutableOptions = { listen: {} };
  const warnings: string[] = [];
  const root = values.get('storePathRootDir') ?? storeRules.storePathRootDir.default;
  for (const [name, given] of values) {
    const key = BROKER_KEYS.get(name);
    // Java's split leaves out what is empty at the end.
    const text = LISTS.has(name) ? given.replace(/[;\s]+$/, '').trim() : given.trim();
    if (name === NAMESRV_ADDR && text === '') continue;
    if (key !== undefined) key.set(engine, parseValue(name, text, key.rule));
    else if (REFUSED.has(name)) checkRefused(name, text, REFUSED.get(name)!);
    else if (DIRECTORIES.has(name)) checkDirectory(name, text, root);
    else warnings.push(`${name} is not a key of this broker, and has no effect`);
  }
  checkReach(engine.listen as Partial<ListenOptions>);
  return { engine: engine as EngineOptions, warnings };
}

/** `storePathRootDir` becomes `store-path-root-dir`. */
export function flagOf(key: string): string {
  return key.replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase();
}

function parseValue(name: string, text: string, rule: OptionRule<unknown>): unknown {
  const value = typed(text, typeof rule.default);
  if (rule.accepts(value)) return value;
  throw new UsageError(`${name} is ${JSON.stringify(text)}; allowed: ${rule.allowed}`);
}

function typed(text: string, type: string): unknown {
  if (type === 'number') return /^-?\d+$/.test(text) ? Number(text) : NaN;
  if (type === 'boolean') return /^(true|false)$/i.test(text) ? text.toLowerCase() === 'true' : undefined;
  return text;
}

function checkRefused(name: string, text: string, allowed: string): void {
  if (text === allowed) return;
  throw new UsageError(
    `${name} is ${JSON.stringify(text)}; allowed: ${allowed || 'no value'}. This broker has nothing else, and would not keep what the ` +
      'key promises',
  );
}

/** What the engine says of such an address advises options for which there are no keys. */
function checkReach({ host: address, allowInsecure: isAllowed }: Partial<ListenOptions>): void {
  if (address === undefined || isLoopback(address) || isAllowed === true) return;
  throw new UsageError(
    `bindAddress is "${address}", so everyone who can reach this machine could read and write all messages. This command ` +
      'has neither TLS nor users: use a loopback address, set allowInsecure=true if a firewall protects it, or run the ' +
      'engine in an application (engine.listen.tls, engine.listen.users)',
  );
}

function checkDirectory(name: string, text: string, root: string): void {
  const allowed = resolve(root.trim(), DIRECTORIES.get(name)!);
  if (resolve(text) === allowed) return;
  throw new UsageError(
    `${name} is ${JSON.stringify(text)}; allowed: ${allowed}. A store is in one place here: move the directory there, ` +
      'or put a link',
  );
}
