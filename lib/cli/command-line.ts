import { UsageError } from './usage-error.js';

/** What stands behind a command. */
export interface CommandLine {
  readonly words: readonly string[];
  /** Values by flag, without its hyphens; undefined for one that stands alone. */
  readonly flags: ReadonlyMap<string, string | undefined>;
}

/** Flags of one letter, and what they stand for. */
const SHORT: ReadonlyMap<string, string> = new Map([
  ['c', 'config-file'],
  ['h', 'help'],
  ['n', 'namesrv-addr'],
  ['v', 'version'],
]);
/** Flags that never have a value. */
const ALONE: ReadonlySet<string> = new Set(['help', 'version']);

/** @throws UsageError for a flag of one letter that there is not. */
export function parseCommandLine(parameters: readonly string[]): CommandLine {
  const words: string[] = [];
  const flags = new Map<string, string | undefined>();
  for (let i = 0; i < parameters.length; i++) {
    const parameter = parameters[i]!;
    if (!isFlag(parameter)) {
      words.push(parameter);
      continue;
    }
    const [flag, value] = splitFlag(parameter);
    const next = parameters[i + 1];
    if (value !== undefined) flags.set(flag, value);
    else if (ALONE.has(flag) || next === undefined || isFlag(next)) flags.set(flag, undefined);
    else flags.set(flag, parameters[++i]!);
  }
  return { words, flags };
}

/** @throws UsageError for a flag that stands alone. */
export function needed(flag: string, value: string | undefined): string {
  if (value === undefined) throw new UsageError(`--${flag} needs a value`);
  return value;
}

/** Whether it is no word, and no negative number. */
function isFlag(parameter: string): boolean {
  return /^-(?!\d)/.test(parameter);
}

function splitFlag(parameter: string): [flag: string, value: string | undefined] {
  const [, name, value] = /^--?([^=]*)(?:=(.*))?$/s.exec(parameter)!;
  if (parameter.startsWith('--')) return [name!, value];
  const flag = SHORT.get(name!);
  if (flag === undefined) throw new UsageError(`${parameter} is not an option; there are -c, -n, -h and -v`);
  return [flag, value];
}
