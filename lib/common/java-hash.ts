/** Java's `String.hashCode`: `31 * h + unit` over UTF-16 units, wrapping at 32 bits. `seed` continues an earlier hash. */
export function javaHashCode(text: string, seed = 0): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) {
    hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  }
  return hash;
}
