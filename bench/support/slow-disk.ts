import type { FileSystem, StoreFile } from '../../lib/common/file-system.js';
import { nodeFileSystem } from '../../lib/common/node-file-system.js';

/** This machine's disk, with every asynchronous flush taking `delay` milliseconds longer: as most disks are. */
export function slowDisk(delay: number): FileSystem {
  if (delay === 0) return nodeFileSystem;
  return {
    ...nodeFileSystem,
    open: (path) => slowFile(nodeFileSystem.open(path), delay),
    create: (path) => slowFile(nodeFileSystem.create(path), delay),
  };
}

function slowFile(file: StoreFile, delay: number): StoreFile {
  const slow = Object.create(file) as StoreFile;
  slow.syncAsync = (done) => file.syncAsync((error) => void setTimeout(done, delay, error));
  return slow;
}
