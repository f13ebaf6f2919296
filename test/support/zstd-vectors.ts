import { readFileSync } from 'node:fs';

/** Frames that zstd-jni made of bodies that are made here again; see test/vectors/README.md. */
export interface ZstdVector {
  readonly name: string;
  readonly frames: Buffer;
  readonly body: Buffer;
}

interface StoredVector {
  readonly how: string;
  readonly level: number;
  readonly kind: string;
  readonly size: number;
  readonly base64: string;
}

const CUSTOMERS =
  'Anders Berg Conti Duval Engel Fischer Garcia Hansen Ivanov Jansen Keller Lopez Meyer Novak Olsen Peters';
const STATES = 'created paid packed sent delivered returned';

/** As in test/vectors/generate/ZstdFrames.java. */
class Numbers {
  private state = 42;

  below(end: number): number {
    this.state = (Math.imul(this.state, 1103515245) + 12345) & 0x7fffffff;
    return (this.state >>> 15) % end;
  }

  of(words: string): string {
    const all = words.split(' ');
    return all[this.below(all.length)]!;
  }
}

/** Lines of JSON as orders are. */
export function textOf(size: number): Buffer {
  const numbers = new Numbers();
  const lines: string[] = [];
  let text = '';
  while (text.length < size) {
    const again = lines.length >= 50 && numbers.below(16) > 0;
    lines.push(again ? lines[numbers.below(50)]! : lineOf(numbers));
    text += lines.at(-1)!;
  }
  return Buffer.from(text.slice(0, size));
}

function lineOf(numbers: Numbers): string {
  let line = `{"order":${numbers.below(10_000)},"customer":"${numbers.of(CUSTOMERS)}","state":"${numbers.of(STATES)}",`;
  line += '"currency":"EUR","express":false,"parts":[';
  for (let parts = numbers.below(5); parts > 0; parts--)
    line += `{"article":"A-${numbers.below(50)}","count":1},`;
  return `${line}]},\n`;
}

function randomOf(size: number): Buffer {
  const numbers = new Numbers();
  return Buffer.from(Array.from({ length: size }, () => numbers.below(256)));
}

function codesOf(size: number): Buffer {
  return Buffer.from(randomOf(size).map((byte) => ((byte & 15) * (byte >> 4) * 12) >> 8));
}

function piecesOf(size: number): Buffer {
  const bytes = randomOf(size);
  const numbers = new Numbers();
  let from = 0;
  for (let i = 2000; i < size; i++) {
    const separates = i % 10 === 0;
    if (i < 4000) from = i - 2000;
    else from = separates ? numbers.below(1900) : from + 1;
    bytes[i] = separates ? 0x7a : bytes[from]!;
  }
  return bytes;
}

function mixedOf(size: number): Buffer {
  const text = textOf(size);
  const random = randomOf(size);
  return Buffer.from(
    text.map((letter, i) => {
      const turn = Math.floor(i / 1000) % 40;
      if (turn === 0) return random[i]!;
      return turn < 4 ? letter : Math.floor(turn / 10);
    }),
  );
}

const BODIES: Readonly<Record<string, (size: number) => Buffer>> = {
  text: textOf,
  random: randomOf,
  codes: codesOf,
  pieces: piecesOf,
  mixed: mixedOf,
  zeros: (size) => Buffer.alloc(size),
};

const stored = JSON.parse(
  readFileSync(new URL('../vectors/zstd.json', import.meta.url), 'utf8'),
) as StoredVector[];

export const zstdVectors: readonly ZstdVector[] = stored.map(({ how, level, kind, size, base64 }) => ({
  name: `${size} bytes of ${kind}, level ${level}, ${how}`,
  frames: Buffer.from(base64, 'base64'),
  body: BODIES[kind]!(size),
}));
