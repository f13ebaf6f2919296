const MASK = (1n << 64n) - 1n;
const C1 = 0x87c37b91114253d5n;
const C2 = 0x4cf5ad432745937fn;
const BLOCK = 16;

/** The first 64 bits of MurmurHash3_x64_128 with seed 0, signed (Guava's `murmur3_128().hashBytes(…).asLong()`). */
export function murmur3(bytes: Buffer): bigint {
  let h1 = 0n;
  let h2 = 0n;
  const tail = bytes.length - (bytes.length % BLOCK);
  for (let i = 0; i < tail; i += BLOCK) {
    h1 ^= mixK1(bytes.readBigUInt64LE(i));
    h1 = wrap((rotate(h1, 27n) + h2) * 5n + 0x52dce729n);
    h2 ^= mixK2(bytes.readBigUInt64LE(i + 8));
    h2 = wrap(wrap(rotate(h2, 31n) + h1) * 5n + 0x38495ab5n);
  }
  const rest = Buffer.alloc(BLOCK);
  bytes.copy(rest, 0, tail);
  h1 ^= mixK1(rest.readBigUInt64LE(0)) ^ BigInt(bytes.length);
  h2 ^= mixK2(rest.readBigUInt64LE(8)) ^ BigInt(bytes.length);
  h1 = wrap(h1 + h2);
  h2 = wrap(h2 + h1);
  return BigInt.asIntN(64, wrap(finish(h1) + finish(h2)));
}

const wrap = (value: bigint) => value & MASK;
const rotate = (value: bigint, bits: bigint) => wrap((value << bits) | (value >> (64n - bits)));
const mixK1 = (k: bigint) => wrap(rotate(wrap(k * C1), 31n) * C2);
const mixK2 = (k: bigint) => wrap(rotate(wrap(k * C2), 33n) * C1);

function finish(hash: bigint): bigint {
  const first = wrap((hash ^ (hash >> 33n)) * 0xff51afd7ed558ccdn);
  const second = wrap((first ^ (first >> 33n)) * 0xc4ceb9fe1a85ec53n);
  return second ^ (second >> 33n);
}
