export * from '../engine/store/node-file-system.js';
