import { dirname } from 'node:path';
import type { FileSystem } from './file-system.js';

/** Creates a directory and its parents so that their entries survive a power cut, and what is put in them with them. */
export function makeDurableDirectory(fileSystem: FileSystem, path: string): void {
  if (fileSystem.isDirectory(path)) return;
  const parent = dirname(path);
  makeDurableDirectory(fileSystem, parent);
  fileSystem.makeDirectory(path);
  try {
    fileSystem.syncDirectory(parent);
  } catch (error) {
    // Whoever finds it takes it for durable.
    fileSystem.removeDirectory(path);
    throw error;
  }
}

/** Makes the entries of a directory and its parents survive a power cut, whoever created them. */
export function syncAncestors(fileSystem: FileSystem, path: string): void {
  const parent = dirname(path);
  if (parent === path) return;
  syncAncestors(fileSystem, parent);
  try {
    fileSystem.syncDirectory(parent);
  } catch (error) {
    // Not everyone may read every parent; those are seldom new.
    if ((error as NodeJS.ErrnoException).code === 'EIO') throw error;
  }
}
