export { EmbeddedEngine, type EngineEnvironment, type EngineOptions } from './embedded-engine.js';
export type { EngineUser, ListenOptions } from './listen-options.js';
export type { ServerTlsOptions, TlsMode } from '../remoting/tls/server-tls.js';
