import type { FileSystem, StoreFile } from '../../lib/common/file-system.js';
import { nodeFileSystem } from '../../lib/common/node-file-system.js';

/** Milliseconds that something takes longer. */
export interface Slowness {
  /** Every asynchronous flush. */
  readonly flush?: number;
  /** Every write to a file whose path matches, by the process itself or off its event loop. */
  readonly write?: number;
  readonly path?: RegExp;
}

/** This machine's disk, made slower: most disks flush slowly, and a busy one keeps writers waiting. */
export function slowDisk(slowness: number | Slowness): FileSystem {
  const slow = typeof slowness === 'number' ? { flush: slowness } : slowness;
  if (!slow.flush && !slow.write) return nodeFileSystem;
  return {
    ...nodeFileSystem,
    open: (path) => slowFile(nodeFileSystem.open(path), path, slow),
    create: (path) => slowFile(nodeFileSystem.create(path), path, slow),
  };
}

function slowFile(
  file: StoreFile,
  path: string,
  { flush = 0, write = 0, path: slowPath }: Slowness,
): StoreFile {
  const slow = Object.create(file) as StoreFile;
  if (flush > 0) slow.syncAsync = (done) => file.syncAsync((error) => void setTimeout(done, flush, error));
  if (write === 0 || slowPath?.test(path) === false) return slow;
  slow.write = (...transfer) => {
    Atomics.wait(NOBODY_WAKES, 0, 0, write);
    file.write(...transfer);
  };
  slow.writeAsync = (buffer, offset, length, position, done) =>
    file.writeAsync(buffer, offset, length, position, (error) => void setTimeout(done, write, error));
  return slow;
}

const NOBODY_WAKES = new Int32Array(new SharedArrayBuffer(4));
