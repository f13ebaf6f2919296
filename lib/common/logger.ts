/** Where the engine and the client report. Nest's `Logger` fits as it is. */
export interface Logger {
  log(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** Most characters of a line: others decide how long their names and remarks are. */
const MAX_LINE = 8192;
/** What would begin a line of its own, or tell a terminal what to do. The lines of a stack stay. */
const CONTROLS = /\n(?! {4}at )|(?!\n)[\p{Cc}\u2028\u2029]/gu;

/** A logger whose lines are lines: names, ids and remarks of others in them cannot make up further ones. */
export function escapedLogger(logger: Logger): Logger {
  return {
    log: (message) => logger.log(escaped(message)),
    warn: (message) => logger.warn(escaped(message)),
    error: (message) => logger.error(escaped(message)),
  };
}

const escaped = (message: string): string => message.slice(0, MAX_LINE).replace(CONTROLS, escapeOf);

const escapeOf = (char: string): string =>
  char === '\n' ? '\\n' : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** The default below the Nest module: says nothing. */
export const silentLogger: Logger = { log: () => {}, warn: () => {}, error: () => {} };
