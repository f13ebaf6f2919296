export { EmbeddedEngine, type EngineEnvironment, type EngineOptions } from './embedded-engine.js';
