import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FileCallback } from '../../../../lib/common/file-system.js';
import type { MessageStoreConfig } from '../../../../lib/engine/store/message-store-config.js';
import { OpenFiles } from '../../../../lib/engine/store/open-files.js';
import { TimerCheckpoint } from '../../../../lib/engine/store/timer/timer-checkpoint.js';
import { TimerMessageStore } from '../../../../lib/engine/store/timer/timer-message-store.js';
import { TimerLog } from '../../../../lib/engine/store/timer/timer-log.js';
import {
  readTimerUnit,
  TIMER_UNIT_SIZE,
  writeTimerUnit,
  type TimerUnit,
} from '../../../../lib/engine/store/timer/timer-unit.js';
import { TimerWheel } from '../../../../lib/engine/store/timer/timer-wheel.js';
import { SimulatedDisk } from '../../../support/simulated-file-system.js';
import { RecordingLogger } from '../../../support/test-store.js';
import { settle } from '../../../support/virtual-clock.js';

const UNIT: TimerUnit = {
  prevPos: -1,
  magic: 3,
  currWriteTime: 1_700_000_000_000,
  delayedTime: 1_700_086_400_000,
  offsetPy: 4096,
  sizePy: 300,
  realTopicHash: -7,
};
const disk = () => new SimulatedDisk({ now: () => 0 });

function openLog(store: SimulatedDisk, fileSize: number): TimerLog {
  const fileSystem = store.mount();
  const logger = new RecordingLogger();
  const files = { fileSystem, openFiles: new OpenFiles(fileSystem, 8, logger), logger };
  const log = new TimerLog('/store', fileSize, files);
  log.load();
  return log;
}

function openTimers(store: SimulatedDisk): TimerMessageStore {
  const config = {
    storePathRootDir: '/store',
    mappedFileSizeTimerLog: 64 * TIMER_UNIT_SIZE,
    timerRollWindowSlot: 3600,
  };
  return new TimerMessageStore(config as MessageStoreConfig, store.mount(), new RecordingLogger());
}

describe('the files of timed messages', () => {
  it('are not called complete by a flush that was begun, or waited, when they were cleared', async () => {
    const store = disk();
    const timers = openTimers(store);
    expect(timers.open(Infinity, () => undefined)).toBe('UNKNOWN');
    const add = () =>
      timers.add({ delayedTime: 60_000, offsetPy: 0, sizePy: 300, realTopic: 'T', isDelete: false }, 0, 0);
    const syncs: FileCallback[] = [];
    const progress = { queueOffset: 5, readTimeMs: 1000, deliveredTo: 0 };
    const flush = () => timers.flush(progress, progress, 1000, (done) => syncs.push(done));
    add();
    const flushes = [flush(), flush()];
    await settle();
    timers.clear();
    add();
    for (const flushed of flushes) {
      syncs.shift()!(null);
      await flushed;
      await settle();
    }
    store.kill();
    expect(openTimers(store).open(Infinity, () => undefined)).toBe('UNKNOWN');
  });

  it('have units as Apache writes them, with a checksum in the reserved bytes', () => {
    const buffer = Buffer.alloc(TIMER_UNIT_SIZE);
    writeTimerUnit(buffer, 0, UNIT);
    // Size, previous, magic, write time, delay, position, size, hash; of the reserved eight bytes the mark.
    const expected =
      '00000034 ffffffffffffffff 00000003 0000018bcfe56800 05265c00 0000000000001000 0000012c fffffff9 00000001';
    expect(buffer.toString('hex', 0, 48)).toBe(expected.replaceAll(' ', ''));
    expect(readTimerUnit(buffer, 0)).toEqual(UNIT);
    buffer.fill(0, 44);
    expect(readTimerUnit(buffer, 0), 'as Apache leaves it').toEqual(UNIT);
  });

  it('have no unit with a flipped bit', () => {
    const bit = fc.integer({ min: 0, max: TIMER_UNIT_SIZE * 8 - 1 });
    fc.assert(
      fc.property(bit, (index) => {
        const buffer = Buffer.alloc(TIMER_UNIT_SIZE);
        writeTimerUnit(buffer, 0, UNIT);
        buffer[index >> 3]! ^= 1 << (index & 7);
        expect(readTimerUnit(buffer, 0)).toBeUndefined();
      }),
    );
  });

  it('of which there are several are not changed by a length that is not theirs', () => {
    const store = disk();
    const log = openLog(store, 200);
    for (let i = 0; i < 4; i++) log.append({ ...UNIT, offsetPy: i });
    log.write();
    expect(() => openLog(store, 400)).toThrow('has 200 bytes, but mappedFileSizeTimerLog is 400');
    const read: number[] = [];
    openLog(store, 200).scan((unit) => read.push(unit.offsetPy) > 0);
    expect(read).toEqual([0, 1, 2, 3]);
  });

  it('have a blank where a file of the log ends', () => {
    const store = disk();
    const log = openLog(store, 200);
    const positions = [0, 1, 2, 3].map((i) => log.append({ ...UNIT, offsetPy: i }));
    log.write();
    // Behind three units 44 bytes are left: fewer than a unit and the blank need.
    expect(positions).toEqual([0, 52, 104, 200]);
    const first = store.content('/store/timerlog/00000000000000000000');
    expect(first.toString('hex', 156, 172)).toBe('0000002c0000000000000000cbd43194');
    const read: [number, number][] = [];
    const again = openLog(store, 200);
    again.scan((unit, position) => read.push([position, unit.offsetPy]) > 0);
    expect(read).toEqual(positions.map((position, i) => [position, i]));
    expect(again.endOffset).toBe(log.endOffset);
    expect(positions.toReversed().map((position) => again.read(position)?.offsetPy)).toEqual([3, 2, 1, 0]);
    again.deleteExpired(2);
    expect(again.startOffset).toBe(0);
    again.deleteExpired(3);
    expect(again.startOffset).toBe(200);
  });

  it('have on the disk, after a flush that failed and one that did not, all that was written before it', async () => {
    const store = disk();
    const log = openLog(store, 8192);
    const flush = promisify((done: FileCallback) => log.sync(done));
    const append = (count: number) => {
      for (let i = 0; i < count; i++) log.append({ ...UNIT, offsetPy: i });
      log.write();
    };
    append(20);
    await flush();
    append(200);
    store.faults.push({ operation: 'sync', path: /timerlog/, code: 'EIO', times: 1 });
    await expect(flush()).rejects.toThrow('EIO');
    append(20);
    await flush();
    store.crash(() => false);
    let count = 0;
    openLog(store, 8192).scan(() => ++count > 0);
    expect(count).toBe(240);
  });

  it('have a slot for each second of two weeks', () => {
    const store = disk();
    const fileSystem = store.mount();
    fileSystem.makeDirectory('/store');
    const time = 1_700_000_000_000;
    const slots = new TimerWheel('/store', fileSystem);
    slots.add(time, 104, false);
    slots.add(time, 156, false);
    slots.add(time, 208, true);
    expect(slots.getSlot(time)).toEqual({ firstPos: 104, lastPos: 208, num: 1 });
    expect(slots.getSlot(time + 14 * 86_400_000), 'a turn later').toBeUndefined();
    slots.write(time);
    const content = store.content('/store/timerwheel');
    expect(content).toHaveLength(38_707_200);
    const place = ((time / 1000) % 1_209_600) * 32;
    const expected = '000000006553f100 0000000000000068 00000000000000d0 00000001 00000000';
    expect(content.toString('hex', place, place + 32)).toBe(expected.replaceAll(' ', ''));
    slots.write(time + 1000);
    expect(slots.getSlot(time), 'it is over').toBeUndefined();
  });

  it('have a checkpoint with the queue offset twice', () => {
    const store = disk();
    const fileSystem = store.mount();
    const checkpoint = new TimerCheckpoint('/store', fileSystem);
    expect(checkpoint.load()).toBe(false);
    checkpoint.lastReadTimeMs = 5000;
    checkpoint.lastTimerLogFlushPos = 104;
    checkpoint.lastTimerQueueOffset = 7;
    checkpoint.save(9000, () => {});
    const content = store.content('/store/config/timercheck');
    expect(content).toHaveLength(4096);
    const fields = Array.from({ length: 7 }, (_, i) => Number(content.readBigInt64BE(i * 8)));
    expect(fields).toEqual([5000, 104, 7, 7, 0, 9000, 1]);
    const again = new TimerCheckpoint('/store', fileSystem);
    expect(again.load()).toBe(true);
    expect(again.lastTimerQueueOffset).toBe(7);
  });
});
