import { constants } from 'node:buffer';
import { describe, expect, it, vi } from 'vitest';
import type { StoreFile } from '../../lib/common/file-system.js';
import { JsonFile } from '../../lib/common/json-file.js';
import { StoreError } from '../../lib/errors/store.error.js';
import { SeededRandom } from '../support/random.js';
import { settle } from '../support/virtual-clock.js';
import { SimulatedDisk, type DiskFault } from '../support/simulated-file-system.js';

const PATH = '/data/config/table.json';
const BACKUP = `${PATH}.bak`;
const DAMAGED = `${PATH}.damaged`;

const newDisk = () => new SimulatedDisk({ now: () => 0 });
/** The file as a process that has just started sees it. */
const mounted = (disk: SimulatedDisk) => new JsonFile(disk.mount(), PATH);
const contentOf = (disk: SimulatedDisk, path: string) =>
  [...disk.paths()].includes(path) ? disk.content(path) : undefined;
const load = (disk: SimulatedDisk) => mounted(disk).load((text) => JSON.parse(text) as unknown);

async function savedTwice(): Promise<SimulatedDisk> {
  const disk = newDisk();
  const file = mounted(disk);
  await file.save('{"n":1}');
  await file.save('{"n":2}');
  return disk;
}

describe('JsonFile', () => {
  it('is nothing before it is first saved', () => {
    expect(load(newDisk())).toBeUndefined();
  });

  it('keeps the content before the last one in .bak', async () => {
    const disk = await savedTwice();
    expect(disk.content(PATH).toString()).toBe('{"n":2}');
    expect(disk.content(BACKUP).toString()).toBe('{"n":1}');
    expect([...disk.paths()].filter((path) => path.startsWith(PATH))).toEqual([BACKUP, PATH]);
  });

  it.each([
    ['cut', (disk: SimulatedDisk) => disk.cut(PATH, 3)],
    ['empty', (disk: SimulatedDisk) => disk.cut(PATH, 0)],
    ['zeroed', (disk: SimulatedDisk) => disk.damage(PATH, 0, Buffer.alloc(7))],
    ['altered', (disk: SimulatedDisk) => disk.damage(PATH, 1, Buffer.from('x'))],
    ['missing', (disk: SimulatedDisk) => disk.delete(PATH)],
  ])('that is %s is replaced by its .bak, which the next save keeps', async (_, damage) => {
    const disk = await savedTwice();
    damage(disk);
    const file = mounted(disk);
    const reasons: string[] = [];
    const content = file.load(
      (text) => JSON.parse(text) as unknown,
      (reason) => void reasons.push(reason),
    );
    expect(content).toEqual({ n: 1 });
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).toMatch(
      /^\/data\/config\/table\.json (is missing: table\.json\.bak|cannot be read \(.+\): table\.json\.bak.*kept as table\.json\.damaged)/,
    );
    const damaged = contentOf(disk, PATH);
    await file.save('{"n":3}');
    expect(contentOf(disk, DAMAGED)).toEqual(damaged);
    expect(disk.content(PATH).toString()).toBe('{"n":3}');
    expect(disk.content(BACKUP).toString()).toBe('{"n":1}');
  });

  it('keeps the one that was found damaged last', async () => {
    const disk = await savedTwice();
    for (const n of [3, 4]) {
      disk.damage(PATH, 0, Buffer.from(`x${n}`));
      const file = mounted(disk);
      file.load((text) => JSON.parse(text) as unknown);
      for (let save = 0; save < 2; save++) await file.save(`{"n":${n}}`);
    }
    expect(disk.content(DAMAGED).toString()).toMatch(/^x4/);
    expect(disk.content(BACKUP).toString()).toBe('{"n":4}');
  });

  it('that is torn together with its .bak is an error, never an empty table', async () => {
    const disk = await savedTwice();
    disk.cut(PATH, 3);
    disk.cut(BACKUP, 0);
    expect(() => load(disk)).toThrow(StoreError);
    expect(() => load(disk)).toThrow(
      /^\/data\/config\/table\.json cannot be read \(SyntaxError.*\) and table\.json\.bak does not help\. Restore one/,
    );
    expect(disk.content(PATH).toString(), 'it is left as it was').toBe('{"n');
  });

  it('that cannot be opened is an error: its .bak is older', async () => {
    const disk = await savedTwice();
    disk.faults.push({ operation: 'open', path: /table\.json$/, code: 'EACCES' });
    expect(() => load(disk)).toThrow(/^\/data\/config\/table\.json cannot be opened \(EACCES/);
    disk.faults.length = 0;
    expect(load(disk)).toEqual({ n: 2 });
  });

  it('that is torn and has no .bak is an error', async () => {
    const disk = newDisk();
    await mounted(disk).save('{"n":1}');
    disk.cut(PATH, 0);
    expect(() => load(disk)).toThrow('the file is empty');
  });

  it('that cannot be read is an error, or its .bak', async () => {
    const disk = await savedTwice();
    disk.faults.push({ operation: 'read', path: /table\.json$/, code: 'EIO' });
    expect(load(disk)).toEqual({ n: 1 });
    disk.faults.push({ operation: 'read', code: 'EIO' });
    expect(() => load(disk)).toThrow('EIO');
  });

  it('carries out saves one after the other, of those that wait only the newest', async () => {
    const disk = newDisk();
    const file = mounted(disk);
    disk.holdsSyncs = true;
    const saves = [file.save('{"n":1}')];
    await settle();
    for (const n of [2, 3, 4]) saves.push(file.save(JSON.stringify({ n })));
    disk.releaseSyncs();
    await Promise.all(saves);
    expect(load(disk)).toEqual({ n: 4 });
    expect(disk.content(BACKUP).toString()).toBe('{"n":1}');
    expect(disk.journal.filter((line) => line === `create ${PATH}.tmp`)).toHaveLength(2);
  });

  it.each<DiskFault['operation']>(['create', 'write', 'sync', 'rename', 'syncDirectory'])(
    'says that it could not be saved when the disk fails to %s, and can be saved again',
    async (operation) => {
      const disk = await savedTwice();
      const file = mounted(disk);
      expect(file.load((text) => JSON.parse(text) as unknown)).toEqual({ n: 2 });
      disk.faults.push({ operation, code: 'EIO', times: 1 });
      await expect(file.save('{"n":3}')).rejects.toThrow('EIO');
      disk.crash(() => false);
      expect([{ n: 1 }, { n: 2 }, { n: 3 }]).toContainEqual(load(disk));
      const again = mounted(disk);
      again.load((text) => JSON.parse(text) as unknown);
      await again.save('{"n":4}');
      expect(load(disk)).toEqual({ n: 4 });
    },
  );

  it('makes a long text piece by piece, so that others have their turns', async () => {
    const disk = newDisk();
    disk.holdsTransfers = true;
    let made = 0;
    const pieces = function* (): Generator<string> {
      yield '["';
      for (; made < 20; made++) yield 'ä'.repeat(16 * 1024);
      yield '"]';
    };
    const saved = mounted(disk).save(pieces());
    for (let written = 0; written < 20; written++) {
      await settle();
      expect(made).toBe(written);
      disk.releaseTransfer();
    }
    disk.releaseTransfers();
    await saved;
    expect(load(disk)).toEqual(['ä'.repeat(20 * 16 * 1024)]);
  });

  it('is replaced when what has to be before it is, and else not', async () => {
    const disk = await savedTwice();
    const file = mounted(disk);
    file.load((text) => JSON.parse(text) as unknown);
    const order: string[] = [];
    const pieces = function* (): Generator<string> {
      order.push('made');
      yield '{"n":3}';
    };
    const before = (): void => {
      order.push('before');
      expect(disk.content(PATH).toString()).toBe('{"n":2}');
    };
    await file.save(pieces(), before);
    expect(order).toEqual(['made', 'before']);
    expect(disk.content(PATH).toString()).toBe('{"n":3}');
    const failed = file.save('{"n":4}', () => Promise.reject(new Error('no log')));
    await expect(failed).rejects.toThrow('no log');
    expect(disk.content(PATH).toString()).toBe('{"n":3}');
  });

  it('has the old or the new content, whenever power is lost while it is saved', async () => {
    const random = new SeededRandom(7);
    const found = new Set<number>();
    for (let operations = 0; operations < 12; operations++) {
      for (let run = 0; run < 20; run++) {
        const disk = await savedTwice();
        const file = mounted(disk);
        file.load((text) => JSON.parse(text) as unknown);
        const death = disk.killAfter(operations);
        const isSaved = await Promise.race([
          file.save('{"n":3}').then(
            () => true,
            () => false,
          ),
          death.then(() => false),
        ]);
        disk.crash(() => random.chance(0.5));
        const { n } = load(disk) as { n: number };
        found.add(n);
        expect([isSaved ? 3 : 2, 3], `after ${operations} operations`).toContain(n);
      }
    }
    expect(found).toEqual(new Set([2, 3]));
  });

  it('is not replaced by what would be too long to be read', async () => {
    const disk = newDisk();
    await mounted(disk).save('{}');
    const fileSystem = disk.mount();
    // Takes everything, and keeps nothing of it.
    const sink = {
      writeAsync: (...[, , , , done]: Parameters<StoreFile['writeAsync']>) => done(null),
      close() {},
    };
    vi.spyOn(fileSystem, 'create').mockReturnValue(sink as unknown as StoreFile);
    const piece = 'x'.repeat(4 * 1024 * 1024);
    const pieces = Math.ceil(constants.MAX_STRING_LENGTH / piece.length) + 1;
    const saving = new JsonFile(fileSystem, PATH).save(Array.from({ length: pieces }, () => piece));
    await expect(saving).rejects.toThrow('could not be read again');
    expect(disk.content(PATH).toString()).toBe('{}');
  });
});
