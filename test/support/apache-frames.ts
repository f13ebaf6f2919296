import { readFileSync } from 'node:fs';

/** A frame that Apache's software wrote, and what Java reads in it. */
export interface FrameVector {
  readonly code: number;
  readonly language: string;
  readonly version: number;
  readonly opaque: number;
  readonly flag: number;
  readonly remark: string | null;
  readonly serializeType: 'JSON' | 'ROCKETMQ';
  readonly extFields: Readonly<Record<string, string>> | null;
  readonly bodyLength: number;
  /** The bean that Java makes of the body; only of those that are one. */
  readonly body?: unknown;
  /** The whole frame, its length field included. */
  readonly hex: string;
}

export interface ExchangeVector {
  readonly from: 'client' | 'broker';
  readonly request: FrameVector;
  /** Null for a request that is not answered. */
  readonly response: FrameVector | null;
}

const read = (name: string) =>
  JSON.parse(
    readFileSync(new URL(`../vectors/frames/${name}.json`, import.meta.url), 'utf8'),
  ) as readonly ExchangeVector[];

export const apacheExchanges: readonly ExchangeVector[] = [...read('json'), ...read('rocketmq')];

/** The frame without its length field, as a cutter hands it out. */
export const frameBytes = ({ hex }: FrameVector): Buffer => Buffer.from(hex, 'hex').subarray(4);

/** Maps as objects and sets as lists, all lists in one order: Java's sets have none. */
export function comparable(value: unknown): unknown {
  if (value instanceof Map) return comparable(Object.fromEntries(value as Map<string, unknown>));
  if (value instanceof Set) return comparable([...value]);
  if (Buffer.isBuffer(value)) return value.toString();
  if (Array.isArray(value)) {
    const items = value.map((item) => comparable(item));
    return items.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, item]) => [name, comparable(item)] as const);
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
