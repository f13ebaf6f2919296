import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { plainToInstance } from 'class-transformer';
import { validate } from 'class-validator';
import { OrderMessage } from './order.js';

const MAX_LINE_LENGTH = 10_000;

/** One line of an import file: an order, or what is wrong with it. */
export type OrderLine =
  { readonly line: number; readonly order: OrderMessage } | { readonly line: number; readonly fault: string };

/** Reads orders from a stream of JSON lines. */
export async function* readOrderLines(input: Readable): AsyncIterableIterator<OrderLine> {
  let line = 0;
  for await (const text of createInterface({ input, crlfDelay: Infinity })) {
    line++;
    if (text.trim() !== '') yield { line, ...(await parseOrder(text)) };
  }
}

async function parseOrder(text: string): Promise<{ order: OrderMessage } | { fault: string }> {
  if (text.length > MAX_LINE_LENGTH) return { fault: `longer than ${MAX_LINE_LENGTH} characters` };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { fault: 'not JSON' };
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return { fault: 'not an object' };
  const order = plainToInstance(OrderMessage, json);
  const faults = await validate(order, { whitelist: true });
  if (faults.length === 0) return { order };
  return { fault: faults.flatMap(({ constraints }) => Object.values(constraints ?? {})).join('; ') };
}
