import { join } from 'node:path';
import type { FileSystem, FileCallback, StoreFile } from '../../../common/file-system.js';
import { viewOf, setInt64, readInt64 } from '../../../common/int64.js';

/** Milliseconds of a slot (timerPrecisionMs). */
export const TIMER_PRECISION = 1000;
/** Slots of seven days, twice (TimerMessageStore.TIMER_WHEEL_TTL_DAY). */
const SLOTS = 7 * 86_400 * 2;
/** Milliseconds after which a slot's place is that of another one. */
export const TIMER_WHEEL_SPAN = SLOTS * TIMER_PRECISION;
const SLOT_SIZE = 32;
const WHEEL_SIZE = SLOTS * SLOT_SIZE;
const SLOTS_PER_PAGE = 128;
const PAGE_SIZE = SLOTS_PER_PAGE * SLOT_SIZE;

/** What is due in one second (Slot). */
export interface TimerSlot {
  /** Position of its first unit in the timer log. */
  readonly firstPos: number;
  readonly lastPos: number;
  /** Units, delete markers taken off. */
  readonly num: number;
}

/**
 * For each second the newest unit that is due in it (TimerWheel): the file `timerwheel`. It is written for Apache's broker and
 * never read here, since the timer log says everything that it does. Only seconds to come are in memory.
 */
export class TimerWheel {
  private readonly path: string;
  private readonly pages = new Map<number, Buffer>();
  private readonly dirty = new Set<number>();
  private file: StoreFile | undefined;

  constructor(
    storePath: string,
    private readonly fileSystem: FileSystem,
  ) {
    this.path = join(storePath, 'timerwheel');
  }

  /** Milliseconds since the epoch of the slot are `timeMs`, a whole second. */
  getSlot(timeMs: number): TimerSlot | undefined {
    const page = this.pages.get(pageOf(timeMs));
    if (page === undefined) return undefined;
    const place = placeOf(timeMs);
    if (readInt64(page, place) !== timeMs / TIMER_PRECISION) return undefined;
    return {
      firstPos: readInt64(page, place + 8),
      lastPos: readInt64(page, place + 16),
      num: page.readInt32BE(place + 24),
    };
  }

  /** Adds a unit to the slot. */
  add(timeMs: number, position: number, isDelete: boolean): void {
    const slot = this.getSlot(timeMs);
    const index = pageOf(timeMs);
    let page = this.pages.get(index);
    if (page === undefined) this.pages.set(index, (page = Buffer.alloc(PAGE_SIZE)));
    const view = viewOf(page);
    const place = placeOf(timeMs);
    setInt64(view, place, timeMs / TIMER_PRECISION);
    setInt64(view, place + 8, slot?.firstPos ?? position);
    setInt64(view, place + 16, position);
    view.setInt32(place + 24, (slot?.num ?? 0) + (isDelete ? -1 : 1));
    this.dirty.add(index);
  }

  /** Gives every changed slot to the kernel, and forgets the pages before `readTimeMs`. */
  write(readTimeMs: number): void {
    if (this.dirty.size > 0) this.file ??= this.open();
    for (const index of this.dirty) this.file!.write(this.pages.get(index)!, 0, PAGE_SIZE, index * PAGE_SIZE);
    this.dirty.clear();
    for (const [index, page] of this.pages) if (isPast(page, readTimeMs)) this.pages.delete(index);
  }

  sync(done: FileCallback): void {
    if (this.file === undefined) done(null);
    else this.file.syncAsync(done);
  }

  clear(): void {
    this.pages.clear();
    this.dirty.clear();
  }

  close(): void {
    this.file?.close();
    this.file = undefined;
  }

  private open(): StoreFile {
    const file = this.fileSystem.create(this.path);
    if (file.size() !== WHEEL_SIZE) file.truncate(WHEEL_SIZE);
    return file;
  }
}

export function wholeSlots(millis: number): number {
  return Math.floor(millis / TIMER_PRECISION) * TIMER_PRECISION;
}

function slotIndex(timeMs: number): number {
  return (timeMs / TIMER_PRECISION) % SLOTS;
}

function pageOf(timeMs: number): number {
  return Math.floor(slotIndex(timeMs) / SLOTS_PER_PAGE);
}

function placeOf(timeMs: number): number {
  return (slotIndex(timeMs) % SLOTS_PER_PAGE) * SLOT_SIZE;
}

function isPast(page: Buffer, readTimeMs: number): boolean {
  for (let place = 0; place < PAGE_SIZE; place += SLOT_SIZE) {
    if (readInt64(page, place) * TIMER_PRECISION >= readTimeMs) return false;
  }
  return true;
}
