import { ConfigurationError } from '../errors/configuration.error.js';

/** Default of an option, what it may be, and those values in words. */
export interface OptionRule<T> {
  readonly default: T;
  readonly allowed: string;
  readonly accepts: (value: unknown) => boolean;
  /** The value must not appear in an error. Default: false. */
  readonly isSecret?: boolean;
}

export type OptionRules<T> = { readonly [K in keyof T]-?: OptionRule<T[K]> };
/** Options as they are given: what is left out, or undefined, is as by default. */
export type Given<T> = { [K in keyof T]?: T[K] | undefined };

/** Rules for options that are checked, and passed on without their defaults. */
export type OptionChecks<T> = { readonly [K in keyof T]-?: OptionRule<unknown> };

/**
 * Options with defaults filled in; `undefined` counts as absent.
 *
 * @throws ConfigurationError that names the option, its value and what is allowed.
 */
export function resolveOptions<T extends object>(
  owner: string,
  rules: OptionRules<T>,
  given: Partial<T> = {},
): T {
  checkNames(owner, given, rules);
  const resolved: Partial<T> = {};
  for (const name of Object.keys(rules) as (keyof T & string)[]) {
    const rule = rules[name];
    const value = given[name];
    if (value !== undefined) checkOption(`${owner}.${name}`, value, rule);
    resolved[name] = value === undefined ? rule.default : value;
  }
  // V8 keeps an object that grew name by name in a table, and looks up what is read with every message there; not its copy.
  return { ...resolved } as T;
}

/** @throws ConfigurationError for a name that is no key of `known`. */
export function checkNames(owner: string, given: object, known: object): void {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(known, name)) throw unknownOption(owner, name, Object.keys(known));
  }
}

/** @throws ConfigurationError with the name, the value and what is allowed. */
export function checkOption(name: string, value: unknown, rule: OptionRule<unknown>): void {
  if (rule.accepts(value)) return;
  const shown = rule.isSecret === true ? 'not valid' : display(value);
  throw new ConfigurationError(`${name} is ${shown}; allowed: ${rule.allowed}`);
}

function unknownOption(owner: string, name: string, known: string[]): ConfigurationError {
  return new ConfigurationError(`${owner}.${name} is not an option; there are: ${known.join(', ')}`);
}

function display(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 200)) : String(value);
}

export function integer(
  defaultValue: number,
  min: number,
  max = Number.MAX_SAFE_INTEGER,
): OptionRule<number> {
  return {
    default: defaultValue,
    allowed:
      max === Number.MAX_SAFE_INTEGER ? `an integer from ${min} up` : `an integer from ${min} to ${max}`,
    accepts: (value) => Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max,
  };
}

/** A limit from 1 to `max`; -1, the default, is none. */
export function limit(max: number): OptionRule<number> {
  const { accepts } = integer(1, 1, max);
  return {
    default: -1,
    allowed: `-1, or an integer from 1 to ${max}`,
    accepts: (value) => value === -1 || accepts(value),
  };
}

export function bool(defaultValue: boolean): OptionRule<boolean> {
  return {
    default: defaultValue,
    allowed: 'true or false',
    accepts: (value) => typeof value === 'boolean',
  };
}

export function oneOf<const T extends string>(defaultValue: T, values: readonly T[]): OptionRule<T> {
  return {
    default: defaultValue,
    allowed: values.join(', '),
    accepts: (value) => (values as readonly unknown[]).includes(value),
  };
}

/** A text that `accepts` takes. */
export function text<T extends string | undefined = string>(
  defaultValue: T,
  allowed: string,
  accepts: (value: string) => boolean,
): OptionRule<T> {
  return {
    default: defaultValue,
    allowed,
    accepts: (value) => typeof value === 'string' && accepts(value),
  };
}

/** What only shells, Java or other kinds of files understand: here it would be part of a relative path. */
const NO_DIRECTORY = /^~([/\\]|$)|^["']|\$\{|\p{Cc}| #[^/\\]*$|^[A-Za-z]:(?![/\\])/u;

export function directory(defaultValue: string): OptionRule<string> {
  return text(
    defaultValue,
    'a directory, without "~", "${", quotes, control characters or a comment, and with a slash behind "C:"',
    (value) => value.trim() !== '' && !NO_DIRECTORY.test(value),
  );
}

export const anyText: OptionRule<unknown> = {
  default: undefined,
  allowed: 'a text',
  accepts: (value) => typeof value === 'string',
};

/** A function or a class; absent by default. */
export function aFunction<T = unknown>(allowed = 'a function'): OptionRule<T | undefined> {
  return { default: undefined, allowed, accepts: isFunction };
}

/** A list of them; absent by default. */
export function functions(allowed: string): OptionRule<unknown> {
  return { default: undefined, allowed, accepts: (value) => Array.isArray(value) && value.every(isFunction) };
}

const isFunction = (value: unknown): boolean => typeof value === 'function';

/** Whether a value has options or entries by name. */
export function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A table of options by these names, of which some are required; absent by default. */
export function tableOf<T = unknown>(
  allowed: string,
  rules: Readonly<Record<string, OptionRule<unknown>>>,
  ...required: readonly string[]
): OptionRule<T | undefined> {
  const isAllowed = ([name, value]: [string, unknown]) =>
    Object.hasOwn(rules, name) && (value === undefined || rules[name]!.accepts(value));
  const accepts = (value: unknown) =>
    isTable(value) &&
    required.every((name) => rules[name]!.accepts(value[name])) &&
    Object.entries(value).every(isAllowed);
  return { default: undefined, allowed, accepts };
}

/** A text that is not empty and must not appear in an error; absent by default. */
export function secret(allowed: string, maxLength = Infinity): OptionRule<string | undefined> {
  const isAllowed = (value: string) => value !== '' && value.length <= maxLength;
  return { ...text<string | undefined>(undefined, allowed, isAllowed), isSecret: true };
}
