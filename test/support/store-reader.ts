import { crc32 } from 'node:zlib';

/** A record as its bytes say, read without any code of the store. */
export interface PlainRecord {
  readonly position: number;
  readonly size: number;
  readonly magic: number;
  readonly queueId: number;
  readonly flag: number;
  readonly queueOffset: bigint;
  readonly physicalOffset: bigint;
  readonly sysFlag: number;
  readonly bornTimestamp: bigint;
  readonly bornHost: string;
  readonly storeTimestamp: bigint;
  readonly storeHost: string;
  readonly reconsumeTimes: number;
  readonly preparedTransactionOffset: bigint;
  readonly body: Buffer;
  readonly topic: string;
  readonly properties: string;
}

const MAGIC_V1 = 0xdaa320a7;
const MAGIC_V2 = 0xdaa320ab;
const MAGIC_BLANK = 0xcbd43194;

/**
 * Reads the commit log of a store from its files, by the layout in docs/internals/store-format.md and with nothing else,
 * so that encoder and decoder of the store cannot be wrong together.
 */
export class StoreReader {
  readonly records: PlainRecord[] = [];
  /** Where files end with a blank, and the length that it gives. */
  readonly blanks: { readonly position: number; readonly length: number }[] = [];
  /** Behind the last record. */
  end = 0;

  constructor(files: readonly Buffer[]) {
    let start = 0;
    for (const file of files) {
      this.readFile(file, start);
      start += file.length;
    }
  }

  private readFile(file: Buffer, start: number): void {
    let next = 0;
    while (next + 8 <= file.length) {
      const magic = file.readUInt32BE(next + 4);
      if (magic === MAGIC_BLANK) {
        this.blanks.push({ position: start + next, length: file.readInt32BE(next) });
        return;
      }
      if (magic !== MAGIC_V1 && magic !== MAGIC_V2) return;
      const record = new RecordReader(file, next).read(start + next, magic);
      this.records.push(record);
      next += record.size;
      this.end = start + next;
    }
  }
}

/** Takes the fields of one record off its bytes, in their order. */
class RecordReader {
  private next: number;

  constructor(
    private readonly bytes: Buffer,
    private readonly start: number,
  ) {
    this.next = start;
  }

  read(position: number, magic: number): PlainRecord {
    const size = this.int();
    this.int();
    const bodyCrc = this.int();
    const [queueId, flag] = [this.int(), this.int()];
    const [queueOffset, physicalOffset] = [this.long(), this.long()];
    const sysFlag = this.int();
    const bornTimestamp = this.long();
    const bornHost = this.host((sysFlag & 0x10) !== 0);
    const storeTimestamp = this.long();
    const storeHost = this.host((sysFlag & 0x20) !== 0);
    const reconsumeTimes = this.int();
    const preparedTransactionOffset = this.long();
    const body = this.take(this.int());
    const topic = this.take(magic === MAGIC_V2 ? this.short() : this.take(1)[0]!).toString('utf8');
    const properties = this.take(this.short()).toString('utf8');
    if (this.next - this.start !== size)
      throw new Error(`The fields of the record at ${position} do not fill it`);
    if ((crc32(body) & 0x7fffffff) !== bodyCrc)
      throw new Error(`The CRC of the body at ${position} is wrong`);
    return {
      ...{
        position,
        size,
        magic,
        queueId,
        flag,
        queueOffset,
        physicalOffset,
        sysFlag,
        bornTimestamp,
        bornHost,
      },
      ...{ storeTimestamp, storeHost, reconsumeTimes, preparedTransactionOffset, body, topic, properties },
    };
  }

  private take(length: number): Buffer {
    this.next += length;
    return this.bytes.subarray(this.next - length, this.next);
  }

  private short(): number {
    return this.take(2).readInt16BE();
  }

  private int(): number {
    return this.take(4).readInt32BE();
  }

  private long(): bigint {
    return this.take(8).readBigInt64BE();
  }

  private host(isIpv6: boolean): string {
    const address = this.take(isIpv6 ? 16 : 4).toString('hex');
    return `${address}:${this.int()}`;
  }
}

/** The digits of `__CRC32#` that a record must end with. */
export function recordChecksum(bytes: Buffer): string {
  const crc = crc32(bytes.subarray(0, -20)) & 0x7fffffff;
  return Array.from(String(crc).padStart(10, '0')).toReversed().join('');
}

/** Java's `String.hashCode`, by its definition. */
export function javaHash(text: string): number {
  let hash = 0n;
  for (let i = 0; i < text.length; i++) hash = hash * 31n + BigInt(text.charCodeAt(i));
  return Number(BigInt.asIntN(32, hash));
}
