import { describe, expect, it } from 'vitest';
import type { FileSystem, StoreFile } from '../../../lib/common/file-system.js';
import { OpenFiles } from '../../../lib/engine/store/open-files.js';
import { SimulatedDisk } from '../../support/simulated-file-system.js';
import { RecordingLogger } from '../../support/test-store.js';
import { settle } from '../../support/virtual-clock.js';

const PATHS = ['/a', '/b', '/c', '/d'];

/** A file system that counts which of its files are open. */
function countingFiles(): { fileSystem: FileSystem; open: string[] } {
  const base = new SimulatedDisk({ now: () => 0 }).mount();
  for (const path of PATHS) base.create(path).close();
  const open: string[] = [];
  const counted = (path: string, file: StoreFile): StoreFile => {
    open.push(path);
    const close = file.close.bind(file);
    return Object.assign(file, {
      close: () => {
        open.splice(open.indexOf(path), 1);
        close();
      },
    });
  };
  const fileSystem = Object.assign(Object.create(base) as FileSystem, {
    open: (path: string) => counted(path, base.open(path)),
    create: (path: string) => counted(path, base.create(path)),
  });
  return { fileSystem, open };
}

describe('OpenFiles', () => {
  it('keeps so many open, and closes the one that was not used for longest', () => {
    const { fileSystem, open } = countingFiles();
    const files = new OpenFiles(fileSystem, 2, new RecordingLogger());
    files.get('/a');
    files.get('/b');
    files.get('/a');
    files.get('/c');
    expect(open.toSorted()).toEqual(['/a', '/c']);
    files.get('/b').size();
    expect(open.toSorted()).toEqual(['/b', '/c']);
  });

  it('keeps one open that is wanted open', () => {
    const { fileSystem, open } = countingFiles();
    const files = new OpenFiles(fileSystem, 2, new RecordingLogger());
    files.keepOpen('/a');
    for (const path of PATHS) files.get(path);
    expect(open.toSorted()).toEqual(['/a', '/d']);
    files.letClose('/a');
    files.get('/b');
    expect(open.toSorted()).toEqual(['/b', '/d']);
  });

  it('keeps a file open until its transfers have ended, also when it is closed meanwhile', async () => {
    const { fileSystem, open } = countingFiles();
    const files = new OpenFiles(fileSystem, 1, new RecordingLogger());
    const ended: string[] = [];
    const note = (name: string) => (error: Error | null) =>
      void ended.push(`${name} ${error?.message ?? 'well'}`);
    files.writeAsync('/a', Buffer.from('x'), 1, 0, note('write'));
    files.syncAsync('/a', note('sync'));
    files.readAsync('/a', Buffer.alloc(1), 0, 1, 0, note('read'));
    files.get('/b');
    expect(open.toSorted()).toEqual(['/a', '/b']);
    files.closeAll();
    expect(open).toEqual(['/a']);
    await settle();
    expect(ended.toSorted()).toEqual(['read well', 'sync well', 'write well']);
    expect(open).toEqual([]);
  });

  it('hands an error of opening to the callback', async () => {
    const files = new OpenFiles(countingFiles().fileSystem, 1, new RecordingLogger());
    const errors: (string | undefined)[] = [];
    files.syncAsync('/none', (error) => errors.push(error?.message));
    files.readAsync('/none', Buffer.alloc(1), 0, 1, 0, (error) => errors.push(error?.message));
    files.writeAsync('/none', Buffer.alloc(1), 1, 0, (error) => errors.push(error?.message));
    await settle();
    expect(errors).toHaveLength(3);
    for (const message of errors) expect(message).toContain('ENOENT');
    expect(() => files.get('/none')).toThrow('ENOENT');
  });

  it('does not mix up a file that was deleted with one of its name that came after it', () => {
    const { fileSystem } = countingFiles();
    const files = new OpenFiles(fileSystem, 4, new RecordingLogger());
    files.get('/a').write(Buffer.from('old'), 0, 3, 0);
    files.close('/a');
    fileSystem.remove('/a');
    expect(files.create('/a').size()).toBe(0);
  });
});
