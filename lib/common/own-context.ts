import { AsyncResource } from 'node:async_hooks';

/** Has what AsyncLocalStorage had when the package was loaded: as a rule nothing. */
const outermost = new AsyncResource('RocketMQ');
const newCall = () => new AsyncResource('RocketMQCall');

/** Makes what outlives its maker, as timers and sockets do: else it kept the store of the request that needed it first, and called back in it. */
export function outsideRequests<T>(make: () => T): T {
  return outermost.runInAsyncScope(make);
}

/**
 * Calls code of the application that is of no request. What it says with `AsyncLocalStorage.enterWith` nothing else sees: on Node 20 it
 * would stay with whatever runs it, and that runs others.
 */
export function inOwnContext<T>(call: () => T): T {
  return outermost.runInAsyncScope(newCall).runInAsyncScope(call);
}
