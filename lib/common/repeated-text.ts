import { utf8Slice } from './buffer-text.js';

/** Ids are longer than this, and do not come again. */
const MAX_LENGTH = 31;
const SLOTS = 1024;

const slots: string[] = Array.from({ length: SLOTS }, () => '');

/**
 * The text from `start` to `end`. Names of topics, groups and brokers come with every request, topics with every record, too: one that
 * came lately is found by its bytes, in a third of the time that a new string takes, which would have to be hashed again by who looks
 * it up.
 */
export function repeatedText(buffer: Buffer, start: number, end: number): string {
  if (end - start > MAX_LENGTH) return utf8Slice(buffer, start, end);
  let hash = end - start;
  for (let i = start; i < end; i++) hash = (hash * 31 + buffer[i]!) | 0;
  const slot = hash & (SLOTS - 1);
  const known = slots[slot]!;
  return isText(known, buffer, start, end) ? known : (slots[slot] = utf8Slice(buffer, start, end));
}

/** Only ASCII is compared: its bytes are its units. */
function isText(text: string, buffer: Buffer, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit !== buffer[start + i] || unit > 0x7f) return false;
  }
  return true;
}
