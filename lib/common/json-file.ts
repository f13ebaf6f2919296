import { constants } from 'node:buffer';
import { basename, dirname } from 'node:path';
import { StoreError } from '../errors/store.error.js';
import { makeDurableDirectory } from './durable-directory.js';
import { OpenError, settled, type FileSystem } from './file-system.js';

/** Characters that are made and written at once: they take less than a millisecond. */
const CHUNK_LENGTH = 16 * 1024;
/** Bytes of a text that can be read again: V8 has no longer ones. */
const MAX_SIZE = constants.MAX_STRING_LENGTH;

interface Content {
  readonly pieces: Iterable<string>;
  readonly beforeReplace: (() => Promise<void> | void) | undefined;
}

/**
 * A table that is replaced as a whole: temporary file, fsync, rename, fsync of the directory, the previous
 * content kept as `.bak`. Whatever happens, one of the two is complete. A file that could not be parsed is kept as `.damaged`:
 * somebody may have edited it.
 */
export class JsonFile {
  private readonly backup: string;
  private readonly damaged: string;
  /** The name that the next save gives to the present file. */
  private keptAs: string | undefined;
  /** What waits to be saved: one content, however long the disk takes. */
  private next: Content | undefined;
  private lastSave: Promise<void> = Promise.resolve();

  constructor(
    private readonly fileSystem: FileSystem,
    readonly path: string,
  ) {
    this.backup = `${path}.bak`;
    this.damaged = `${path}.damaged`;
  }

  /**
   * The content, that of `.bak` when the file is missing or torn, or undefined when there is neither.
   *
   * @param onBackup is told in words why it is that of `.bak`.
   * @throws StoreError when there is content but none of it can be parsed, or the file cannot be opened: `.bak` may be older.
   */
  load<T>(parse: (text: string) => T, onBackup: (reason: string) => void = () => {}): T | undefined {
    const faults: unknown[] = [];
    for (const path of [this.path, this.backup].filter((name) => this.fileSystem.exists(name))) {
      try {
        const content = parse(this.readText(path));
        if (path === this.path) this.keptAs = this.backup;
        else onBackup(this.replaced(faults));
        return content;
      } catch (error) {
        if (error instanceof OpenError) throw error;
        faults.push(error);
        if (path === this.path) this.keptAs = this.damaged;
      }
    }
    if (faults.length > 0) throw this.unreadable(faults[0]);
    return undefined;
  }

  /**
   * Replaces the content, when the save before has ended; of several that wait for it, only the newest is carried out.
   * Pieces of a long text are made while others have their turns. `beforeReplace` is called when the last one is made.
   */
  save(text: string | Iterable<string>, beforeReplace?: () => Promise<void> | void): Promise<void> {
    const isWaiting = this.next !== undefined;
    this.next = { pieces: typeof text === 'string' ? [text] : text, beforeReplace };
    if (!isWaiting) this.lastSave = this.lastSave.catch(() => {}).then(() => this.saveNext());
    return this.lastSave;
  }

  private saveNext(): Promise<void> {
    const content = this.next!;
    this.next = undefined;
    return this.replace(content);
  }

  private async replace({ pieces, beforeReplace }: Content): Promise<void> {
    const temporary = `${this.path}.tmp`;
    const directory = dirname(this.path);
    makeDurableDirectory(this.fileSystem, directory);
    await this.writeDurably(temporary, pieces);
    await beforeReplace?.();
    // A torn file must not take the place of a sound backup.
    if (this.keptAs !== undefined) this.fileSystem.rename(this.path, this.keptAs);
    this.keptAs = undefined;
    this.fileSystem.rename(temporary, this.path);
    this.keptAs = this.backup;
    await settled((done) => this.fileSystem.syncDirectoryAsync(directory, done));
  }

  private async writeDurably(path: string, pieces: Iterable<string>): Promise<void> {
    this.fileSystem.remove(path);
    const file = this.fileSystem.create(path);
    let position = 0;
    try {
      for (const chunk of inChunks(pieces)) {
        await settled((done) => file.writeAsync(chunk, 0, chunk.length, position, done));
        position += chunk.length;
        if (position > MAX_SIZE)
          throw new Error(`a table of more than ${MAX_SIZE} bytes could not be read again`);
      }
      await settled((done) => file.syncAsync(done));
    } finally {
      file.close();
    }
  }

  private readText(path: string): string {
    const text = this.fileSystem.readFile(path).toString('utf8');
    if (text.trim() === '') throw new Error('the file is empty');
    return text;
  }

  private replaced(faults: readonly unknown[]): string {
    const place = `${basename(this.backup)}, which may be older, takes its place`;
    if (faults.length === 0) return `${this.path} is missing: ${place}`;
    return `${this.path} cannot be read (${String(faults[0])}): ${place}, and it is kept as ${basename(this.damaged)}`;
  }

  private unreadable(fault: unknown): StoreError {
    return new StoreError(
      `${this.path} cannot be read (${String(fault)}) and ${basename(this.backup)} does not help. ` +
        'Restore one of them, or delete both to start with an empty table.',
      fault,
    );
  }
}

function* inChunks(pieces: Iterable<string>): Generator<Buffer> {
  let text = '';
  for (const piece of pieces) {
    text += piece;
    if (text.length < CHUNK_LENGTH) continue;
    yield Buffer.from(text, 'utf8');
    text = '';
  }
  if (text !== '') yield Buffer.from(text, 'utf8');
}
