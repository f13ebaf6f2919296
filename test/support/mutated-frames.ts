import { apacheExchanges } from './apache-frames.js';
import type { SeededRandom } from './random.js';

/** Requests of Apache's clients and tools, whole frames. */
const originals = apacheExchanges
  .filter(({ from }) => from === 'client')
  .map(({ request }) => Buffer.from(request.hex, 'hex'));

const EXTREMES = [0, 1, -1, 0x7f, 0xff, 0x7fff, 0x7fffffff, -0x80000000, 0x1000000];

type Mutation = (frame: Buffer, random: SeededRandom) => Buffer;

const position = (frame: Buffer, random: SeededRandom): number => random.integer(4, frame.length - 1);

const mutations: readonly Mutation[] = [
  function flipBit(frame, random) {
    frame[position(frame, random)]! ^= 1 << random.integer(0, 7);
    return frame;
  },
  function setByte(frame, random) {
    frame[position(frame, random)] = random.integer(0, 255);
    return frame;
  },
  function setInteger(frame, random) {
    const at = Math.min(position(frame, random), frame.length - 4);
    if (at >= 4) frame.writeInt32BE(random.pick(EXTREMES) | 0, at);
    return frame;
  },
  function changeDigit(frame, random) {
    for (let at = position(frame, random); at < frame.length; at++) {
      if (frame[at]! < 0x30 || frame[at]! > 0x39) continue;
      frame[at] = 0x30 + random.integer(0, 9);
      break;
    }
    return frame;
  },
  function remove(frame, random) {
    const at = position(frame, random);
    return Buffer.concat([frame.subarray(0, at), frame.subarray(at + random.integer(1, 16))]);
  },
  function insert(frame, random) {
    const at = position(frame, random);
    return Buffer.concat([frame.subarray(0, at), random.bytes(random.integer(1, 16)), frame.subarray(at)]);
  },
  function repeat(frame, random) {
    const [at, length] = [position(frame, random), random.integer(1, 64)];
    return Buffer.concat([frame.subarray(0, at + length), frame.subarray(at)]);
  },
  function splice(frame, random) {
    const other = random.pick(originals);
    return Buffer.concat([
      frame.subarray(0, position(frame, random)),
      other.subarray(position(other, random)),
    ]);
  },
];

/** A request with faults. */
export const mutatedFrame = (random: SeededRandom): Buffer => mutated(random.pick(originals), random);

/** A frame with one to four faults. Its length is right, so that the frames behind it are read; one of 50 lies. */
export function mutated(original: Buffer, random: SeededRandom): Buffer {
  let frame: Buffer = Buffer.from(original);
  for (let count = random.integer(1, 4); count > 0; count--) frame = random.pick(mutations)(frame, random);
  if (frame.length < 8) frame = Buffer.concat([frame, random.bytes(8)]);
  frame.writeInt32BE(random.chance(0.02) ? random.pick(EXTREMES) | 0 : frame.length - 4, 0);
  return frame;
}
