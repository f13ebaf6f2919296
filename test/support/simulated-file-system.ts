import { dirname } from 'node:path';
import {
  OpenError,
  type FileCallback,
  type FileSystem,
  type StoreFile,
} from '../../lib/common/file-system.js';
import { PAGE_SIZE, SimulatedFile } from './simulated-file.js';
import { attempt, diskError, SimulatedStoreFile } from './simulated-store-file.js';

export type DiskOperation =
  'open' | 'read' | 'write' | 'sync' | 'create' | 'rename' | 'remove' | 'syncDirectory';

/** Makes operations on some paths fail. */
export interface DiskFault {
  readonly operation: DiskOperation;
  /** The paths it hits; all when absent. */
  readonly path?: RegExp;
  readonly code: 'EIO' | 'ENOSPC' | 'EMFILE' | 'EACCES' | 'ESTALE';
  /** How many operations fail; all when absent. */
  times?: number;
  /** For reads: only those that touch this page fail. */
  readonly page?: number;
}

type Node = SimulatedFile | 'directory';
type Entries = Map<string, Node>;
/** A change of directories that a power cut keeps as a whole or not at all. */
type Change = readonly (readonly [path: string, node: Node | undefined])[];

export interface SimulatedDiskOptions {
  /** Milliseconds since the epoch, for the times of files. */
  readonly now: () => number;
  /** 0 to 1; decides what chance decides on a real disk. */
  readonly random?: () => number;
  /** Bytes; a write beyond takes what fits and fails with ENOSPC. */
  readonly capacity?: number;
}

/**
 * A disk in memory, with the page cache of a kernel before it. What was not flushed survives {@link crash} page by
 * page by chance; {@link kill} loses nothing that was written. After both, only a new {@link mount} can be used.
 */
export class SimulatedDisk {
  capacity: number;
  readonly faults: DiskFault[] = [];
  /** Operations that were carried out: `sync /store/commitlog/…`. */
  readonly journal: string[] = [];
  /** While set, flushes do not end; {@link releaseSyncs} ends them. */
  holdsSyncs = false;
  /** How many files the process has open. */
  openFiles = 0;
  /** Flushes that have failed since a test set it to 0. */
  failedSyncs = 0;
  private readonly heldSyncs: (() => void)[] = [];
  /** While set, transfers off the event loop, or those of some files, do not begin; {@link releaseTransfers} carries them out. */
  holdsTransfers: boolean | RegExp = false;
  private readonly heldTransfers: (() => void)[] = [];
  /** Whether a path is found with letters of the other case, as on macOS and Windows: {@link FileSystem.exists} only. */
  foldsCase = false;
  private entries: Entries = new Map([['/', 'directory']]);
  private durable: Entries = new Map(this.entries);
  private changes: Change[] = [];
  private process = 0;
  private operationsLeft = Infinity;
  private onDeath = () => {};
  readonly now: () => number;
  readonly random: () => number;

  constructor({ now, random = () => 0.5, capacity = Infinity }: SimulatedDiskOptions) {
    this.now = now;
    this.random = random;
    this.capacity = capacity;
  }

  /** The disk as one process sees it. */
  mount(): FileSystem {
    return new SimulatedFileSystem(this, ++this.process);
  }

  /** Lets the process end after so many more operations, in the middle of whatever it does then. */
  killAfter(operations: number): Promise<void> {
    this.operationsLeft = operations;
    return new Promise((resolve) => {
      this.onDeath = resolve;
    });
  }

  /** The process ends at once: the kernel keeps everything that was written. */
  kill(): void {
    this.process++;
    this.operationsLeft = Infinity;
    this.openFiles = 0;
    this.heldSyncs.length = 0;
    this.heldTransfers.length = 0;
    for (const node of this.entries.values()) if (node !== 'directory') node.isLocked = false;
  }

  /** Power is lost: what was not flushed is kept where `keep` says so. */
  crash(keep: () => boolean): void {
    this.kill();
    for (const change of this.changes) if (keep()) apply(this.durable, change);
    this.changes = [];
    for (const path of [...this.durable.keys()].sort((a, b) => a.length - b.length)) {
      if (path !== '/' && !this.durable.has(dirname(path))) this.durable.delete(path);
    }
    for (const node of this.durable.values()) if (node !== 'directory') node.losePower(keep);
    this.entries = new Map(this.durable);
  }

  /** Ends the flushes that were held. */
  releaseSyncs(): void {
    this.holdsSyncs = false;
    for (const end of this.heldSyncs.splice(0)) end();
  }

  /** How many flushes are held. */
  get heldSyncCount(): number {
    return this.heldSyncs.length;
  }

  /** Carries out the transfers that were held. */
  releaseTransfers(): void {
    this.holdsTransfers = false;
    for (const transfer of this.heldTransfers.splice(0)) transfer();
  }

  /** Carries out the transfer that has been held for longest, if there is one. */
  releaseTransfer(): void {
    this.heldTransfers.shift()?.();
  }

  /** How many transfers are held. */
  get heldTransferCount(): number {
    return this.heldTransfers.length;
  }

  /** Carries out a transfer, now or when it is released. */
  whenTransferred(path: string, transfer: () => void): void {
    const { holdsTransfers: held } = this;
    if (held instanceof RegExp ? held.test(path) : held) this.heldTransfers.push(transfer);
    else transfer();
  }

  isAlive(process: number): boolean {
    return process === this.process;
  }

  /** Throws when an operation meets a fault. */
  check(operation: DiskOperation, path: string, firstPage = 0, lastPage = Infinity): void {
    if (this.operationsLeft-- <= 0) {
      this.kill();
      this.onDeath();
      throw diskError('EIO', 'end of the process', path);
    }
    if (operation !== 'read' && operation !== 'open') this.journal.push(`${operation} ${path}`);
    const fault = this.faults.find(
      (candidate) =>
        candidate.operation === operation &&
        candidate.times !== 0 &&
        (candidate.path?.test(path) ?? true) &&
        (candidate.page === undefined || (candidate.page >= firstPage && candidate.page <= lastPage)),
    );
    if (fault === undefined) return;
    if (fault.times !== undefined) fault.times--;
    throw diskError(fault.code, operation, path);
  }

  /** Runs the end of a flush, at once or when it is released. */
  whenSynced(end: () => void): void {
    if (this.holdsSyncs) this.heldSyncs.push(end);
    else end();
  }

  /** Changes bytes of a file behind the back of its owner. */
  damage(path: string, position: number, bytes: Buffer): void {
    const file = this.file(path);
    file.write(bytes, 0, bytes.length, position);
    file.startSync()();
  }

  /** Cuts a file behind the back of its owner. */
  cut(path: string, length: number): void {
    const file = this.file(path);
    file.truncate(length);
    file.startSync()();
  }

  /** Deletes a file, or a directory and everything in it, behind the back of its owner. */
  delete(path: string): void {
    const isBelow = (other: string) => other === path || other.startsWith(`${path}/`);
    for (const other of [...this.entries.keys()].filter(isBelow)) {
      this.entries.delete(other);
      this.durable.delete(other);
    }
  }

  content(path: string): Buffer {
    const file = this.file(path);
    const content = Buffer.alloc(file.size);
    file.read(content, 0, file.size, 0);
    return content;
  }

  private file(path: string): SimulatedFile {
    const node = this.node(path);
    if (node === undefined || node === 'directory') throw diskError('ENOENT', 'open', path);
    return node;
  }

  node(path: string): Node | undefined {
    return this.entries.get(path);
  }

  paths(): IterableIterator<string> {
    return this.entries.keys();
  }

  change(...change: Change): void {
    apply(this.entries, change);
    this.changes.push(change);
  }

  /** Changes of entries of a directory are durable from now on. */
  syncEntries(directory: string): void {
    const isHere = (change: Change) => change.some(([path]) => dirname(path) === directory);
    for (const change of this.changes.filter(isHere)) apply(this.durable, change);
    this.changes = this.changes.filter((change) => !isHere(change));
  }

  get used(): number {
    let pages = 0;
    for (const node of this.entries.values()) if (node !== 'directory') pages += node.pageCount;
    return pages * PAGE_SIZE;
  }
}

function apply(entries: Entries, change: Change): void {
  for (const [path, node] of change) {
    if (node === undefined) entries.delete(path);
    else entries.set(path, node);
  }
}

class SimulatedFileSystem implements FileSystem {
  constructor(
    private readonly disk: SimulatedDisk,
    private readonly process: number,
  ) {}

  makeDirectory(path: string): void {
    this.assertAlive(path);
    if (this.disk.node(path) !== undefined) return;
    this.makeDirectory(dirname(path));
    this.disk.change([path, 'directory']);
  }

  list(path: string): string[] {
    this.assertAlive(path);
    const prefix = path.endsWith('/') ? path : `${path}/`;
    const inside = [...this.disk.paths()].filter((other) => other !== '/' && other.startsWith(prefix));
    return inside.map((other) => other.slice(prefix.length)).filter((name) => !name.includes('/'));
  }

  isDirectory(path: string): boolean {
    return this.disk.node(path) === 'directory';
  }

  exists(path: string): boolean {
    this.assertAlive(path);
    if (!this.disk.foldsCase) return this.disk.node(path) !== undefined;
    return [...this.disk.paths()].some((other) => other.toLowerCase() === path.toLowerCase());
  }

  sizeOf(path: string): number | undefined {
    const node = this.disk.node(path);
    return node === undefined || node === 'directory' ? undefined : node.size;
  }

  allocatedSizeOf(path: string): number {
    return this.fileAt(path).pageCount * PAGE_SIZE;
  }

  modifiedAt(path: string): number {
    return this.fileAt(path).modifiedAt;
  }

  open(path: string): StoreFile {
    return new SimulatedStoreFile(this.disk, this.process, path, this.openFile(path));
  }

  create(path: string): StoreFile {
    this.assertAlive(path);
    if (this.disk.node(path) === undefined) this.addFile(path);
    return this.open(path);
  }

  readFile(path: string): Buffer {
    const file = this.openFile(path);
    this.disk.check('read', path);
    const content = Buffer.alloc(file.size);
    file.read(content, 0, file.size, 0);
    return content;
  }

  rename(from: string, to: string): void {
    this.assertAlive(from);
    this.disk.check('rename', from);
    this.disk.change([from, undefined], [to, this.fileAt(from)]);
  }

  remove(path: string): void {
    this.assertAlive(path);
    if (this.disk.node(path) === undefined) return;
    this.disk.check('remove', path);
    this.disk.change([path, undefined]);
  }

  removeDirectory(path: string): void {
    this.assertAlive(path);
    if (this.list(path).length > 0) throw diskError('ENOTEMPTY', 'remove', path);
    this.disk.change([path, undefined]);
  }

  syncDirectory(path: string): void {
    this.assertAlive(path);
    this.disk.check('syncDirectory', path);
    this.disk.syncEntries(path);
  }

  syncDirectoryAsync(path: string, done: FileCallback): void {
    setImmediate(() => {
      if (this.disk.isAlive(this.process))
        done(attempt(() => this.opened(path, () => undefined)) ?? attempt(() => this.syncDirectory(path)));
    });
  }

  diskSpace(): { used: number; usable: number } {
    const { used, capacity } = this.disk;
    return { used, usable: Math.max(capacity - used, 0) };
  }

  private addFile(path: string): void {
    if (this.disk.node(dirname(path)) !== 'directory') throw diskError('ENOENT', 'create', path);
    this.disk.check('create', path);
    const file = new SimulatedFile();
    file.modifiedAt = this.disk.now();
    this.disk.change([path, file]);
  }

  private openFile(path: string): SimulatedFile {
    return this.opened(path, () => this.fileAt(path));
  }

  private opened<T>(path: string, open: () => T): T {
    try {
      this.disk.check('open', path);
      return open();
    } catch (error) {
      throw new OpenError(path, error);
    }
  }

  private fileAt(path: string): SimulatedFile {
    this.assertAlive(path);
    const node = this.disk.node(path);
    if (node === undefined || node === 'directory') throw diskError('ENOENT', 'open', path);
    return node;
  }

  private assertAlive(path: string): void {
    if (!this.disk.isAlive(this.process)) throw diskError('EIO', 'use after the end of the process', path);
  }
}
