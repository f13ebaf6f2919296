/** Where the engine and the client report. Nest's `Logger` fits as it is. */
export interface Logger {
  log(message: string): void;
  warn(message: string): void;
  error(message: string): void;
  debug?(message: string): void;
}

/** The default below the Nest module: says nothing. */
export const silentLogger: Logger = { log: () => {}, warn: () => {}, error: () => {} };
