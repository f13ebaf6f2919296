import { networkInterfaces } from 'node:os';
import type { Clock } from './clock.js';
import { latin1Slice } from './buffer-text.js';
import { hexByte, hexInt32 } from './hex.js';

const ID_LENGTH = 32;
const COUNTER_DIGITS = 4;
const HEX = Buffer.from('0123456789ABCDEF', 'latin1');

/**
 * Makes the unique ids of a client's messages (MessageClientIDSetter): 32 hex digits of address, process, client,
 * milliseconds since the start of the month and a counter.
 */
export class MessageClientIdSetter {
  private readonly origin: string;
  private prefix = '';
  private monthStart = 0;
  private nextMonth = 0;
  private lastTime = -1;
  /** The newest id: the next one differs from it in its last digits. */
  private readonly digits = Buffer.alloc(ID_LENGTH);
  private counter: number;

  constructor(
    private readonly clock: Clock,
    private readonly random: () => number,
  ) {
    this.origin = localAddressHex() + hexByte(process.pid >>> 8) + hexByte(process.pid);
    this.counter = Math.floor(random() * 0x8000);
  }

  /** `now` is the time, for who has just asked for it. */
  createUniqId(now = this.clock.now()): string {
    if (now !== this.lastTime) this.setTime(now);
    this.counter = (this.counter + 1) & 0xffff;
    const { digits, counter } = this;
    for (let i = 1; i <= COUNTER_DIGITS; i++) digits[ID_LENGTH - i] = HEX[(counter >>> (4 * i - 4)) & 15]!;
    // One flat text: what is joined of several is made flat when it is written, which takes longer.
    return latin1Slice(digits, 0, ID_LENGTH);
  }

  private setTime(now: number): void {
    if (now >= this.nextMonth || now < this.lastTime) this.startAnew(now);
    this.lastTime = now;
    this.digits.write(this.prefix + hexInt32(now - this.monthStart), 'latin1');
  }

  /** The milliseconds of a month come again in the next, and when the clock was set back: ids of both differ before them. */
  private startAnew(now: number): void {
    // Java puts the hash of the class loader here, to tell two clients of one process apart.
    this.prefix = this.origin + hexInt32(Math.floor(this.random() * 0x1_0000_0000));
    const date = new Date(now);
    this.monthStart = new Date(date.getFullYear(), date.getMonth(), 1).getTime();
    this.nextMonth = new Date(date.getFullYear(), date.getMonth() + 1, 1).getTime();
  }
}

/** The first address of this machine that is not loopback, as eight hex digits. */
function localAddressHex(): string {
  return localIp()
    .split('.')
    .map((byte) => hexByte(Number(byte)))
    .join('');
}

/** The first IPv4 address of this machine that is not loopback, else 127.0.0.1. */
export function localIp(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find((entry) => entry.family === 'IPv4' && !entry.internal)?.address ?? '127.0.0.1';
}
