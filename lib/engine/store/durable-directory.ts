import { dirname } from 'node:path';
import type { FileSystem } from './file-system.js';

/** Creates a directory and its parents so that their entries survive a power cut, and what is put in them with them. */
export function makeDurableDirectory(fileSystem: FileSystem, path: string): void {
  if (fileSystem.isDirectory(path)) return;
  const parent = dirname(path);
  makeDurableDirectory(fileSystem, parent);
  fileSystem.makeDirectory(path);
  fileSystem.syncDirectory(parent);
}
