import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isLoopback, parseHostPort } from '../common/host-port.js';
import type { Logger } from '../common/logger.js';
import { environmentNamesrvAddr } from '../common/mix-all.js';
import { EmbeddedEngine } from '../engine/index.js';
import { ConfigurationError } from '../errors/index.js';
import { BROKER_KEYS, brokerOptions, KEY_NAMES, NAMESRV_ADDR } from './broker-keys.js';
import { needed, type CommandLine } from './command-line.js';
import { parseProperties } from './properties.js';
import { UsageError } from './usage-error.js';

/** The flag that is not a key of the broker, also as Apache's mqbroker writes it. */
const CONFIG_FILE: readonly string[] = ['config-file', 'configFile'];

/**
 * Runs an engine until the process is asked to end.
 *
 * @throws UsageError for a file, key or value that will not do; StoreError, ConfigurationError when the start fails.
 */
export async function runBroker(commandLine: CommandLine, logger: Logger, end: Promise<void>): Promise<void> {
  if (commandLine.words.length > 0)
    throw new UsageError(`"${commandLine.words[0]}" is too much; keys are given as --key value`);
  const { engine: options, warnings } = brokerOptions(valuesOf(commandLine));
  for (const warning of warnings) logger.warn(warning);
  const engine = create(() => new EmbeddedEngine(options, { logger }));
  let isStarting = true;
  void end.then(() => {
    if (isStarting)
      logger.log('The broker ends as soon as its start is done; a second signal ends it at once');
  });
  await engine.start().catch(failStart);
  isStarting = false;
  console.log(
    `The broker ${engine.brokerName} is ready: name server ${engine.listenAddress}, broker ${engine.brokerAddr}, ` +
      `store ${engine.storePathRootDir}`,
  );
  await end;
  await engine.shutdown();
}

/** What the file says, and the flags instead where both do; the environment only where neither does. */
function valuesOf({ flags }: CommandLine): Map<string, string> {
  const file = CONFIG_FILE.find((flag) => flags.has(flag));
  const fromFile = file === undefined ? [] : readFile(needed(file, flags.get(file)));
  const values = new Map([...fromEnvironment(), ...fromFile]);
  const keys = new Map(KEY_NAMES.map((key) => [key.toLowerCase(), key]));
  for (const [flag, value] of flags) {
    if (CONFIG_FILE.includes(flag)) continue;
    const key = keys.get(flag.replaceAll('-', '').toLowerCase()) ?? camelCase(flag);
    const isSwitch = typeof BROKER_KEYS.get(key)?.rule.default === 'boolean';
    values.set(key, isSwitch && value === undefined ? 'true' : needed(flag, value));
  }
  return values;
}

/** Where tools look for a name server on this machine, this command runs it. */
function fromEnvironment(): [string, string][] {
  const addresses = environmentNamesrvAddr();
  if (addresses === undefined) return [];
  const isHere = (address: string) => isLoopback(parseHostPort(address)?.host ?? address);
  return addresses.match(/[^;\s]+/g)?.every(isHere) ? [] : [[NAMESRV_ADDR, addresses]];
}

/** A file that says nothing of the store means the directory that Apache's broker has by default. */
function readFile(file: string): Map<string, string> {
  try {
    return new Map([['storePathRootDir', join(homedir(), 'store')], ...parseProperties(readFileSync(file))]);
  } catch (error) {
    throw new UsageError(`The configuration file ${file} cannot be read: ${(error as Error).message}`);
  }
}

function camelCase(flag: string): string {
  return flag.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** What the engine finds wrong with its options, by the name that it has here. */
function create(make: () => EmbeddedEngine): EmbeddedEngine {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw new UsageError(withKeys(error.message));
  }
}

function failStart(error: Error): never {
  error.message = withKeys(error.message);
  throw error;
}

/** Options by the names that they have here; what looks like one in a path stays. */
function withKeys(message: string): string {
  return message.replaceAll(/(?<![\w./-])engine\.(listen\.)?/g, '');
}
