import { closeSync, fdatasync, openSync, unlinkSync, writeSync, fdatasyncSync } from 'node:fs';
import { join } from 'node:path';
import { combineCrc32, continueCrc32 } from '../../lib/common/crc32-parts.js';
import { fullCrc32, INT_MAX } from '../../lib/common/crc32.js';

const SEGMENT = 256 * 1024 * 1024;
const STAGE = 4 * 1024 * 1024;
const UNITS = 300_000;
const TOPIC = Buffer.from('BenchmarkTest');
const PROPERTIES = Buffer.from(
  'UNIQ_KEY\u0001AC1100021C2818B4AAC27F2E0F9A0000\u0002WAIT\u0001true\u0002MSG_REGION\u0001DefaultRegion\u0002' +
    'TRACE_ON\u0001true\u0002CLUSTER\u0001DefaultCluster\u0002__CRC32#\u00010000000000\u0002',
);
const CRC_LENGTH = 20;
/** Milliseconds between flushes that nobody waits for (flushIntervalCommitLog). */
const FLUSH_INTERVAL = 500;

/** What a bare loop does to be told that a record is safe. */
export type BareFlush = (fd: number, done: () => void) => void;

/**
 * The least that a durable log can do with a record in Node: encode it with both checksums, those of the engine, note a ConsumeQueue
 * unit, write all records of a turn with one call, flush them together, call back. No topics, no limits, no errors, no
 * index. What the store reaches of it is its overhead.
 */
export class BareStore {
  private readonly stage = Buffer.allocUnsafe(STAGE);
  private readonly view = new DataView(this.stage.buffer, this.stage.byteOffset, STAGE);
  private readonly queues = Array.from({ length: 8 }, () => new DataView(new ArrayBuffer(UNITS * 20)));
  private readonly offsets = new Float64Array(8);
  private readonly fd: number;
  private readonly path: string;
  private used = 0;
  private position = 0;
  private physicalOffset = 0;
  private waiting: (() => void)[] = [];
  private isScheduled = false;
  private isFlushing = false;
  private now = Date.now();
  private readonly timer: NodeJS.Timeout | undefined;
  private onFlushed: (() => void) | undefined;

  constructor(
    directory: string,
    /** Absent: answered when the kernel has the bytes. */
    private readonly flush: BareFlush | undefined,
    /** A log grows: the kernel has to find memory for every page, and blocks on the disk. */
    private readonly isGrowing: boolean,
  ) {
    this.path = join(directory, 'bare-log');
    this.fd = openSync(this.path, 'w+');
    if (!isGrowing) this.fillWithZeros();
    if (flush === undefined) this.timer = setInterval(() => this.flushBehind(), FLUSH_INTERVAL);
  }

  put(queueId: number, body: Buffer, done: () => void): void {
    const size = 91 + body.length + TOPIC.length + PROPERTIES.length;
    if (this.used + size > STAGE) this.write();
    this.encode(this.used, size, queueId, body);
    this.used += size;
    this.physicalOffset += size;
    this.waiting.push(done);
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      this.turn();
    });
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    if (this.isFlushing) await new Promise<void>((resolve) => (this.onFlushed = resolve));
    closeSync(this.fd);
    unlinkSync(this.path);
  }

  private fillWithZeros(): void {
    const zeros = Buffer.alloc(1024 * 1024);
    for (let offset = 0; offset < SEGMENT; offset += zeros.length)
      writeSync(this.fd, zeros, 0, zeros.length, offset);
    fdatasyncSync(this.fd);
  }

  private flushBehind(): void {
    if (this.isFlushing) return;
    this.isFlushing = true;
    fdatasync(this.fd, () => {
      this.isFlushing = false;
      this.onFlushed?.();
    });
  }

  private encode(start: number, size: number, queueId: number, body: Buffer): void {
    const { view, stage } = this;
    const queueOffset = this.offsets[queueId]!++;
    view.setInt32(start, size);
    view.setInt32(start + 4, -626843481);
    const bodyCrc = fullCrc32(body);
    view.setInt32(start + 8, bodyCrc & INT_MAX);
    view.setInt32(start + 12, queueId);
    view.setInt32(start + 16, 0);
    setInt64(view, start + 20, queueOffset);
    setInt64(view, start + 28, this.physicalOffset);
    view.setInt32(start + 36, 0);
    setInt64(view, start + 40, this.now);
    view.setInt32(start + 48, 0x7f000001);
    view.setInt32(start + 52, 1);
    setInt64(view, start + 56, this.now);
    view.setInt32(start + 64, 0x7f000001);
    view.setInt32(start + 68, 10911);
    view.setInt32(start + 72, 0);
    setInt64(view, start + 76, 0);
    view.setInt32(start + 84, body.length);
    body.copy(stage, start + 88);
    const bodyEnd = start + 88 + body.length;
    let position = bodyEnd;
    stage[position++] = TOPIC.length;
    position += TOPIC.copy(stage, position);
    view.setInt16(position, PROPERTIES.length);
    position += 2 + PROPERTIES.copy(stage, position + 2);
    const upToBody = combineCrc32(continueCrc32(0, view, start, start + 88), bodyCrc, body.length);
    let crc = continueCrc32(upToBody, view, bodyEnd, position - CRC_LENGTH) & INT_MAX;
    for (let digit = position - 11; digit < position - 1; digit++) {
      stage[digit] = 48 + (crc % 10);
      crc = (crc / 10) | 0;
    }
    const unit = (queueOffset % UNITS) * 20;
    const queue = this.queues[queueId]!;
    setInt64(queue, unit, this.physicalOffset);
    queue.setInt32(unit + 8, size);
    setInt64(queue, unit + 12, 0);
  }

  private write(): void {
    if (this.used === 0) return;
    if (!this.isGrowing && this.position + this.used > SEGMENT) this.position = 0;
    writeSync(this.fd, this.stage, 0, this.used, this.position);
    this.position += this.used;
    this.used = 0;
  }

  private turn(): void {
    this.now = Date.now();
    this.write();
    if (this.waiting.length === 0 || (this.flush !== undefined && this.isFlushing)) return;
    const { waiting } = this;
    this.waiting = [];
    if (this.flush === undefined) return answer(waiting);
    this.isFlushing = true;
    this.flush(this.fd, () => {
      this.isFlushing = false;
      answer(waiting);
      if (this.waiting.length > 0) this.turn();
    });
  }
}

/** fdatasync, and `delay` milliseconds more. */
export function bareFlush(delay: number): BareFlush {
  if (delay === 0) return (fd, done) => fdatasync(fd, done);
  return (fd, done) => fdatasync(fd, () => void setTimeout(done, delay));
}

function answer(waiting: readonly (() => void)[]): void {
  for (const done of waiting) done();
}

function setInt64(view: DataView, position: number, value: number): void {
  view.setInt32(position, Math.floor(value / 4294967296));
  view.setInt32(position + 4, value | 0);
}
