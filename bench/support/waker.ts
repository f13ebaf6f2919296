import { parentPort, workerData } from 'node:worker_threads';

/** A thread that asks for `count` operations, `perSecond` of them, and sleeps in between. Tells when it asked. */
const { perSecond, count } = workerData as { perSecond: number; count: number };
const nobodyWakes = new Int32Array(new SharedArrayBuffer(4));
const startedAt = performance.now();
for (let number = 0; number < count; number++) {
  Atomics.wait(nobodyWakes, 0, 0, startedAt + (number * 1000) / perSecond - performance.now());
  parentPort!.postMessage(performance.timeOrigin + performance.now());
}
