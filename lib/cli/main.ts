#!/usr/bin/env node
import { createRequire } from 'node:module';
import type { Logger } from '../common/logger.js';
import { runBroker } from './broker-command.js';
import { parseCommandLine } from './command-line.js';
import { helpOf } from './help.js';
import { runQuickstart } from './quickstart-command.js';
import { UsageError } from './usage-error.js';

const COMMANDS: ReadonlyMap<string | undefined, typeof runBroker> = new Map([
  ['broker', runBroker],
  ['quickstart', runQuickstart],
]);
/** The last one comes when a terminal is closed; Node does not let it be ignored, as nohup asks for. */
const END_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
const START_FAILED = 1;
const WRONG_USAGE = 2;
/** With the number of the signal, as shells report it. */
const SIGNALLED = 128;

/** Standard output is for what was asked for. */
const logger: Logger = {
  log: (message) => report('INFO', message),
  warn: (message) => report('WARN', message),
  error: (message) => report('ERROR', message),
};

function report(level: string, message: string): void {
  console.error(`${new Date().toISOString()} ${level} ${message}`);
}

async function main(parameters: readonly string[]): Promise<void> {
  const { words, flags } = parseCommandLine(parameters);
  const [name, ...others] = words;
  if (flags.has('version')) return console.log(version());
  if (flags.has('help')) return console.log(helpOf(name));
  const command = COMMANDS.get(name);
  if (command === undefined) {
    const what = name === undefined ? 'A command is missing' : `"${name}" is not a command`;
    throw new UsageError(`${what}; there are: ${[...COMMANDS.keys()].join(', ')}`);
  }
  await command({ words: others, flags }, logger, untilSignal());
}

/** Settles when the process is asked to end; a second request ends it at once, but for SIGHUP, which a terminal sends twice. */
function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    let isEnding = false;
    const end = (signal: NodeJS.Signals, number: number) => {
      // The first process of a container would not be ended by a signal that it leaves alone.
      if (isEnding && signal !== 'SIGHUP') process.exit(SIGNALLED + number);
      isEnding = true;
      resolve();
    };
    for (const signal of END_SIGNALS) process.on(signal, end);
  });
}

function version(): string {
  return (createRequire(import.meta.url)('nestjs-rocketmq/package.json') as { version: string }).version;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const isUsage = error instanceof UsageError;
  console.error(error instanceof Error ? error.message : String(error));
  if (isUsage) console.error('See nestjs-rocketmq --help');
  process.exitCode = isUsage ? WRONG_USAGE : START_FAILED;
});
