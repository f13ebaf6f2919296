export * from '../engine/store/json-file.js';
