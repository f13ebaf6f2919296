/**
 * Loaded when needed: a machine for which it has no binary can still use everything but the engine. CommonJS, as Jest makes of
 * all modules, and cannot of one that asks for its own address.
 */
export const loadNativeLock = () => require('fs-native-extensions');
