import { Slab } from './slab.js';

/** Most bytes of one UTF-16 unit. */
export const MAX_UNIT_SIZE = 3;

/**
 * The native text methods of `Buffer`, which its type declaration leaves out. They skip the encoding switch of
 * `toString` and `write`, 30 to 40 ns a call, on paths that handle every message.
 */
interface NativeText {
  latin1Slice(start: number, end: number): string;
  utf8Slice(start: number, end: number): string;
  hexSlice(start: number, end: number): string;
  utf8Write(text: string, offset: number): number;
}

const native = (buffer: Buffer) => buffer as unknown as NativeText;

export const latin1Slice = (buffer: Buffer, start: number, end: number) =>
  native(buffer).latin1Slice(start, end);
export const utf8Slice = (buffer: Buffer, start: number, end: number) => native(buffer).utf8Slice(start, end);
export const hexSlice = (buffer: Buffer, start: number, end: number) => native(buffer).hexSlice(start, end);
export const utf8Write = (buffer: Buffer, text: string, offset: number) =>
  native(buffer).utf8Write(text, offset);

const slab = new Slab();

/** A text as UTF-8. Texts share allocations: half the time of `Buffer.from`. */
export function encodeUtf8(text: string): Buffer {
  const start = slab.reserve(text.length * MAX_UNIT_SIZE);
  return slab.take(start + utf8Write(slab.buffer, text, start));
}
